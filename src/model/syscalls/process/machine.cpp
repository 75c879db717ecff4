#include "model/syscalls/process/machine.hpp"

#include <array>

#include <asm/ldt.h>

#include "model/syscalls/errno.hpp"

namespace vdsotrace {
namespace {

// include/uapi/linux/kexec.h
constexpr std::uint64_t kKexecArchitectureBits = 0xffff0000;
constexpr std::array kKexecArchitectures{
    NamedValue{0, "KEXEC_ARCH_DEFAULT"},        NamedValue{3u << 16, "KEXEC_ARCH_386"},
    NamedValue{4u << 16, "KEXEC_ARCH_68K"},     NamedValue{8u << 16, "KEXEC_ARCH_MIPS_LE"},
    NamedValue{10u << 16, "KEXEC_ARCH_MIPS"},   NamedValue{15u << 16, "KEXEC_ARCH_PARISC"},
    NamedValue{20u << 16, "KEXEC_ARCH_PPC"},    NamedValue{21u << 16, "KEXEC_ARCH_PPC64"},
    NamedValue{22u << 16, "KEXEC_ARCH_S390"},   NamedValue{40u << 16, "KEXEC_ARCH_ARM"},
    NamedValue{42u << 16, "KEXEC_ARCH_SH"},     NamedValue{50u << 16, "KEXEC_ARCH_IA_64"},
    NamedValue{62u << 16, "KEXEC_ARCH_X86_64"}, NamedValue{183u << 16, "KEXEC_ARCH_AARCH64"},
    NamedValue{243u << 16, "KEXEC_ARCH_RISCV"}};
constexpr std::array kKexecBits{NamedValue{1, "KEXEC_ON_CRASH"}, NamedValue{2, "KEXEC_PRESERVE_CONTEXT"}};

struct KexecSegment {
  std::uint64_t buffer;
  std::uint64_t buffer_size;
  std::uint64_t memory;
  std::uint64_t memory_size;
};

/// The kernel takes no more.
constexpr std::uint64_t kMostSegments = 16;

void print_kexec_segments(ArgContext& c) {
  const std::uint64_t count = c.arg(c.index() - 1);
  if (count > kMostSegments) {
    print_address(c, c.value());
    return;
  }
  print_array_at<KexecSegment>(c, c.value(), count, [&](const KexecSegment& segment) {
    c.put("{buf=");
    print_address(c, segment.buffer);
    c.print(", bufsz={}, mem=", segment.buffer_size);
    print_address(c, segment.memory);
    c.print(", memsz={}}}", segment.memory_size);
  });
}

void print_kexec_flags(ArgContext& c) {
  print_choice(c, c.value() & kKexecArchitectureBits, kKexecArchitectures, "KEXEC_ARCH_???");
  const std::uint64_t flags = c.value() & ~kKexecArchitectureBits;
  if (flags == 0) return;
  c.put("|");
  print_flags(c, flags, kKexecBits, "KEXEC_???");
}

void print_kexec_command_line(ArgContext& c) { print_buffer_at(c, c.value(), c.arg(c.index() - 1)); }

constexpr std::uint32_t kRebootRestart2 = 0xa1b2c3d4;
/// What the kernel reads of a message.
constexpr std::size_t kRebootMessageSize = 255;

void print_reboot_message(ArgContext& c) {
  if (static_cast<std::uint32_t>(c.arg(2)) == kRebootRestart2) print_string_at(c, c.value(), kRebootMessageSize);
}

/// struct __sysctl_args
struct SysctlArguments {
  std::uint64_t name;
  std::int32_t name_length;
  std::uint32_t padding;
  std::uint64_t old_value;
  std::uint64_t old_length;
  std::uint64_t new_value;
  std::uint64_t new_length;
};

void print_sysctl_arguments(ArgContext& c) {
  print_object_at<SysctlArguments>(c, c.value(), [&](const SysctlArguments& given) {
    c.put("{name=");
    print_address(c, given.name);
    c.print(", nlen={}, oldval=", given.name_length);
    print_address(c, given.old_value);
    c.put(", oldlenp=");
    print_address(c, given.old_length);
    c.put(", newval=");
    print_address(c, given.new_value);
    c.print(", newlen={}}}", given.new_length);
  });
}

void print_entry_number(ArgContext& c, std::uint32_t number) {
  c.put("{entry_number=");
  print_id(c, number);
}

/// As C's %#08x: no 0x before a zero.
void print_eight_digits(ArgContext& c, std::uint32_t value) {
  if (value == 0) {
    c.put("00000000");
  } else {
    c.print("{:#08x}", value);
  }
}

void print_segment(ArgContext& c, const user_desc& area) {
  print_entry_number(c, area.entry_number);
  c.put(", base_addr=");
  print_eight_digits(c, area.base_addr);
  c.put(", limit=");
  print_eight_digits(c, area.limit);
  c.print(", seg_32bit={}, contents={}, read_exec_only={}, limit_in_pages={}, seg_not_present={}, useable={}",
          unsigned{area.seg_32bit}, unsigned{area.contents}, unsigned{area.read_exec_only},
          unsigned{area.limit_in_pages}, unsigned{area.seg_not_present}, unsigned{area.useable});
  if (c.native_layout()) c.print(", lm={}", unsigned{area.lm});
  c.put("}");
}

/// Laid out alike in every ABI, but for the last bit.
std::optional<user_desc> segment_at(ArgContext& c, std::uint64_t address) {
  return address != 0 ? c.memory().object<user_desc>(address) : std::nullopt;
}

void print_thread_area(ArgContext& c) {
  if (const auto area = segment_at(c, c.value())) {
    print_segment(c, *area);
  } else {
    print_address(c, c.value());
  }
}

/// The number of the entry is given; a call that fails fills in no more.
void print_thread_area_asked(ArgContext& c) {
  const auto area = segment_at(c, c.value());
  const auto number = c.value() != 0 ? c.memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (area && !c.failed()) {
    print_segment(c, *area);
  } else if (number) {
    print_entry_number(c, *number);
    c.put(", ...}");
  } else {
    print_address(c, c.value());
  }
}

void print_ldt_entry(ArgContext& c) {
  if (c.arg(c.index() + 1) == sizeof(user_desc)) {
    print_thread_area(c);
  } else {
    print_address(c, c.value());
  }
}

}  // namespace

void comment_thread_area(ArgContext& c) {
  const auto before = c.entry_memory().object<user_desc>(c.arg(0));
  const auto after = c.memory().object<user_desc>(c.arg(0));
  if (before && after && before->entry_number == UINT32_MAX) c.print("(entry_number={})", after->entry_number);
}

void comment_narrow_error(ArgContext& c) {
  const std::int64_t result = c.call().result;
  const int error = result > INT32_MAX && result <= UINT32_MAX ? error_of(static_cast<std::int32_t>(result)) : 0;
  if (error != 0) c.print("{} ({})", errno_name(error), errno_text(error));
}

const ArgKind kKexecSegments{print_kexec_segments};
const ArgKind kKexecFlags{print_kexec_flags};
const ArgKind kKexecCommandLine{print_kexec_command_line};
const ArgKind kRebootMessage{print_reboot_message};
const ArgKind kSysctlArguments{print_sysctl_arguments};
const ArgKind kThreadArea{print_thread_area};
const ArgKind kThreadAreaAsked{print_thread_area_asked, When::exit};
const ArgKind kLdtEntry{print_ldt_entry};

}  // namespace vdsotrace
