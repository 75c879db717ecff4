#include "model/syscalls/kinds_process.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include <asm/prctl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

namespace vdsotrace {
namespace {

void print_limit_value(ArgContext& c, std::uint64_t limit) {
  constexpr std::uint64_t kKilo = 1024;
  if (limit == UINT64_MAX) {
    c.put("RLIM64_INFINITY");
  } else if (limit > kKilo && limit % kKilo == 0) {
    c.print("{}*1024", limit / kKilo);
  } else {
    c.print("{}", limit);
  }
}

/// "[0 1]": the numbers of the bits set in `size` bytes at the argument.
void print_cpu_set(ArgContext& c, std::uint64_t size) {
  constexpr std::uint64_t kMostBytes = 1024;  // the kernel has at most 8192 processors
  std::vector<std::byte> set(static_cast<std::size_t>(std::min(size, kMostBytes)));
  if (c.value() == 0 || c.memory().read(c.value(), set) != set.size()) {
    print_address(c, c.value());
    return;
  }
  std::string_view separator = "[";
  for (std::size_t cpu = 0; cpu < set.size() * 8; ++cpu) {
    if (((static_cast<unsigned>(set[cpu / 8]) >> (cpu % 8)) & 1) == 0) continue;
    c.print("{}{}", separator, cpu);
    separator = " ";
  }
  c.put(separator == "[" ? "[]" : "]");
}

/// struct sched_attr (include/uapi/linux/sched/types.h), which glibc 2.36 does not have.
struct SchedAttr {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;
  std::uint64_t deadline;
  std::uint64_t period;
  std::uint32_t util_min;
  std::uint32_t util_max;
};
constexpr std::uint64_t kFirstSchedAttr = 48;
constexpr std::uint64_t kKeepPolicy = 0x08;
constexpr std::uint64_t kKeepParams = 0x10;
constexpr std::uint64_t kClampMin = 0x20;
constexpr std::uint64_t kClampMax = 0x40;
constexpr std::array kSchedFlags{NamedValue{0x01, "SCHED_FLAG_RESET_ON_FORK"},
                                 NamedValue{0x02, "SCHED_FLAG_RECLAIM"},
                                 NamedValue{0x04, "SCHED_FLAG_DL_OVERRUN"},
                                 NamedValue{kKeepPolicy, "SCHED_FLAG_KEEP_POLICY"},
                                 NamedValue{kKeepParams, "SCHED_FLAG_KEEP_PARAMS"},
                                 NamedValue{kClampMin, "SCHED_FLAG_UTIL_CLAMP_MIN"},
                                 NamedValue{kClampMax, "SCHED_FLAG_UTIL_CLAMP_MAX"}};

struct SchedAttrParts {
  bool policy = true;
  bool params = true;
  bool util_min = true;
  bool util_max = true;
};

void print_sched_attr(ArgContext& c, const SchedAttr& attr, SchedAttrParts parts) {
  c.print("{{size={}", attr.size);
  if (parts.policy) {
    c.put(", sched_policy=");
    print_choice(c, attr.policy, kSchedulers.values, kSchedulers.unknown);
  }
  c.put(", sched_flags=");
  print_flags(c, attr.flags, kSchedFlags, "SCHED_FLAG_???");
  if (parts.params) {
    c.print(
        ", sched_nice={}, sched_priority={}, sched_runtime={}, sched_deadline={}, "
        "sched_period={}",
        attr.nice, attr.priority, attr.runtime, attr.deadline, attr.period);
  }
  if (parts.util_min) c.print(", sched_util_min={}", attr.util_min);
  if (parts.util_max) c.print(", sched_util_max={}", attr.util_max);
  c.put("}");
}

/// As much of the structure as a program of its time knew; the rest is zero.
std::optional<SchedAttr> sched_attr_at(ArgContext& c, std::uint64_t size) {
  SchedAttr attr{};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, sizeof attr));
  const auto bytes = std::as_writable_bytes(std::span(&attr, 1)).first(wanted);
  if (c.value() == 0 || wanted < kFirstSchedAttr || (c.exiting() && c.failed()) ||
      c.memory().read(c.value(), bytes) != wanted) {
    return std::nullopt;
  }
  return attr;
}

void print_group_list(ArgContext& c, std::uint64_t count) {
  print_array_at<std::uint32_t>(c, c.value(), count, [&](std::uint32_t id) { c.print("{}", id); });
}

constexpr std::array<std::string_view, 41> kCapabilities{"CAP_CHOWN",
                                                         "CAP_DAC_OVERRIDE",
                                                         "CAP_DAC_READ_SEARCH",
                                                         "CAP_FOWNER",
                                                         "CAP_FSETID",
                                                         "CAP_KILL",
                                                         "CAP_SETGID",
                                                         "CAP_SETUID",
                                                         "CAP_SETPCAP",
                                                         "CAP_LINUX_IMMUTABLE",
                                                         "CAP_NET_BIND_SERVICE",
                                                         "CAP_NET_BROADCAST",
                                                         "CAP_NET_ADMIN",
                                                         "CAP_NET_RAW",
                                                         "CAP_IPC_LOCK",
                                                         "CAP_IPC_OWNER",
                                                         "CAP_SYS_MODULE",
                                                         "CAP_SYS_RAWIO",
                                                         "CAP_SYS_CHROOT",
                                                         "CAP_SYS_PTRACE",
                                                         "CAP_SYS_PACCT",
                                                         "CAP_SYS_ADMIN",
                                                         "CAP_SYS_BOOT",
                                                         "CAP_SYS_NICE",
                                                         "CAP_SYS_RESOURCE",
                                                         "CAP_SYS_TIME",
                                                         "CAP_SYS_TTY_CONFIG",
                                                         "CAP_MKNOD",
                                                         "CAP_LEASE",
                                                         "CAP_AUDIT_WRITE",
                                                         "CAP_AUDIT_CONTROL",
                                                         "CAP_SETFCAP",
                                                         "CAP_MAC_OVERRIDE",
                                                         "CAP_MAC_ADMIN",
                                                         "CAP_SYSLOG",
                                                         "CAP_WAKE_ALARM",
                                                         "CAP_BLOCK_SUSPEND",
                                                         "CAP_AUDIT_READ",
                                                         "CAP_PERFMON",
                                                         "CAP_BPF",
                                                         "CAP_CHECKPOINT_RESTORE"};

constexpr std::array kCapVersions{NAMED(_LINUX_CAPABILITY_VERSION_1),
                                  NAMED(_LINUX_CAPABILITY_VERSION_2),
                                  NAMED(_LINUX_CAPABILITY_VERSION_3)};

void print_capability_set(ArgContext& c, std::uint64_t set) {
  if (set == 0) c.put("0");
  for (bool first = true; set != 0; set &= set - 1, first = false) {
    const auto bit = static_cast<std::size_t>(std::countr_zero(set));
    if (bit >= kCapabilities.size()) {
      if (!first) c.put("|");
      print_hex(c, set);
      if (first) c.put(" /* CAP_??? */");
      return;
    }
    c.print("{}1<<{}", first ? "" : "|", kCapabilities[bit]);
  }
}

using CapHeader = std::array<std::uint32_t, 2>;  // version, pid
struct CapData {
  std::uint32_t effective;
  std::uint32_t permitted;
  std::uint32_t inheritable;
};

std::uint64_t wide(std::uint32_t high, std::uint32_t low) {
  return (std::uint64_t{high} << 32) | low;
}

void print_personality(ArgContext& c, std::uint32_t value) {
  static constexpr std::array kTypes{NAMED(PER_LINUX),
                                     NamedValue{0x01, "PER_SVR4"},
                                     NamedValue{0x02, "PER_SVR3"},
                                     NamedValue{0x03, "PER_SCOSVR3"},
                                     NamedValue{0x04, "PER_WYSEV386"},
                                     NamedValue{0x05, "PER_ISCR4"},
                                     NamedValue{0x06, "PER_BSD"},
                                     NamedValue{0x07, "PER_XENIX"},
                                     NamedValue{0x08, "PER_LINUX32"},
                                     NamedValue{0x09, "PER_IRIX32"},
                                     NamedValue{0x0a, "PER_IRIXN32"},
                                     NamedValue{0x0b, "PER_IRIX64"},
                                     NamedValue{0x0c, "PER_RISCOS"},
                                     NamedValue{0x0d, "PER_SOLARIS"},
                                     NamedValue{0x0e, "PER_UW7"},
                                     NamedValue{0x0f, "PER_OSF4"},
                                     NamedValue{0x10, "PER_HPUX"}};
  static constexpr std::array kBits{
      NAMED(UNAME26),          NAMED(ADDR_NO_RANDOMIZE),  NAMED(FDPIC_FUNCPTRS),
      NAMED(MMAP_PAGE_ZERO),   NAMED(ADDR_COMPAT_LAYOUT), NAMED(READ_IMPLIES_EXEC),
      NAMED(ADDR_LIMIT_32BIT), NAMED(SHORT_INODE),        NAMED(WHOLE_SECONDS),
      NAMED(STICKY_TIMEOUTS),  NAMED(ADDR_LIMIT_3GB)};
  constexpr std::uint32_t kTypeMask = 0xff;
  print_choice(c, value & kTypeMask, kTypes, "PER_???");
  if (const std::uint32_t bits = value & ~kTypeMask) {
    c.put("|");
    print_flags(c, bits, kBits, "");
  }
}

constexpr std::array kSchedulerValues{NAMED(SCHED_OTHER),   NAMED(SCHED_FIFO), NAMED(SCHED_RR),
                                      NAMED(SCHED_BATCH),   NAMED(SCHED_ISO),  NAMED(SCHED_IDLE),
                                      NAMED(SCHED_DEADLINE)};
constexpr std::array kSeccompModeValues{NAMED(SECCOMP_MODE_DISABLED), NAMED(SECCOMP_MODE_STRICT),
                                        NAMED(SECCOMP_MODE_FILTER)};

void print_seccomp_sizes(ArgContext& c) {
  using Sizes = std::array<std::uint16_t, 3>;
  print_object_at<Sizes>(c, c.value(), [&](const Sizes& sizes) {
    c.print("{{seccomp_notif={}, seccomp_notif_resp={}, seccomp_data={}}}", sizes[0], sizes[1],
            sizes[2]);
  });
}

void print_seccomp_action(ArgContext& c) {
  static constexpr std::array kActions{
      NAMED(SECCOMP_RET_KILL_PROCESS), NAMED(SECCOMP_RET_KILL_THREAD), NAMED(SECCOMP_RET_TRAP),
      NAMED(SECCOMP_RET_ERRNO),        NAMED(SECCOMP_RET_USER_NOTIF),  NAMED(SECCOMP_RET_TRACE),
      NAMED(SECCOMP_RET_LOG),          NAMED(SECCOMP_RET_ALLOW)};
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t action) {
    c.put("[");
    print_choice(c, action, kActions, "SECCOMP_RET_???");
    c.put("]");
  });
}

}  // namespace

const NameTable kSchedulers{kSchedulerValues, "SCHED_???"};
const NameTable kSeccompModes{kSeccompModeValues, "SECCOMP_MODE_???"};

void print_limit_arg(ArgContext& c) {
  using Limits = std::array<std::uint64_t, 2>;
  print_object_at<Limits>(c, c.value(), [&](const Limits& limits) {
    c.put("{rlim_cur=");
    print_limit_value(c, limits[0]);
    c.put(", rlim_max=");
    print_limit_value(c, limits[1]);
    c.put("}");
  });
}

void print_utsname_arg(ArgContext& c) {
  print_object_at<utsname>(c, c.value(), [&](const utsname& names) {
    const auto quoted = [&](std::string_view name, const auto& text) {
      const auto bytes = std::as_bytes(std::span(text));
      const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0});
      c.put(name);
      append_quoted(c.out(), bytes.first(static_cast<std::size_t>(end - bytes.begin())),
                    bytes.size());
    };
    quoted("{sysname=", names.sysname);
    quoted(", nodename=", names.nodename);
    c.put(", ...}");
  });
}

void print_sysinfo_arg(ArgContext& c) {
  print_object_at<struct sysinfo>(c, c.value(), [&](const struct sysinfo& info) {
    c.print(
        "{{uptime={}, loads=[{}, {}, {}], totalram={}, freeram={}, sharedram={}, "
        "bufferram={}, totalswap={}, freeswap={}, procs={}, totalhigh={}, freehigh={}, "
        "mem_unit={}}}",
        info.uptime, info.loads[0], info.loads[1], info.loads[2], info.totalram, info.freeram,
        info.sharedram, info.bufferram, info.totalswap, info.freeswap, info.procs, info.totalhigh,
        info.freehigh, info.mem_unit);
  });
}

void print_affinity_arg(ArgContext& c) {
  print_cpu_set(c, static_cast<std::uint32_t>(c.arg(c.index() - 1)));
}

void print_affinity_out_arg(ArgContext& c) {
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_cpu_set(c, static_cast<std::uint64_t>(c.call().result));
  }
}

void print_sched_param_arg(ArgContext& c) { print_int_at_arg(c); }

void print_sched_attr_arg(ArgContext& c) {
  const auto size = c.value() != 0 ? c.memory().object<std::uint32_t>(c.value()) : std::nullopt;
  const std::uint64_t known = size && *size != 0 ? *size : kFirstSchedAttr;
  const auto attr = sched_attr_at(c, known);
  if (!attr) {
    print_address(c, c.value());
    return;
  }
  const bool clamps = known >= sizeof(SchedAttr);
  print_sched_attr(c, *attr,
                   {.policy = (attr->flags & kKeepPolicy) == 0,
                    .params = (attr->flags & kKeepParams) == 0,
                    .util_min = clamps && (attr->flags & kClampMin) != 0,
                    .util_max = clamps && (attr->flags & kClampMax) != 0});
}

void print_sched_attr_out_arg(ArgContext& c) {
  const auto attr = sched_attr_at(c, static_cast<std::uint32_t>(c.arg(c.index() + 1)));
  if (!attr) {
    print_address(c, c.value());
    return;
  }
  const bool clamps = attr->size >= sizeof(SchedAttr);
  print_sched_attr(c, *attr, {.util_min = clamps, .util_max = clamps});
}

void print_groups_arg(ArgContext& c) {
  constexpr std::int32_t kMostGroups = 65536;
  const auto count = static_cast<std::int32_t>(c.arg(c.index() - 1));
  if (count < 0 || count > kMostGroups) {
    print_address(c, c.value());
  } else {
    print_group_list(c, static_cast<std::uint64_t>(count));
  }
}

void print_groups_out_arg(ArgContext& c) {
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_group_list(c, static_cast<std::uint64_t>(c.call().result));
  }
}

void print_id_at_arg(ArgContext& c) {
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t id) { c.print("[{}]", id); });
}

void print_cap_header_arg(ArgContext& c) {
  print_object_at<CapHeader>(c, c.value(), [&](const CapHeader& header) {
    c.put("{version=");
    print_choice(c, header[0], kCapVersions, "_LINUX_CAPABILITY_VERSION_???");
    c.print(", pid={}}}", static_cast<std::int32_t>(header[1]));
  });
}

void print_cap_data_arg(ArgContext& c) {
  const auto header = c.arg(0) != 0 ? c.entry_memory().object<CapHeader>(c.arg(0)) : std::nullopt;
  const bool narrow = header && (*header)[0] == _LINUX_CAPABILITY_VERSION_1;
  std::array<CapData, 2> data{};
  const auto bytes =
      std::as_writable_bytes(std::span(data)).first(narrow ? sizeof(CapData) : sizeof data);
  if (c.value() == 0 || (c.exiting() && c.failed()) ||
      c.memory().read(c.value(), bytes) != bytes.size()) {
    print_address(c, c.value());
    return;
  }
  c.put("{effective=");
  print_capability_set(c, wide(data[1].effective, data[0].effective));
  c.put(", permitted=");
  print_capability_set(c, wide(data[1].permitted, data[0].permitted));
  c.put(", inheritable=");
  print_capability_set(c, wide(data[1].inheritable, data[0].inheritable));
  c.put("}");
}

void print_capability(ArgContext& c, std::uint64_t number) {
  if (number < kCapabilities.size()) {
    c.put(kCapabilities[static_cast<std::size_t>(number)]);
  } else {
    print_choice(c, number, {}, "CAP_???");
  }
}

void print_personality_arg(ArgContext& c) {
  if (c.as_uint() == UINT32_MAX) {
    print_hex(c, c.as_uint());
  } else {
    print_personality(c, c.as_uint());
  }
}

void result_personality(ArgContext& c) {
  result_hex(c);
  c.put(" (");
  print_personality(c, static_cast<std::uint32_t>(c.call().result));
  c.put(")");
}

void print_address_at_arg(ArgContext& c) {
  print_object_at<std::uint64_t>(c, c.value(), [&](std::uint64_t address) {
    c.put("[");
    print_address(c, address);
    c.put("]");
  });
}

void print_arch_prctl_value_arg(ArgContext& c) {
  constexpr std::uint32_t kGetXcompSupp = 0x1021;
  constexpr std::uint32_t kGetXcompPerm = 0x1022;
  switch (static_cast<std::uint32_t>(c.arg(0))) {
    case ARCH_GET_FS:
    case ARCH_GET_GS:
      if (!c.wait_for_exit()) print_address_at_arg(c);
      break;
    case kGetXcompSupp:
    case kGetXcompPerm:
      if (!c.wait_for_exit()) print_xstate_arg(c);
      break;
    case ARCH_GET_CPUID: break;
    case ARCH_SET_FS:
    case ARCH_SET_GS: print_address(c, c.value()); break;
    default: print_hex(c, c.value());
  }
}

void print_xstate_arg(ArgContext& c) {
  // arch/x86/include/asm/fpu/types.h
  static constexpr std::array kFeatures{
      NamedValue{0x3, "XFEATURE_MASK_FPSSE"},     NamedValue{0x1, "XFEATURE_MASK_FP"},
      NamedValue{0x2, "XFEATURE_MASK_SSE"},       NamedValue{0x4, "XFEATURE_MASK_YMM"},
      NamedValue{0x8, "XFEATURE_MASK_BNDREGS"},   NamedValue{0x10, "XFEATURE_MASK_BNDCSR"},
      NamedValue{0x20, "XFEATURE_MASK_OPMASK"},   NamedValue{0x40, "XFEATURE_MASK_ZMM_Hi256"},
      NamedValue{0x80, "XFEATURE_MASK_Hi16_ZMM"}, NamedValue{0x100, "XFEATURE_MASK_PT"},
      NamedValue{0x200, "XFEATURE_MASK_PKRU"},    NamedValue{0x60000, "XFEATURE_MASK_XTILE"}};
  print_object_at<std::uint64_t>(c, c.value(), [&](std::uint64_t features) {
    c.put("[");
    print_hex(c, features);
    if (features != 0) {
      c.put(" /* ");
      print_flags(c, features, kFeatures, "XFEATURE_MASK_???");
      c.put(" */");
    }
    c.put("]");
  });
}

void print_seccomp_program_at(ArgContext& c, std::uint64_t address) {
  struct Program {
    std::uint16_t length;
    std::uint64_t filter;
  };
  print_object_at<Program>(c, address, [&](const Program& program) {
    c.print("{{len={}, filter=", program.length);
    print_address(c, program.filter);
    c.put("}");
  });
}

void print_seccomp_flags_arg(ArgContext& c) {
  static constexpr std::array kBits{NAMED(SECCOMP_FILTER_FLAG_TSYNC),
                                    NAMED(SECCOMP_FILTER_FLAG_LOG),
                                    NAMED(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
                                    NAMED(SECCOMP_FILTER_FLAG_NEW_LISTENER),
                                    NAMED(SECCOMP_FILTER_FLAG_TSYNC_ESRCH),
                                    NamedValue{1 << 5, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}};
  if (static_cast<std::uint32_t>(c.arg(0)) == SECCOMP_SET_MODE_FILTER) {
    print_flags(c, c.as_uint(), kBits, "SECCOMP_FILTER_FLAG_???");
  } else {
    print_hex(c, c.as_uint());
  }
}

void print_seccomp_value_arg(ArgContext& c) {
  switch (static_cast<std::uint32_t>(c.arg(0))) {
    case SECCOMP_SET_MODE_STRICT: print_address(c, c.value()); break;
    case SECCOMP_SET_MODE_FILTER: print_seccomp_program_at(c, c.value()); break;
    case SECCOMP_GET_ACTION_AVAIL: print_seccomp_action(c); break;
    case SECCOMP_GET_NOTIF_SIZES:
      if (!c.wait_for_exit()) print_seccomp_sizes(c);
      break;
    default: print_hex(c, c.value());
  }
}

void comment_policy(ArgContext& c) {
  c.put("(");
  print_choice(c, static_cast<std::uint64_t>(c.call().result), kSchedulers.values,
               kSchedulers.unknown);
  c.put(")");
}

}  // namespace vdsotrace
