// Everything else: keys, modules, BPF, the machine as a whole, and calls that only old programs make.
#include <linux/kcmp.h>

#include "model/syscalls/files/quota.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/process/bpf.hpp"
#include "model/syscalls/process/io_priority.hpp"
#include "model/syscalls/process/keys.hpp"
#include "model/syscalls/process/landlock.hpp"
#include "model/syscalls/process/machine.hpp"
#include "model/syscalls/process/perf_event.hpp"
#include "model/syscalls/tables.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

/// The tracer puts the number of the call that goes on there (trace/calls/system_calls).
constexpr ArgKind kInterruptedCall{[](ArgContext& c) {
  const CallSpec* spec = spec_of(c.call().abi, static_cast<std::int64_t>(c.value()));
  c.print("<... resuming interrupted {} ...>", spec != nullptr ? spec->name : "system call");
}};

constexpr NamedValue kDeleteModuleFlagsNames[] = {
    {0x800, "O_NONBLOCK"}, {0x200, "O_TRUNC"}};
constexpr NameTable kDeleteModuleFlags{kDeleteModuleFlagsNames, "O_???"};

constexpr NamedValue kModuleInitFlagsNames[] = {
    {1, "MODULE_INIT_IGNORE_MODVERSIONS"}, {2, "MODULE_INIT_IGNORE_VERMAGIC"},
    {4, "MODULE_INIT_COMPRESSED_FILE"}};
constexpr NameTable kModuleInitFlags{kModuleInitFlagsNames, "MODULE_INIT_???"};

constexpr NamedValue kIoprioWhoNames[] = {
    {1, "IOPRIO_WHO_PROCESS"}, {2, "IOPRIO_WHO_PGRP"}, {3, "IOPRIO_WHO_USER"}};
constexpr NameTable kIoprioWho{kIoprioWhoNames, "IOPRIO_WHO_???"};

constexpr NamedValue kKcmpTypeNames[] = {
    {0, "KCMP_FILE"}, {1, "KCMP_VM"}, {2, "KCMP_FILES"}, {3, "KCMP_FS"}, {4, "KCMP_SIGHAND"},
    {5, "KCMP_IO"}, {6, "KCMP_SYSVSEM"}, {7, "KCMP_EPOLL_TFD"}};
constexpr NameTable kKcmpTypes{kKcmpTypeNames, "KCMP_???"};

constexpr NamedValue kKexecFileFlagsNames[] = {
    {1, "KEXEC_FILE_UNLOAD"}, {2, "KEXEC_FILE_ON_CRASH"}, {4, "KEXEC_FILE_NO_INITRAMFS"}};
constexpr NameTable kKexecFileFlags{kKexecFileFlagsNames, "KEXEC_FILE_???"};

constexpr NamedValue kLandlockRulesNames[] = {
    {1, "LANDLOCK_RULE_PATH_BENEATH"}};
constexpr NameTable kLandlockRules{kLandlockRulesNames, "LANDLOCK_RULE_???"};

constexpr NamedValue kLandlockCreateFlagsNames[] = {
    {1, "LANDLOCK_CREATE_RULESET_VERSION"}};
constexpr NameTable kLandlockCreateFlags{kLandlockCreateFlagsNames, "LANDLOCK_CREATE_RULESET_???"};

constexpr NamedValue kPerfFlagsNames[] = {
    {1, "PERF_FLAG_FD_NO_GROUP"}, {2, "PERF_FLAG_FD_OUTPUT"}, {4, "PERF_FLAG_PID_CGROUP"},
    {8, "PERF_FLAG_FD_CLOEXEC"}};
constexpr NameTable kPerfFlags{kPerfFlagsNames, "PERF_FLAG_???"};

constexpr NamedValue kRebootMagicsNames[] = {
    {0xfee1dead, "LINUX_REBOOT_MAGIC1"}, {0x28121969, "LINUX_REBOOT_MAGIC2"},
    {0x5121996, "LINUX_REBOOT_MAGIC2A"}, {0x16041998, "LINUX_REBOOT_MAGIC2B"},
    {0x20112000, "LINUX_REBOOT_MAGIC2C"}};
constexpr NameTable kRebootMagics{kRebootMagicsNames, "LINUX_REBOOT_MAGIC_???"};

constexpr NamedValue kRebootCommandNames[] = {
    {0x1234567, "LINUX_REBOOT_CMD_RESTART"}, {0xcdef0123, "LINUX_REBOOT_CMD_HALT"},
    {0, "LINUX_REBOOT_CMD_CAD_OFF"}, {0x89abcdef, "LINUX_REBOOT_CMD_CAD_ON"},
    {0x4321fedc, "LINUX_REBOOT_CMD_POWER_OFF"}, {0xa1b2c3d4, "LINUX_REBOOT_CMD_RESTART2"},
    {0xd000fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"}, {0x45584543, "LINUX_REBOOT_CMD_KEXEC"}};
constexpr NameTable kRebootCommands{kRebootCommandNames, "LINUX_REBOOT_CMD_???"};

constexpr NamedValue kUserfaultFlagsNames[] = {
    {1, "UFFD_USER_MODE_ONLY"}, {0x800, "O_NONBLOCK"}, {0x80000, "O_CLOEXEC"}};
constexpr NameTable kUserfaultFlags{kUserfaultFlagsNames, "UFFD_???"};

constexpr NamedValue kSyslogActions[] = {
    {0, "SYSLOG_ACTION_CLOSE"}, {1, "SYSLOG_ACTION_OPEN"}, {2, "SYSLOG_ACTION_READ"},
    {3, "SYSLOG_ACTION_READ_ALL"}, {4, "SYSLOG_ACTION_READ_CLEAR"}, {5, "SYSLOG_ACTION_CLEAR"},
    {6, "SYSLOG_ACTION_CONSOLE_OFF"}, {7, "SYSLOG_ACTION_CONSOLE_ON"},
    {8, "SYSLOG_ACTION_CONSOLE_LEVEL"}, {9, "SYSLOG_ACTION_SIZE_UNREAD"},
    {10, "SYSLOG_ACTION_SIZE_BUFFER"}};

constexpr NamedValue kLogLevels[] = {
    {0, "LOGLEVEL_EMERG"}, {1, "LOGLEVEL_ALERT"}, {2, "LOGLEVEL_CRIT"}, {3, "LOGLEVEL_ERR"},
    {4, "LOGLEVEL_WARNING"}, {5, "LOGLEVEL_NOTICE"}, {6, "LOGLEVEL_INFO"}, {7, "LOGLEVEL_DEBUG"},
    {8, "LOGLEVEL_DEBUG+1"}};

/// The class within has the style of other constants, although it stands in a comment.
void print_io_priority_arg(ArgContext& c) {
  const ConstantStyle style = c.constants();
  if (style != ConstantStyle::abbrev) c.put_number(c.as_int());
  if (style == ConstantStyle::raw) return;
  if (style == ConstantStyle::verbose) c.put(" /* ");
  print_io_priority(c, c.as_uint());
  if (style == ConstantStyle::verbose) c.put(" */");
}

/// The number, and what it means as a remark.
void result_io_priority(ArgContext& c) {
  c.put_number(c.call().result);
  if (c.constants() == ConstantStyle::raw) return;
  c.put(" (");
  print_io_priority(c, static_cast<std::uint32_t>(c.call().result));
  c.put(")");
}

/// A longer one is refused unread (sethostname(2)).
constexpr ArgKind kIoprioWhose{[](ArgContext& c) {
  constexpr std::uint32_t kProcess = 1, kGroup = 2;  // linux/ioprio.h
  print_process_of_type(c, kProcess, kGroup);
}};

constexpr ArgKind kHostName{[](ArgContext& c) {
  constexpr std::uint32_t kMost = 64;  // __NEW_UTS_LEN
  const auto size = static_cast<std::uint32_t>(c.arg(c.index() + 1));
  if (size > kMost) {
    print_address(c, c.value());
  } else {
    print_buffer_at(c, c.value(), size);
  }
}};

/// kcmp compares file descriptors only under some types.
void print_compared(ArgContext& c) {
  constexpr std::uint32_t kFiles = 0;
  constexpr std::uint32_t kEpollTarget = 7;
  const auto type = static_cast<std::uint32_t>(c.arg(2));
  if (type == kFiles || (type == kEpollTarget && c.index() == 3)) {
    c.print("{}", c.as_int());
  } else if (type == kEpollTarget) {
    print_object_at<kcmp_epoll_slot>(c, c.value(), [&](const kcmp_epoll_slot& slot) {
      c.print("{{efd={}, tfd={}, toff={}}}", static_cast<std::int32_t>(slot.efd), static_cast<std::int32_t>(slot.tfd),
              slot.toff);
    });
  } else if (type > kEpollTarget) {
    print_hex(c, c.value());
  }
}

void print_numbered(ArgContext& c, std::span<const NamedValue> names, std::string_view unknown) {
  c.print("{} /* ", c.as_int());
  std::string_view found = unknown;
  for (const NamedValue& known : names) {
    if (known.value == c.as_uint()) found = known.name;
  }
  c.print("{} */", found);
}

void print_syslog_action(ArgContext& c) {
  print_numbered(c, kSyslogActions, "SYSLOG_ACTION_???");
}

/// Actions of syslog that neither take nor fill a buffer.
bool is_bare_syslog_action(std::uint32_t action) {
  return action <= 1 || (action >= 5 && action <= 7) || action == 9 || action == 10;
}

/// Actions 2 to 4 read messages into the buffer.
bool reads_messages(std::uint32_t action) { return action >= 2 && action <= 4; }

void print_syslog_buffer(ArgContext& c) {
  const auto action = static_cast<std::uint32_t>(c.arg(0));
  if (is_bare_syslog_action(action)) return;
  if (!reads_messages(action)) {
    print_address(c, c.value());
  } else if (!c.wait_for_exit()) {
    print_result_buffer_arg(c);
  }
}

void print_syslog_size(ArgContext& c) {
  const auto action = static_cast<std::uint32_t>(c.arg(0));
  if (is_bare_syslog_action(action)) return;
  if (action == 8) {
    print_numbered(c, kLogLevels, "LOGLEVEL_???");
  } else {
    c.print("{}", c.as_int());
  }
}

constexpr ArgKind kIoPriority{print_io_priority_arg};
constexpr ArgKind kCompared{print_compared};
constexpr ArgKind kSyslogAction{print_syslog_action};
constexpr ArgKind kSyslogBuffer{print_syslog_buffer, When::either};
constexpr ArgKind kSyslogSize{print_syslog_size};

constexpr CallSpec kCalls[] = {
    // Keys.
    {"add_key", 5, 0, {&kString, &kString, &kKeyPayload, &kSize, &kKeySerial}},
    {"request_key", 4, 0, {&kString, &kString, &kString, &kKeySerial}},
    {"keyctl", 5, 0, {&kKeyctlOperation, &kKeyctlArg, &kKeyctlArg, &kKeyctlArg, &kKeyctlArg}},

    // Kernel modules, another kernel, BPF.
    {"init_module", 3, 0, {&kPointer, &kSize, &kString}},
    {"finit_module", 3, kDesc, {&kFd, &kString, &kFlags<kModuleInitFlags>}},
    {"delete_module", 2, 0, {&kString, &kFlags<kDeleteModuleFlags>}},
    {"create_module", 2, 0, {}},
    {"query_module", 5, 0, {}},
    {"get_kernel_syms", 1, 0, {}},
    {"kexec_load", 4, 0, {&kPointer, &kSize, &kKexecSegments, &kKexecFlags}},
    {"kexec_file_load", 5, kDesc, {&kFd, &kFd, &kSize, &kKexecCommandLine, &kLongFlags<kKexecFileFlags>}},
    {"bpf", 3, kDesc, {&kBpfCommand, &kBpfAttributes, &kUnsigned}, result_bpf},
    {"perf_event_open", 5, kDesc, {&kPerfEventAttributes, &kPid, &kInt, &kFd, &kLongFlags<kPerfFlags>}, result_fd},

    // The machine as a whole.
    {"reboot", 4, 0,
     {&kChoice<kRebootMagics>, &kChoice<kRebootMagics>, &kChoice<kRebootCommands>,
      &kRebootMessage}},
    {"sethostname", 2, 0, {&kHostName, &kUnsigned}},
    {"setdomainname", 2, 0, {&kHostName, &kUnsigned}},
    {"syslog", 3, 0, {&kSyslogAction, &kSyslogBuffer, &kSyslogSize}},
    {"vhangup", 0, 0, {}},
    {"quotactl", 4, kFile, {&kQuotaCommand, &kPath, &kQuotaId, &kQuotaValue}},
    {"quotactl_fd", 4, kDesc, {&kFd, &kQuotaCommand, &kQuotaId, &kQuotaValue}, nullptr, nullptr, 443},
    {"ioprio_get", 2, 0, {&kChoice<kIoprioWho>, &kIoprioWhose}, result_io_priority},
    {"ioprio_set", 3, 0, {&kChoice<kIoprioWho>, &kIoprioWhose, &kIoPriority}},
    {"lookup_dcookie", 3, 0, {&kUnsignedLong, &kStringOut, &kSize}},

    // Processors.
    {"iopl", 1, 0, {&kInt}},
    {"ioperm", 3, 0, {&kHex, &kHex, &kInt}},
    {"modify_ldt", 3, 0, {&kInt, &kLdtEntry, &kSize}, nullptr, comment_narrow_error},
    {"get_thread_area", 1, 0, {&kThreadAreaAsked}},
    {"set_thread_area", 1, 0, {&kThreadArea}, nullptr, comment_thread_area},
    {"vm86", 5, 0, {}},
    {"vm86old", 1, 0, {}},

    {"uretprobe", 0, 0, {}, nullptr, nullptr, 335},
    {"uprobe", 0, 0, {}, nullptr, nullptr, 336},

    // Looking at and restricting processes.
    {"kcmp", 5, 0, {&kPid, &kPid, &kChoice<kKcmpTypes>, &kCompared, &kCompared}},
    {"userfaultfd", 1, kDesc, {&kFlags<kUserfaultFlags>}, result_fd},
    {"landlock_create_ruleset", 3, kDesc, {&kLandlockRuleset, &kSize, &kFlags<kLandlockCreateFlags>},
     result_landlock_ruleset, nullptr, 444},
    {"landlock_add_rule", 4, kDesc, {&kFd, &kChoice<kLandlockRules>, &kLandlockRule, &kHex32}, nullptr,
     nullptr, 445},
    {"landlock_restrict_self", 2, kDesc, {&kFd, &kHex32}, nullptr, nullptr, 446},
    {"lsm_get_self_attr", 4, 0, {&kUnsigned, &kPointerOut, &kPointerOut, &kHex32}, nullptr,
     nullptr, 459},
    {"lsm_set_self_attr", 4, 0, {&kUnsigned, &kPointer, &kUnsigned, &kHex32}, nullptr, nullptr,
     460},
    {"lsm_list_modules", 3, 0, {&kPointerOut, &kPointerOut, &kHex32}, nullptr, nullptr, 461},

    // Several calls under one number (i386).
    {"socketcall", 2, kDesc, {&kInt, &kPointer}},
    {"ipc", 6, kIpc, {&kHex32}},

    // What the kernel makes a thread call to go on with a sleep or poll that a stop cut short.
    {"restart_syscall", 1, 0, {&kInterruptedCall}},

    // Numbers whose calls are gone or never were.
    {"_sysctl", 1, 0, {&kSysctlArguments}},
    {"afs_syscall", 5, 0, {}},
    {"bdflush", 2, 0, {}},
    {"break", 0, kMemory, {}},
    {"ftime", 0, 0, {}},
    {"getpmsg", 5, kNetwork, {}},
    {"gtty", 2, 0, {}},
    {"idle", 0, 0, {}},
    {"lock", 0, 0, {}},
    {"mpx", 0, 0, {}},
    {"nfsservctl", 3, 0, {}},
    {"prof", 0, 0, {}},
    {"profil", 4, 0, {}},
    {"putpmsg", 5, kNetwork, {}},
    {"security", 3, 0, {}},
    {"stty", 2, 0, {}},
    {"tuxcall", 3, 0, {}},
    {"ulimit", 2, 0, {}},
    {"vserver", 5, 0, {}},
};

}  // namespace

std::span<const CallSpec> misc_calls() { return kCalls; }

}  // namespace vdsotrace
