#include "model/syscalls/process/kinds.hpp"

#include <algorithm>
#include <array>

#include <asm/prctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

namespace vdsotrace {
namespace {

void print_limit_value(ArgContext& c, std::uint64_t limit, std::string_view infinity) {
  constexpr std::uint64_t kKilo = 1024;
  const auto number = [&] { c.put_number(limit); };
  if (limit == UINT64_MAX) {
    print_meaning(c, number, [&] { c.put(infinity); });
  } else if (limit > kKilo && limit % kKilo == 0) {
    print_meaning(c, number, [&] { c.print("{}*1024", limit / kKilo); });
  } else {
    number();
  }
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
  static constexpr std::array kBits{NAMED(UNAME26),          NAMED(ADDR_NO_RANDOMIZE),  NAMED(FDPIC_FUNCPTRS),
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

}  // namespace

template <>
inline constexpr bool kSameLayout<utsname> = true;
template <>
inline constexpr bool kSameLayout<rlimit64> = true;
/// i386's own; infinity is all ones in either.
template <>
struct NarrowLayout<rlimit> {
  struct Bytes {
    std::uint32_t current;
    std::uint32_t most;
  };
  static rlimit widen(const Bytes& bytes) { return {widen(bytes.current), widen(bytes.most)}; }
  static rlim_t widen(std::uint32_t value) { return value == UINT32_MAX ? RLIM_INFINITY : value; }
};

void print_limit_arg(ArgContext& c) {
  const bool wide = c.call().abi != Abi::i386 || c.call().name == "prlimit64";
  const auto print = [&](const auto& limits) {
    const std::string_view infinity = wide ? "RLIM64_INFINITY" : "RLIM_INFINITY";
    c.put("{rlim_cur=");
    print_limit_value(c, limits.rlim_cur, infinity);
    c.put(", rlim_max=");
    print_limit_value(c, limits.rlim_max, infinity);
    c.put("}");
  };
  if (wide) {
    print_object_at<rlimit64>(c, c.value(), print);
  } else {
    print_object_at<rlimit>(c, c.value(), print);
  }
}

void print_utsname_arg(ArgContext& c) {
  print_object_at<utsname>(c, c.value(), [&](const utsname& names) {
    const auto quoted = [&](std::string_view name, const auto& text) {
      const auto bytes = std::as_bytes(std::span(text));
      const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0});
      c.put(name);
      print_quoted(c, bytes.first(static_cast<std::size_t>(end - bytes.begin())), bytes.size());
    };
    quoted("{sysname=", names.sysname);
    quoted(", nodename=", names.nodename);
    if (c.abbreviated()) {
      c.put(", ...}");
      return;
    }
    quoted(", release=", names.release);
    quoted(", version=", names.version);
    quoted(", machine=", names.machine);
    quoted(", domainname=", names.domainname);
    c.put("}");
  });
}

/// As every array it is cut by -s.
void print_loads(ArgContext& c, std::span<const unsigned long> loads) {
  c.put("[");
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (i != 0) c.put(", ");
    if (c.abbreviated() && i >= c.limits().string) {
      c.put("...");
      break;
    }
    c.put_number(loads[i]);
  }
  c.put("]");
}

void print_sysinfo_arg(ArgContext& c) {
  print_object_at<struct sysinfo>(c, c.value(), [&](const struct sysinfo& info) {
    c.print("{{uptime={}, loads=", info.uptime);
    print_loads(c, info.loads);
    c.print(
        ", totalram={}, freeram={}, sharedram={}, "
        "bufferram={}, totalswap={}, freeswap={}, procs={}, totalhigh={}, freehigh={}, "
        "mem_unit={}}}",
        info.totalram, info.freeram, info.sharedram, info.bufferram, info.totalswap, info.freeswap, info.procs,
        info.totalhigh, info.freehigh, info.mem_unit);
  });
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

namespace {

// arch/x86/include/asm/fpu/types.h
constexpr std::array kStateMasks{
    NamedValue{0x3, "XFEATURE_MASK_FPSSE"},         NamedValue{0x1, "XFEATURE_MASK_FP"},
    NamedValue{0x2, "XFEATURE_MASK_SSE"},           NamedValue{0x4, "XFEATURE_MASK_YMM"},
    NamedValue{0x8, "XFEATURE_MASK_BNDREGS"},       NamedValue{0x10, "XFEATURE_MASK_BNDCSR"},
    NamedValue{0xe0, "XFEATURE_MASK_AVX512"},       NamedValue{0x20, "XFEATURE_MASK_OPMASK"},
    NamedValue{0x40, "XFEATURE_MASK_ZMM_Hi256"},    NamedValue{0x80, "XFEATURE_MASK_Hi16_ZMM"},
    NamedValue{0x100, "XFEATURE_MASK_PT"},          NamedValue{0x200, "XFEATURE_MASK_PKRU"},
    NamedValue{0x400, "XFEATURE_MASK_PASID"},       NamedValue{0x8000, "XFEATURE_MASK_LBR"},
    NamedValue{0x60000, "XFEATURE_MASK_XTILE"},     NamedValue{0x20000, "XFEATURE_MASK_XTILE_CFG"},
    NamedValue{0x40000, "XFEATURE_MASK_XTILE_DATA"}};
constexpr std::array kStates{NamedValue{0, "XFEATURE_FP"},
                             NamedValue{1, "XFEATURE_SSE"},
                             NamedValue{2, "XFEATURE_YMM"},
                             NamedValue{3, "XFEATURE_BNDREGS"},
                             NamedValue{4, "XFEATURE_BNDCSR"},
                             NamedValue{5, "XFEATURE_OPMASK"},
                             NamedValue{6, "XFEATURE_ZMM_Hi256"},
                             NamedValue{7, "XFEATURE_Hi16_ZMM"},
                             NamedValue{8, "XFEATURE_PT_UNIMPLEMENTED_SO_FAR"},
                             NamedValue{9, "XFEATURE_PKRU"},
                             NamedValue{10, "XFEATURE_PASID"},
                             NamedValue{15, "XFEATURE_LBR"},
                             NamedValue{17, "XFEATURE_XTILE_CFG"},
                             NamedValue{18, "XFEATURE_XTILE_DATA"}};

enum class StateRequest : std::uint8_t { none, masks, state };

/// Linux 5.16: newer than the C library's header.
StateRequest state_request(const ArgContext& c) {
  switch (static_cast<std::uint32_t>(c.arg(0))) {
    case 0x1021:
    case 0x1022:
    case 0x1024: return StateRequest::masks;
    case 0x1023:
    case 0x1025: return StateRequest::state;
    default: return StateRequest::none;
  }
}

/// No header has these names: strace shows them as a remark.
template <class Print>
void print_remarked(ArgContext& c, std::uint64_t value, Print&& print) {
  print_hex(c, value);
  if (c.constants() == ConstantStyle::raw) return;
  c.put(" /* ");
  print_names_only(c, print);
  c.put(" */");
}

bool names_any_state(std::uint64_t masks) {
  return std::ranges::any_of(kStateMasks, [&](const NamedValue& one) { return (masks & one.value) != 0; });
}

void print_state_masks(ArgContext& c, std::uint64_t masks) {
  if (masks == 0) {
    c.put("0");
  } else if (names_any_state(masks)) {
    print_remarked(c, masks, [&] { print_flags(c, masks, kStateMasks, ""); });
  } else {
    print_remarked(c, masks, [&] { c.put("XFEATURE_MASK_???"); });
  }
}

void print_state_masks_at(ArgContext& c) {
  if (c.wait_for_exit()) return;
  print_object_at<std::uint64_t>(c, c.value(), [&](std::uint64_t masks) {
    c.put("[");
    print_state_masks(c, masks);
    c.put("]");
  });
}

void print_state(ArgContext& c) {
  const auto* known = std::ranges::find(kStates, c.value(), &NamedValue::value);
  print_remarked(c, c.value(), [&] { c.put(known != kStates.end() ? known->name : "XFEATURE_???"); });
}

}  // namespace

void print_arch_prctl_value_arg(ArgContext& c) {
  const StateRequest states = state_request(c);
  if (states == StateRequest::masks) {
    print_state_masks_at(c);
  } else if (states == StateRequest::state) {
    print_state(c);
  } else if (const auto option = static_cast<std::uint32_t>(c.arg(0)); option == ARCH_GET_FS || option == ARCH_GET_GS) {
    if (!c.wait_for_exit()) print_address_at_arg(c);
  } else if (option != ARCH_GET_CPUID) {
    print_hex(c, c.value());
  }
}

void result_arch_prctl(ArgContext& c) {
  const auto result = static_cast<std::uint64_t>(c.call().result);
  if (state_request(c) != StateRequest::state || c.call().result <= 0) {
    c.print("{}", c.call().result);
    return;
  }
  print_hex(c, result);
  if (c.constants() == ConstantStyle::raw || !names_any_state(result)) return;
  c.put(" (");
  print_names_only(c, [&] { print_flags(c, result, kStateMasks, ""); });
  c.put(")");
}

}  // namespace vdsotrace
