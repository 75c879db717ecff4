// seccomp(): what its operations take.
#include <array>

#include <linux/seccomp.h>

#include "model/syscalls/process/filter_program.hpp"
#include "model/syscalls/process/kinds.hpp"

namespace vdsotrace {
namespace {

constexpr std::array kSeccompModeValues{NAMED(SECCOMP_MODE_DISABLED), NAMED(SECCOMP_MODE_STRICT),
                                        NAMED(SECCOMP_MODE_FILTER)};

void print_seccomp_sizes(ArgContext& c) {
  using Sizes = std::array<std::uint16_t, 3>;
  print_object_at<Sizes>(c, c.value(), [&](const Sizes& sizes) {
    c.print("{{seccomp_notif={}, seccomp_notif_resp={}, seccomp_data={}}}", sizes[0], sizes[1], sizes[2]);
  });
}

void print_seccomp_action(ArgContext& c) {
  static constexpr std::array kActions{NAMED(SECCOMP_RET_KILL_PROCESS), NAMED(SECCOMP_RET_KILL_THREAD),
                                       NAMED(SECCOMP_RET_TRAP),         NAMED(SECCOMP_RET_ERRNO),
                                       NAMED(SECCOMP_RET_USER_NOTIF),   NAMED(SECCOMP_RET_TRACE),
                                       NAMED(SECCOMP_RET_LOG),          NAMED(SECCOMP_RET_ALLOW)};
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t action) {
    c.put("[");
    print_choice(c, action, kActions, "SECCOMP_RET_???");
    c.put("]");
  });
}

}  // namespace

const NameTable kSeccompModes{kSeccompModeValues, "SECCOMP_MODE_???"};

void print_seccomp_program_at(ArgContext& c, std::uint64_t address) {
  print_filter_program_at(c, address, FilterUse::calls);
}

void print_seccomp_flags_arg(ArgContext& c) {
  static constexpr std::array kBits{
      NAMED(SECCOMP_FILTER_FLAG_TSYNC),       NAMED(SECCOMP_FILTER_FLAG_LOG),
      NAMED(SECCOMP_FILTER_FLAG_SPEC_ALLOW),  NAMED(SECCOMP_FILTER_FLAG_NEW_LISTENER),
      NAMED(SECCOMP_FILTER_FLAG_TSYNC_ESRCH), NamedValue{1 << 5, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}};
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

}  // namespace vdsotrace
