// Clocks, timers and sleeping; and the other two services that a vDSO offers: getcpu, getrandom.
#include <algorithm>
#include <vector>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/tables.hpp"
#include "model/syscalls/time/kinds.hpp"
#include "model/syscalls/time/values.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr NamedValue kTimerFlagNames[] = {{1, "TIMER_ABSTIME"}};
constexpr NameTable kTimerFlags{kTimerFlagNames, "TIMER_???"};

constexpr NamedValue kTimerfdFlagNames[] = {{0x1, "TFD_TIMER_ABSTIME"},
                                            {0x2, "TFD_TIMER_CANCEL_ON_SET"},
                                            {0x80000, "TFD_CLOEXEC"},
                                            {0x800, "TFD_NONBLOCK"}};
constexpr NameTable kTimerfdFlags{kTimerfdFlagNames, "TFD_???"};

constexpr NamedValue kItimerNames[] = {
    {0, "ITIMER_REAL"}, {1, "ITIMER_VIRTUAL"}, {2, "ITIMER_PROF"}};
constexpr NameTable kItimers{kItimerNames, "ITIMER_???"};

constexpr NamedValue kRandomFlagNames[] = {
    {1, "GRND_NONBLOCK"}, {2, "GRND_RANDOM"}, {4, "GRND_INSECURE"}};
constexpr NameTable kRandomFlags{kRandomFlagNames, "GRND_???"};

/// What a sleep that a signal cut short still had before it; the kernel writes it
/// in no other case.
void print_time_left(ArgContext& c) {
  const bool cut_short = is_restart(c.call().error) && c.value() != 0;
  const auto left = cut_short ? read_object<timespec>(c, c.value()) : std::nullopt;
  if (left) {
    print_timespec(c, *left);
  } else {
    print_address(c, c.value());
  }
}

/// An absolute sleep has no remaining time to report.
void print_clock_time_left(ArgContext& c) {
  if (c.arg(1) == 0) {
    print_time_left(c);
  } else {
    print_address(c, c.value());
  }
}

/// Random bytes, each as \x1f.
void print_random_bytes(ArgContext& c) {
  const auto size = c.filled(c.arg(1));
  const auto shown = static_cast<std::size_t>(std::min<std::uint64_t>(size, c.limits().string));
  std::vector<std::byte> bytes(std::min<std::size_t>(shown, 1u << 20));
  if (c.failed() || c.value() == 0 || c.text_memory().read(c.value(), bytes) != bytes.size()) {
    print_address(c, c.value());
    return;
  }
  c.put("\"");
  for (const std::byte byte : bytes) c.print("\\x{:02x}", static_cast<unsigned>(byte));
  c.put(bytes.size() < size ? "\"..." : "\"");
}

constexpr ArgKind kTimeLeft{print_time_left, When::exit};
constexpr ArgKind kClockTimeLeft{print_clock_time_left, When::exit};
constexpr ArgKind kRandomBytes{print_random_bytes, When::exit};
constexpr const ArgKind* kTimer = &kInt;

constexpr CallSpec kCalls[] = {
    {"time", 1, kClock, {&kTimeAtOut}, nullptr, comment_date},
    {"stime", 1, 0, {&kIntAt}},
    {"gettimeofday", 2, kClock, {&kTimevalAtOut, &kTimezoneOut}},
    {"settimeofday", 2, kClock, {&kTimevalAt, &kTimezone}},
    {"adjtimex", 1, kClock, {&kTimexAtOut}, nullptr, comment_clock_state},
    {"times", 1, 0, {&kTmsAtOut}},
    {"alarm", 1, 0, {&kUnsigned}},
    {"getcpu", 3, 0, {&kUnsignedAtOut, &kUnsignedAtOut, &kPointerOut}},
    {"getrandom", 3, 0, {&kRandomBytes, &kSize, &kFlags<kRandomFlags>}},

    {"clock_gettime", 2, kClock, {&kClockId, &kTimespecAtOut}},
    {"clock_gettime64", 2, kClock, {&kClockId, &kTimespecAtOut}},
    {"clock_getres", 2, kClock, {&kClockId, &kTimespecAtOut}},
    {"clock_getres_time64", 2, kClock, {&kClockId, &kTimespecAtOut}},
    {"clock_settime", 2, kClock, {&kClockId, &kTimespecAt}},
    {"clock_settime64", 2, kClock, {&kClockId, &kTimespecAt}},
    {"clock_adjtime", 2, kClock, {&kClockId, &kTimexAtOut}, nullptr, comment_clock_state},
    {"clock_adjtime64", 2, kClock, {&kClockId, &kTimexAtOut}, nullptr, comment_clock_state},

    {"nanosleep", 2, 0, {&kTimespecAt, &kTimeLeft}},
    {"clock_nanosleep", 4, 0,
     {&kClockId, &kFlags<kTimerFlags>, &kTimespecAt, &kClockTimeLeft}},
    {"clock_nanosleep_time64", 4, 0,
     {&kClockId, &kFlags<kTimerFlags>, &kTimespecAt, &kClockTimeLeft}},

    {"getitimer", 2, 0, {&kChoice<kItimers>, &kItimervalAtOut}},
    {"setitimer", 3, 0, {&kChoice<kItimers>, &kItimervalAt, &kItimervalAtOut}},

    {"timer_create", 3, 0, {&kClockId, &kSigevent, &kIntAtOut}},
    {"timer_settime", 4, 0, {kTimer, &kFlags<kTimerFlags>, &kItimerspecAt, &kItimerspecAtOut}},
    {"timer_settime64", 4, 0, {kTimer, &kFlags<kTimerFlags>, &kItimerspecAt, &kItimerspecAtOut}},
    {"timer_gettime", 2, 0, {kTimer, &kItimerspecAtOut}},
    {"timer_gettime64", 2, 0, {kTimer, &kItimerspecAtOut}},
    {"timer_getoverrun", 1, 0, {kTimer}},
    {"timer_delete", 1, 0, {kTimer}},

    {"timerfd_create", 2, kDesc, {&kClockId, &kFlags<kTimerfdFlags>}, result_fd},
    {"timerfd_settime", 4, kDesc,
     {&kFd, &kFlags<kTimerfdFlags>, &kItimerspecAt, &kItimerspecAtOut}},
    {"timerfd_settime64", 4, kDesc,
     {&kFd, &kFlags<kTimerfdFlags>, &kItimerspecAt, &kItimerspecAtOut}},
    {"timerfd_gettime", 2, kDesc, {&kFd, &kItimerspecAtOut}},
    {"timerfd_gettime64", 2, kDesc, {&kFd, &kItimerspecAtOut}},
};

}  // namespace

std::span<const CallSpec> time_calls() { return kCalls; }

}  // namespace vdsotrace
