#include "model/syscalls/time/kinds.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include <sys/times.h>
#include <sys/timex.h>

#include "model/local_date.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/render.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "model/syscalls/time/values.hpp"

namespace vdsotrace {
namespace {

/// The combined modes come first: they contain bits of the others.
constexpr NamedValue kTimexModes[] = {{0xa001, "ADJ_OFFSET_SS_READ"},
                                      {0x8001, "ADJ_OFFSET_SINGLESHOT"},
                                      {0x1, "ADJ_OFFSET"},
                                      {0x2, "ADJ_FREQUENCY"},
                                      {0x4, "ADJ_MAXERROR"},
                                      {0x8, "ADJ_ESTERROR"},
                                      {0x10, "ADJ_STATUS"},
                                      {0x20, "ADJ_TIMECONST"},
                                      {0x80, "ADJ_TAI"},
                                      {0x100, "ADJ_SETOFFSET"},
                                      {0x1000, "ADJ_MICRO"},
                                      {0x2000, "ADJ_NANO"},
                                      {0x4000, "ADJ_TICK"}};

constexpr NamedValue kTimexStatus[] = {
    {0x1, "STA_PLL"},         {0x2, "STA_PPSFREQ"},     {0x4, "STA_PPSTIME"},     {0x8, "STA_FLL"},
    {0x10, "STA_INS"},        {0x20, "STA_DEL"},        {0x40, "STA_UNSYNC"},     {0x80, "STA_FREQHOLD"},
    {0x100, "STA_PPSSIGNAL"}, {0x200, "STA_PPSJITTER"}, {0x400, "STA_PPSWANDER"}, {0x800, "STA_PPSERROR"},
    {0x1000, "STA_CLOCKERR"}, {0x2000, "STA_NANO"},     {0x4000, "STA_MODE"},     {0x8000, "STA_CLK"}};

constexpr std::array<std::string_view, 6> kClockStates{"TIME_OK",  "TIME_INS",  "TIME_DEL",
                                                       "TIME_OOP", "TIME_WAIT", "TIME_ERROR"};

constexpr NamedValue kSigevNotify[] = {{SIGEV_SIGNAL, "SIGEV_SIGNAL"},
                                       {SIGEV_NONE, "SIGEV_NONE"},
                                       {SIGEV_THREAD, "SIGEV_THREAD"},
                                       {SIGEV_THREAD_ID, "SIGEV_THREAD_ID"}};

void print_clock_arg(ArgContext& c) { print_clock(c, c.as_int()); }

template <class T, void (*kPrint)(ArgContext&, const T&)>
void print_at(ArgContext& c) {
  print_object_at<T>(c, c.value(), [&](const T& value) { kPrint(c, value); });
}

void print_timezone(ArgContext& c, const struct timezone& value) {
  c.print("{{tz_minuteswest={}, tz_dsttime={}}}", value.tz_minuteswest, value.tz_dsttime);
}

/// Times in clock ticks, of which there are 100 in a second (USER_HZ).
void print_tms(ArgContext& c, const tms& value) {
  const std::pair<std::string_view, clock_t> times[] = {{"{tms_utime=", value.tms_utime},
                                                        {", tms_stime=", value.tms_stime},
                                                        {", tms_cutime=", value.tms_cutime},
                                                        {", tms_cstime=", value.tms_cstime}};
  for (const auto& [name, ticks] : times) {
    c.print("{}{}", name, ticks);
    if (ticks != 0 && c.constants() != ConstantStyle::raw)
      c.print(" /* {}.{:02} s */", ticks / 100, std::abs(ticks % 100));
  }
  c.put("}");
}

void print_timex(ArgContext& c, const timex& value) {
  c.put("{modes=");
  print_flags(c, value.modes, kTimexModes, "ADJ_???");
  c.print(", offset={}, freq={}, maxerror={}, esterror={}, status=", value.offset, value.freq,
          static_cast<std::uint64_t>(value.maxerror), static_cast<std::uint64_t>(value.esterror));
  print_flags(c, static_cast<std::uint32_t>(value.status), kTimexStatus, "STA_???");
  c.print(", constant={}, precision={}, tolerance={}, time=", value.constant,
          static_cast<std::uint64_t>(value.precision), value.tolerance);
  print_timeval(c, value.time);
  c.print(", tick={}, ppsfreq={}, jitter={}, shift={}, stabil={}, jitcnt={}, calcnt={}, errcnt={}", value.tick,
          value.ppsfreq, value.jitter, value.shift, value.stabil, value.jitcnt, value.calcnt, value.errcnt);
  c.print(", stbcnt={}, tai={}}}", value.stbcnt, value.tai);
}

/// As much of a struct sigevent as means something; a program may end where that ends.
struct KernelSigevent {
  sigval value;
  std::int32_t signal;
  std::uint32_t notify;
  std::uint64_t function;  ///< or, in its first half, a thread
  std::uint64_t attributes;
};

void print_sigevent(ArgContext& c, const KernelSigevent& event) {
  c.put("{");
  if (event.value.sival_ptr != nullptr) {
    c.put("sigev_value=");
    append_sigval(c.out(), event.value);
    c.put(", ");
  }
  const std::uint32_t notify = event.notify;
  const bool signals = notify == SIGEV_SIGNAL || notify == SIGEV_THREAD || notify == SIGEV_THREAD_ID;
  c.put("sigev_signo=");
  if (signals) {
    print_signal(c, event.signal);
  } else {
    c.put_number(static_cast<std::uint32_t>(event.signal));
  }
  c.put(", sigev_notify=");
  print_choice(c, notify, kSigevNotify, "SIGEV_???");
  if (notify == SIGEV_THREAD_ID) {
    c.print(", sigev_notify_thread_id={}", static_cast<std::int32_t>(event.function));
  } else if (notify == SIGEV_THREAD) {
    c.put(", sigev_notify_function=");
    print_address(c, event.function);
    c.put(", sigev_notify_attributes=");
    print_address(c, event.attributes);
  }
  c.put("}");
}

/// Empty where there is none.
std::string date_and_zone(std::time_t time) {
  const LocalDate* local = local_date(time);
  return local != nullptr ? local->date + local->zone : std::string();
}

void print_time_at(ArgContext& c) {
  const auto print = [&](std::time_t time) {
    c.print("[{}", time);
    if (time > 0) c.print(" /* {} */", date_and_zone(time));
    c.put("]");
  };
  if (c.call().abi == Abi::i386) {
    print_object_at<std::int32_t>(c, c.value(), print);
  } else {
    print_object_at<std::time_t>(c, c.value(), print);
  }
}

void print_sigevent_arg(ArgContext& c) { print_sigevent_at(c, c.value()); }

}  // namespace

void print_itimerspec(ArgContext& c, const itimerspec& value) {
  c.put("{it_interval=");
  print_timespec(c, value.it_interval);
  c.put(", it_value=");
  print_timespec(c, value.it_value);
  c.put("}");
}

void print_itimerval(ArgContext& c, const itimerval& value) {
  c.put("{it_interval=");
  print_timeval(c, value.it_interval);
  c.put(", it_value=");
  print_timeval(c, value.it_value);
  c.put("}");
}

void print_sigevent_at(ArgContext& c, std::uint64_t address) {
  print_object_at<KernelSigevent>(c, address, [&](const KernelSigevent& event) { print_sigevent(c, event); });
}

void comment_clock_state(ArgContext& c) {
  const auto state = static_cast<std::size_t>(c.call().result);
  if (state < kClockStates.size()) c.print("({})", kClockStates[state]);
}

void comment_date(ArgContext& c) {
  if (c.call().result > 0) c.print("({})", date_and_zone(c.call().result));
}

/// Processor time clocks and those of file descriptors are negative; strace 6.1 shows their number.
void print_clock(ArgContext& c, std::int32_t id) {
  const auto value = static_cast<std::uint32_t>(id);
  if (clock_with(id) == nullptr) {
    print_choice(c, value, {}, "CLOCK_???");
  } else {
    print_meaning_of(c, value, [&] { c.put(clock_name(id)); });
  }
}

const ArgKind kClockId{print_clock_arg};
const ArgKind kTimezone{print_at<struct timezone, print_timezone>};
const ArgKind kTimezoneOut{print_at<struct timezone, print_timezone>, When::exit};
const ArgKind kItimerspecAt{print_at<itimerspec, print_itimerspec>};
const ArgKind kItimerspecAtOut{print_at<itimerspec, print_itimerspec>, When::exit};
const ArgKind kItimervalAt{print_at<itimerval, print_itimerval>};
const ArgKind kItimervalAtOut{print_at<itimerval, print_itimerval>, When::exit};
const ArgKind kTimexAtOut{print_at<timex, print_timex>, When::exit};
const ArgKind kTmsAtOut{print_at<tms, print_tms>, When::exit};
const ArgKind kSigevent{print_sigevent_arg};
const ArgKind kTimeAtOut{print_time_at, When::exit};

}  // namespace vdsotrace
