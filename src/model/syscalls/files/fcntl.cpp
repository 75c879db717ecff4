// fcntl(): its third argument and its result are what the command says.
#include <algorithm>
#include <array>

#include <fcntl.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/files/kinds.hpp"
#include "model/syscalls/signals/signals.hpp"

namespace vdsotrace {
namespace {

// Commands that glibc's fcntl.h does not name (include/uapi/asm-generic/fcntl.h).
constexpr std::uint32_t kGetOwnerUids = 17;

constexpr std::array kLockTypes{NAMED(F_RDLCK), NAMED(F_WRLCK), NAMED(F_UNLCK), NAMED(F_EXLCK), NAMED(F_SHLCK)};
constexpr std::array kWhences{NAMED(SEEK_SET), NAMED(SEEK_CUR), NAMED(SEEK_END), NAMED(SEEK_DATA), NAMED(SEEK_HOLE)};
constexpr std::array kNotifyBits{NAMED(DN_ACCESS), NAMED(DN_MODIFY), NAMED(DN_CREATE),   NAMED(DN_DELETE),
                                 NAMED(DN_RENAME), NAMED(DN_ATTRIB), NAMED(DN_MULTISHOT)};
constexpr std::array kSeals{NAMED(F_SEAL_SEAL), NAMED(F_SEAL_SHRINK), NAMED(F_SEAL_GROW), NAMED(F_SEAL_WRITE),
                            NAMED(F_SEAL_FUTURE_WRITE)};
constexpr std::array kFdFlags{NAMED(FD_CLOEXEC)};
constexpr std::array kOwnerTypes{NAMED(F_OWNER_TID), NAMED(F_OWNER_PID), NAMED(F_OWNER_PGRP)};

void print_lock(ArgContext& c, bool with_pid) {
  print_object_at<struct flock>(c, c.value(), [&](const struct flock& lock) {
    c.put("{l_type=");
    print_choice(c, static_cast<std::uint16_t>(lock.l_type), kLockTypes, "F_???");
    c.put(", l_whence=");
    print_choice(c, static_cast<std::uint16_t>(lock.l_whence), kWhences, "SEEK_???");
    c.print(", l_start={}, l_len={}", lock.l_start, lock.l_len);
    if (with_pid) {
      c.put(", l_pid=");
      print_process(c, lock.l_pid, ProcessKind::process);
    }
    c.put("}");
  });
}

void print_owner(ArgContext& c) {
  print_object_at<f_owner_ex>(c, c.value(), [&](const f_owner_ex& owner) {
    c.put("{type=");
    print_choice(c, static_cast<std::uint32_t>(owner.type), kOwnerTypes, "F_OWNER_???");
    c.print(", pid={}", owner.pid);
    if (owner.type == F_OWNER_TID) print_process_facts(c, owner.pid, ProcessKind::thread);
    if (owner.type == F_OWNER_PID) print_process_facts(c, owner.pid, ProcessKind::process);
    if (owner.type == F_OWNER_PGRP) print_process_facts(c, owner.pid, ProcessKind::group);
    c.put("}");
  });
}

void set_lock(ArgContext& c) { print_lock(c, false); }
void get_lock(ArgContext& c) {
  if (!c.wait_for_exit()) print_lock(c, true);
}
void get_owner(ArgContext& c) {
  if (!c.wait_for_exit()) print_owner(c);
}
void open_flags(ArgContext& c) { print_open_flags(c, c.as_uint()); }
void fd_flags(ArgContext& c) { print_flags(c, c.as_uint(), kFdFlags, "FD_???"); }
void notify_bits(ArgContext& c) { print_flags(c, c.value(), kNotifyBits, "DN_???"); }
void seals(ArgContext& c) { print_flags(c, c.value(), kSeals, "F_SEAL_???"); }
void lease(ArgContext& c) { print_choice(c, c.value(), kLockTypes, "F_???"); }
void nothing(ArgContext&) {}

void flags_result(ArgContext& c) {
  result_hex(c);
  c.put(" (flags ");
  print_names_only(c, [&] { print_open_flags(c, static_cast<std::uint64_t>(c.call().result)); });
  c.put(")");
}
void fd_flags_result(ArgContext& c) {
  result_hex(c);
  if (c.call().result == 0) return;
  c.put(" (flags ");
  print_flags(c, static_cast<std::uint64_t>(c.call().result), kFdFlags, "FD_???");
  c.put(")");
}
void lease_result(ArgContext& c) {
  result_hex(c);
  c.put(" (");
  print_names_only(c, [&] { print_choice(c, static_cast<std::uint64_t>(c.call().result), kLockTypes, "F_???"); });
  c.put(")");
}
void seals_result(ArgContext& c) {
  result_hex(c);
  if (c.call().result == 0) return;
  c.put(" (seals ");
  print_flags(c, static_cast<std::uint64_t>(c.call().result), kSeals, "F_SEAL_???");
  c.put(")");
}
void owner_result(ArgContext& c) { print_process_or_group(c, static_cast<pid_t>(c.call().result)); }
void signal_result(ArgContext& c) {
  c.print("{}", c.call().result);
  if (c.call().result != 0) {
    c.print(" ({})", signal_name(static_cast<int>(c.call().result)));
  }
}

struct Command {
  std::uint32_t value;
  std::string_view name;
  Printer argument;          ///< null: hexadecimal
  Printer result = nullptr;  ///< null: decimal
};
#define COMMAND(constant) static_cast<std::uint32_t>(constant), #constant

constexpr std::array kCommands{
    Command{COMMAND(F_DUPFD), print_int_arg, result_fd},
    Command{COMMAND(F_GETFD), nothing, fd_flags_result},
    Command{COMMAND(F_SETFD), fd_flags},
    Command{COMMAND(F_GETFL), nothing, flags_result},
    Command{COMMAND(F_SETFL), open_flags},
    Command{COMMAND(F_GETLK), get_lock},
    Command{COMMAND(F_SETLK), set_lock},
    Command{COMMAND(F_SETLKW), set_lock},
    Command{COMMAND(F_SETOWN), print_process_or_group_arg},
    Command{COMMAND(F_GETOWN), nothing, owner_result},
    Command{COMMAND(F_SETSIG), print_signal_arg},
    Command{COMMAND(F_GETSIG), nothing, signal_result},
    Command{COMMAND(F_SETOWN_EX), print_owner},
    Command{COMMAND(F_GETOWN_EX), get_owner},
    Command{kGetOwnerUids, "F_GETOWNER_UIDS", nullptr},
    Command{COMMAND(F_OFD_GETLK), get_lock},
    Command{COMMAND(F_OFD_SETLK), set_lock},
    Command{COMMAND(F_OFD_SETLKW), set_lock},
    Command{COMMAND(F_SETLEASE), lease},
    Command{COMMAND(F_GETLEASE), nothing, lease_result},
    Command{COMMAND(F_NOTIFY), notify_bits},
    Command{COMMAND(F_DUPFD_CLOEXEC), print_int_arg, result_fd},
    Command{COMMAND(F_SETPIPE_SZ), print_long_arg},
    Command{COMMAND(F_GETPIPE_SZ), nothing},
    Command{COMMAND(F_ADD_SEALS), seals},
    Command{COMMAND(F_GET_SEALS), nothing, seals_result},
};

const Command* command_of(ArgContext& c) {
  const auto value = static_cast<std::uint32_t>(c.arg(1));
  const auto* found =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& known) { return known.value == value; });
  return found == kCommands.end() ? nullptr : found;
}

}  // namespace

void print_fcntl_command_arg(ArgContext& c) {
  if (const Command* command = command_of(c)) {
    print_constant(c, command->value, command->name);
  } else {
    print_choice(c, c.as_uint(), {}, "F_???");
  }
}

void print_fcntl_value_arg(ArgContext& c) {
  const Command* command = command_of(c);
  if (command != nullptr && command->argument != nullptr) {
    command->argument(c);
  } else {
    print_hex(c, c.value());
  }
}

void result_fcntl(ArgContext& c) {
  const Command* command = command_of(c);
  if (command != nullptr && command->result != nullptr) {
    command->result(c);
  } else {
    c.print("{}", c.call().result);
  }
}

}  // namespace vdsotrace
