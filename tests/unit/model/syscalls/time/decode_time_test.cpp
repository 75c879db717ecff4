// Clocks, timers, sleeping, random bytes; expected lines are strace 6.1's.
#include <array>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include <sys/time.h>
#include <sys/timex.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kFirst = 0x7f0000001000;
constexpr std::uint64_t kSecond = 0x7f0000002000;
constexpr std::int64_t kRestartBlock = -516;
constexpr std::int64_t kRestartNoHand = -514;

TEST_CASE("clocks are read at the end of the call", "[time]") {
  DecodedCall call("clock_gettime", {CLOCK_MONOTONIC, kFirst});
  CHECK(args_of(call.enter().beginning()) == std::vector<std::string>{"CLOCK_MONOTONIC"});
  CHECK(call.put(kFirst, timespec{1, 2}).leave(0).line() ==
        "clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0");
  CHECK(line_of("clock_gettime", {12, kFirst}, -22) ==
        "clock_gettime(0xc /* CLOCK_??? */, 0x7f0000001000) = -1 EINVAL (Invalid argument)");
  CHECK(line_of("clock_getres", {0, 0}) == "clock_getres(CLOCK_REALTIME, NULL) = 0");
  // Linux 6.17; strace knows none of them yet.
  CHECK(line_of("clock_getres", {16, 0}) == "clock_getres(CLOCK_AUX0, NULL) = 0");
  CHECK(line_of("clock_getres", {23, 0}) == "clock_getres(CLOCK_AUX7, NULL) = 0");
  CHECK(line_of("clock_getres", {24, 0}, -22) ==
        "clock_getres(0x18 /* CLOCK_??? */, NULL) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("strace has no name for clocks of processes and files", "[time]") {
  CHECK(line_of("clock_getres", {0xfffffffe, 0}) == "clock_getres(0xfffffffe /* CLOCK_??? */, NULL) = 0");
}

TEST_CASE("gettimeofday and its time zone", "[time]") {
  DecodedCall call("gettimeofday", {kFirst, kSecond});
  call.put(kFirst, timeval{1619316657, 828106}).put(kSecond, std::array{-60, 1});
  CHECK(call.leave(0).line() ==
        "gettimeofday({tv_sec=1619316657, tv_usec=828106}, {tz_minuteswest=-60, tz_dsttime=1}) = 0");
  CHECK(line_of("gettimeofday", {0, 0}) == "gettimeofday(NULL, NULL) = 0");
}

TEST_CASE("times has seconds behind its ticks", "[time]") {
  DecodedCall call("times", {0x10000});
  call.put(0x10000, std::array<std::int64_t, 4>{1, 0, 205, 100});
  CHECK(call.leave(7).line() ==
        "times({tms_utime=1 /* 0.01 s */, tms_stime=0, tms_cutime=205 /* 2.05 s */, tms_cstime=100 /* 1.00 s */}) = 7");
  CHECK(call.constants(ConstantStyle::raw).line() ==
        "times({tms_utime=1, tms_stime=0, tms_cutime=205, tms_cstime=100}) = 7");
}

TEST_CASE("time has a date behind it", "[time]") {
  setenv("TZ", "UTC0", 1);
  tzset();
  CHECK(line_of("time", {0}, 1619316657) == "time(NULL) = 1619316657 (2021-04-25T02:10:57+0000)");
  CHECK(DecodedCall("time", {kFirst}).put(kFirst, std::int64_t{1619316657}).leave(1619316657).line() ==
        "time([1619316657 /* 2021-04-25T02:10:57+0000 */]) = "
        "1619316657 (2021-04-25T02:10:57+0000)");
  CHECK(line_of("time", {0}, 1619316658) == "time(NULL) = 1619316658 (2021-04-25T02:10:58+0000)");
  CHECK(line_of("time", {0}, 1619316657) == "time(NULL) = 1619316657 (2021-04-25T02:10:57+0000)");
  CHECK(line_of("time", {8}, -14) == "time(0x8) = -1 EFAULT (Bad address)");
}

TEST_CASE("a sleep shows what was left only if it was cut short", "[time]") {
  const auto nanosleep = [](std::int64_t result) {
    DecodedCall call("nanosleep", {kFirst, kSecond});
    call.put(kFirst, timespec{1, 0}).enter();
    return call.put(kSecond, timespec{0, 5}).leave(result).line();
  };
  CHECK(nanosleep(0) == "nanosleep({tv_sec=1, tv_nsec=0}, 0x7f0000002000) = 0");
  CHECK(nanosleep(-22) == "nanosleep({tv_sec=1, tv_nsec=0}, 0x7f0000002000) = -1 EINVAL (Invalid argument)");
  CHECK(nanosleep(kRestartBlock) ==
        "nanosleep({tv_sec=1, tv_nsec=0}, {tv_sec=0, tv_nsec=5}) = "
        "? ERESTART_RESTARTBLOCK (Interrupted by signal)");
}

TEST_CASE("a sleep until a moment never shows what was left", "[time]") {
  DecodedCall call("clock_nanosleep", {1, TIMER_ABSTIME, kFirst, kSecond});
  call.put(kFirst, timespec{9, 0}).put(kSecond, timespec{0, 5}).leave(kRestartNoHand);
  CHECK(call.line() ==
        "clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=9, tv_nsec=0}, 0x7f0000002000) = "
        "? ERESTARTNOHAND (To be restarted if no handler)");
}

TEST_CASE("interval timers", "[time]") {
  const itimerval interval{{0, 0}, {0, 200000}};
  CHECK(DecodedCall("setitimer", {0, kFirst, 0}).put(kFirst, interval).leave(0).line() ==
        "setitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=0, "
        "tv_usec=200000}}, NULL) = 0");
  CHECK(line_of("getitimer", {9, kFirst}, -22) ==
        "getitimer(0x9 /* ITIMER_??? */, 0x7f0000001000) = -1 EINVAL (Invalid argument)");
  CHECK(line_of("alarm", {100}) == "alarm(100) = 0");
}

TEST_CASE("timers by file descriptor", "[time]") {
  CHECK(line_of("timerfd_create", {1, 0x80800}, 3) == "timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC|TFD_NONBLOCK) = 3");
  DecodedCall call("timerfd_settime", {3, 3, kFirst, kSecond});
  call.put(kFirst, itimerspec{{1, 2}, {3, 4}}).enter();
  CHECK(call.put(kSecond, itimerspec{}).leave(0).line() ==
        "timerfd_settime(3, TFD_TIMER_ABSTIME|TFD_TIMER_CANCEL_ON_SET, {it_interval={tv_sec=1, "
        "tv_nsec=2}, it_value={tv_sec=3, tv_nsec=4}}, {it_interval={tv_sec=0, tv_nsec=0}, "
        "it_value={tv_sec=0, tv_nsec=0}}) = 0");
}

TEST_CASE("a timer says how it notifies", "[time]") {
  const auto created = [](int notify, int value) {
    sigevent event{};
    event.sigev_notify = notify;
    event.sigev_signo = SIGUSR1;
    event.sigev_value.sival_int = value;
    event._sigev_un._tid = 77;
    DecodedCall call("timer_create", {CLOCK_REALTIME, kFirst, kSecond});
    call.put(kFirst, event).enter();
    return call.put(kSecond, 1).leave(0).line();
  };
  CHECK(created(SIGEV_SIGNAL, 7) ==
        "timer_create(CLOCK_REALTIME, {sigev_value={sival_int=7, sival_ptr=0x7}, "
        "sigev_signo=SIGUSR1, sigev_notify=SIGEV_SIGNAL}, [1]) = 0");
  CHECK(created(SIGEV_THREAD_ID, 0) ==
        "timer_create(CLOCK_REALTIME, {sigev_signo=SIGUSR1, sigev_notify=SIGEV_THREAD_ID, "
        "sigev_notify_thread_id=77}, [1]) = 0");
  CHECK(created(SIGEV_NONE, 0) == "timer_create(CLOCK_REALTIME, {sigev_signo=10, sigev_notify=SIGEV_NONE}, [1]) = 0");
}

TEST_CASE("the state of the clock", "[time]") {
  timex state{};
  state.modes = 0xa001 | ADJ_TICK;
  state.status = STA_UNSYNC;
  state.tick = 10000;
  state.time = {3, 4};
  const std::string line = DecodedCall("adjtimex", {kFirst}).put(kFirst, state).leave(5).line();
  CHECK(line ==
        "adjtimex({modes=ADJ_OFFSET_SS_READ|ADJ_TICK, offset=0, freq=0, maxerror=0, esterror=0, "
        "status=STA_UNSYNC, constant=0, precision=0, tolerance=0, time={tv_sec=3, tv_usec=4}, "
        "tick=10000, ppsfreq=0, jitter=0, shift=0, stabil=0, jitcnt=0, calcnt=0, errcnt=0, "
        "stbcnt=0, tai=0}) = 5 (TIME_ERROR)");
}

TEST_CASE("processor and random bytes", "[time]") {
  CHECK(DecodedCall("getcpu", {kFirst, 0, 0}).put(kFirst, 3u).leave(0).line() == "getcpu([3], NULL, NULL) = 0");
  const std::array<unsigned char, 4> bytes{0x76, 0, 0xff, '"'};
  DecodedCall call("getrandom", {kFirst, 4, 3});
  call.put(kFirst, bytes).leave(4);
  CHECK(call.line() == "getrandom(\"\\x76\\x00\\xff\\x22\", 4, GRND_NONBLOCK|GRND_RANDOM) = 4");
  CHECK(args_of(call.strings(2).text()).at(0) == "\"\\x76\\x00\"...");
  CHECK(line_of("getrandom", {kFirst, 16, 8}, -22) ==
        "getrandom(0x7f0000001000, 16, 0x8 /* GRND_??? */) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("as much of a notification is read as means something", "[time]") {
  DecodedCall call("timer_create", {CLOCK_REALTIME, kFirst, kSecond});
  const std::array<std::uint64_t, 4> front{7, 0xdefaced'ffffffff, 0, 0};
  CHECK(call.put(kFirst, front).leave(-22).line() ==
        "timer_create(CLOCK_REALTIME, {sigev_value={sival_int=7, sival_ptr=0x7}, sigev_signo=4294967295, "
        "sigev_notify=0xdefaced /* SIGEV_??? */}, 0x7f0000002000) = -1 EINVAL (Invalid argument)");
}

}  // namespace
}  // namespace vdsotrace::testing
