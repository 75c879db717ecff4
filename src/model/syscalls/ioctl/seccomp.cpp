// What a supervisor that answers for others' system calls reads and writes (seccomp_unotify(2)).
#include <algorithm>
#include <array>
#include <utility>

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/errno.hpp"
#include "model/syscalls/files/kinds.hpp"
#include "model/syscalls/ioctl/kinds.hpp"

namespace vdsotrace {

// Without padding, whatever a 64-bit number is aligned to.
template <>
inline constexpr bool kSameLayout<seccomp_notif> = true;
template <>
inline constexpr bool kSameLayout<seccomp_notif_resp> = true;
template <>
inline constexpr bool kSameLayout<seccomp_notif_addfd> = true;

namespace {

constexpr std::array kMachines{NAMED(AUDIT_ARCH_X86_64), NAMED(AUDIT_ARCH_I386), NAMED(AUDIT_ARCH_AARCH64),
                               NAMED(AUDIT_ARCH_ARM)};
constexpr std::array kAnswerFlags{NAMED(SECCOMP_USER_NOTIF_FLAG_CONTINUE)};
constexpr std::array kAddFlags{NAMED(SECCOMP_ADDFD_FLAG_SETFD), NAMED(SECCOMP_ADDFD_FLAG_SEND)};

/// Numbers are named where the machine's ABI is one of ours.
void print_call_number(ArgContext& c, const seccomp_data& data) {
  const auto nr = static_cast<std::uint32_t>(data.nr);
  const bool wide = data.arch == AUDIT_ARCH_X86_64;
  const CallSpec* spec = wide                           ? spec_of(Abi::x86_64, nr)
                         : data.arch == AUDIT_ARCH_I386 ? spec_of(Abi::i386, nr)
                                                        : nullptr;
  const auto number = [&] { c.print("{}", nr); };
  if (spec == nullptr) {
    number();
  } else {
    print_meaning(c, number, [&] { c.print("__NR_{}", spec->name); });
  }
}

void print_notification(ArgContext& c, const seccomp_notif& notification) {
  c.put("{id=");
  print_hex(c, notification.id);
  c.put(", pid=");
  print_process(c, static_cast<pid_t>(notification.pid), ProcessKind::thread);
  c.put(", flags=");
  print_hex(c, notification.flags);
  c.put(", data={nr=");
  print_call_number(c, notification.data);
  c.put(", arch=");
  print_choice(c, notification.data.arch, kMachines, "AUDIT_ARCH_???");
  c.put(", instruction_pointer=");
  print_address(c, notification.data.instruction_pointer);
  std::string_view before = ", args=[";
  for (const std::uint64_t argument : notification.data.args) {
    c.put(std::exchange(before, ", "));
    print_hex(c, argument);
  }
  c.put("]}}");
}

bool is_empty(const seccomp_notif& notification) {
  const auto bytes = std::as_bytes(std::span(&notification, 1));
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// The kernel wants it empty; what else is in it is shown, too.
void print_received(ArgContext& c) {
  const auto before = c.value() != 0 ? c.entry_memory().object<seccomp_notif>(c.value()) : std::nullopt;
  if (c.wait_for_exit()) return;
  if (before && !is_empty(*before)) {
    print_notification(c, *before);
    c.put(" => ");
  }
  print_object_at<seccomp_notif>(c, c.value(), [&](const seccomp_notif& got) { print_notification(c, got); });
}

void print_sent(ArgContext& c) {
  print_object_at<seccomp_notif_resp>(c, c.value(), [&](const seccomp_notif_resp& answer) {
    c.put("{id=");
    print_hex(c, answer.id);
    c.print(", val={}, error=", answer.val);
    const std::string_view name = answer.error < 0 ? errno_name(-answer.error) : std::string_view();
    const auto number = [&] { c.print("{}", answer.error); };
    if (name.empty()) {
      number();
    } else {
      print_meaning(c, number, [&] { c.print("-{}", name); });
    }
    c.put(", flags=");
    print_flags(c, answer.flags, kAnswerFlags, "SECCOMP_USER_NOTIF_FLAG_???");
    c.put("}");
  });
}

void print_added(ArgContext& c) {
  print_object_at<seccomp_notif_addfd>(c, c.value(), [&](const seccomp_notif_addfd& added) {
    c.put("{id=");
    print_hex(c, added.id);
    c.put(", flags=");
    print_flags(c, added.flags, kAddFlags, "SECCOMP_ADDFD_FLAG_???");
    c.put(", srcfd=");
    print_fd(c, static_cast<std::int32_t>(added.srcfd));
    c.print(", newfd={}, newfd_flags=", static_cast<std::int32_t>(added.newfd));
    print_flags(c, added.newfd_flags, kOpenBits, "O_???");
    c.put("}");
  });
}

void print_id_at(ArgContext& c) {
  print_object_at<std::uint64_t>(c, c.value(), [&](std::uint64_t id) {
    c.put("[");
    print_hex(c, id);
    c.put("]");
  });
}

/// Before Linux 5.17 the direction of this one was wrong.
constexpr std::uint32_t kIdValidWrongDirection = SECCOMP_IOR(2, std::uint64_t);

constexpr IoctlPrinter kSeccompPrinters[] = {
    {SECCOMP_IOCTL_NOTIF_RECV, print_received},  {SECCOMP_IOCTL_NOTIF_SEND, print_sent},
    {SECCOMP_IOCTL_NOTIF_ID_VALID, print_id_at}, {kIdValidWrongDirection, print_id_at},
    {SECCOMP_IOCTL_NOTIF_ADDFD, print_added},
};

}  // namespace

std::span<const IoctlPrinter> seccomp_ioctls() { return kSeccompPrinters; }

}  // namespace vdsotrace
