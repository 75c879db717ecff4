// Groups and capabilities.
#include <array>
#include <bit>

#include <linux/capability.h>

#include "model/syscalls/process/kinds.hpp"

namespace vdsotrace {
namespace {

/// i386's first calls, those without "32", have ids of 16 bits.
bool has_short_ids(const ArgContext& c) { return c.call().abi == Abi::i386 && !c.call().name.ends_with("32"); }

void print_group_list(ArgContext& c, std::uint64_t count) {
  const auto print = [&](std::uint32_t id) { print_id(c, id); };
  if (has_short_ids(c)) {
    print_array_at<std::uint16_t>(c, c.value(), count, print);
  } else {
    print_array_at<std::uint32_t>(c, c.value(), count, print);
  }
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

constexpr std::array kCapVersions{NAMED(_LINUX_CAPABILITY_VERSION_1), NAMED(_LINUX_CAPABILITY_VERSION_2),
                                  NAMED(_LINUX_CAPABILITY_VERSION_3)};

void print_capability_names(ArgContext& c, std::uint64_t set) {
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

void print_capability_set(ArgContext& c, std::uint64_t set) {
  if (set == 0) {
    c.put("0");
  } else {
    print_meaning_of(c, set, [&] { print_capability_names(c, set); });
  }
}

using CapHeader = std::array<std::uint32_t, 2>;  // version, pid
struct CapData {
  std::uint32_t effective;
  std::uint32_t permitted;
  std::uint32_t inheritable;
};

std::uint64_t wide(std::uint32_t high, std::uint32_t low) { return (std::uint64_t{high} << 32) | low; }

}  // namespace

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
  const auto room = static_cast<std::uint32_t>(c.arg(c.index() - 1));
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_group_list(c, c.filled(room));
  }
}

void print_id_at_arg(ArgContext& c) {
  const auto print = [&](std::uint32_t id) { c.print("[{}]", id); };
  if (has_short_ids(c)) {
    print_object_at<std::uint16_t>(c, c.value(), print);
  } else {
    print_object_at<std::uint32_t>(c, c.value(), print);
  }
}

void print_cap_header_arg(ArgContext& c) {
  print_object_at<CapHeader>(c, c.value(), [&](const CapHeader& header) {
    c.put("{version=");
    print_choice(c, header[0], kCapVersions, "_LINUX_CAPABILITY_VERSION_???");
    c.put(", pid=");
    print_process(c, static_cast<pid_t>(header[1]), ProcessKind::process);
    c.put("}");
  });
}

void print_cap_data_arg(ArgContext& c) {
  const auto header = c.arg(0) != 0 ? c.entry_memory().object<CapHeader>(c.arg(0)) : std::nullopt;
  const bool narrow = header && (*header)[0] == _LINUX_CAPABILITY_VERSION_1;
  std::array<CapData, 2> data{};
  const auto bytes = std::as_writable_bytes(std::span(data)).first(narrow ? sizeof(CapData) : sizeof data);
  // Without a header nothing says how many sets there are.
  if (!header || c.value() == 0 || (c.exiting() && c.failed()) || c.memory().read(c.value(), bytes) != bytes.size()) {
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
    print_constant(c, number, kCapabilities[static_cast<std::size_t>(number)]);
  } else {
    print_choice(c, number, {}, "CAP_???");
  }
}

}  // namespace vdsotrace
