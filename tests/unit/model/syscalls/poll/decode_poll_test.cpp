// Waiting for events, futexes, io_uring; expected lines are strace 6.1's.
#include <array>

#include <linux/futex.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kFds = 0x7f0000001000;
constexpr std::uint64_t kTime = 0x7f0000002000;
constexpr std::uint64_t kMask = 0x7f0000003000;
constexpr std::uint64_t kOther = 0x7f0000004000;
constexpr auto kForever = static_cast<std::uint64_t>(-1);

TEST_CASE("poll shows which descriptors are ready", "[poll]") {
  std::array<pollfd, 3> fds{{{3, POLLIN, 0}, {4, POLLOUT | POLLPRI, 0}, {-1, 0x7f, 0}}};
  DecodedCall call("poll", {kFds, 3, kForever});
  call.put(kFds, fds).enter();
  const std::string asked = "poll([{fd=3, events=POLLIN}, {fd=4, events=POLLPRI|POLLOUT}, {fd=-1}], 3, -1)";
  fds[1].revents = POLLOUT;
  DecodedCall late = call;
  CHECK(call.put(kFds, fds).leave(1).line() == asked + " = 1 ([{fd=4, revents=POLLOUT}])");
  CHECK(late.leave(0).line() == asked + " = 0 (Timeout)");
}

TEST_CASE("poll without descriptors", "[poll]") {
  CHECK(line_of("poll", {0, 0, 1}) == "poll(NULL, 0, 1) = 0 (Timeout)");
  CHECK(line_of("poll", {kFds, 0, 1}) == "poll([], 0, 1) = 0 (Timeout)");
  CHECK(line_of("poll", {kFds, 1, 1}, -14) == "poll(0x7f0000001000, 1, 1) = -1 EFAULT (Bad address)");
}

TEST_CASE("lists of ready descriptors are cut like strings", "[poll]") {
  std::array<pollfd, 4> fds{};
  for (pollfd& one : fds) one = {5, POLLOUT, POLLOUT};
  DecodedCall call("poll", {kFds, 4, 0});
  call.put(kFds, fds).strings(2).leave(4);
  CHECK(call.line() ==
        "poll([{fd=5, events=POLLOUT}, {fd=5, events=POLLOUT}, ...], 4, 0) = "
        "4 ([{fd=5, revents=POLLOUT}, {fd=5, revents=POLLOUT}, ...])");
}

TEST_CASE("ppoll shows how much time is left", "[poll]") {
  DecodedCall call("ppoll", {kFds, 1, kTime, kMask, 8});
  call.put(kFds, pollfd{3, POLLIN, 0}).put(kTime, timespec{1, 0});
  call.put(kMask, std::uint64_t{1} << 9).enter();
  call.put(kFds, pollfd{3, POLLIN, POLLIN}).put(kTime, timespec{0, 7});
  CHECK(call.leave(1).line() ==
        "ppoll([{fd=3, events=POLLIN}], 1, {tv_sec=1, tv_nsec=0}, [USR1], 8) = "
        "1 ([{fd=3, revents=POLLIN}], left {tv_sec=0, tv_nsec=7})");
}

TEST_CASE("select shows its sets before and after", "[poll]") {
  DecodedCall call("select", {5, kFds, kOther, 0, kTime});
  call.put(kFds, std::uint64_t{0x18}).put(kOther, std::uint64_t{0x10});
  call.put(kTime, timeval{1, 0}).enter();
  const std::string asked = "select(5, [3 4], [4], NULL, {tv_sec=1, tv_usec=0})";
  CHECK(call.text().count == 5);
  call.put(kFds, std::uint64_t{8}).put(kOther, std::uint64_t{0}).put(kTime, timeval{0, 9});
  DecodedCall late = call;
  CHECK(call.leave(1).line() == asked + " = 1 (in [3], left {tv_sec=0, tv_usec=9})");
  CHECK(late.leave(0).line() == asked + " = 0 (Timeout)");
}

TEST_CASE("select without a limit, and with impossible sets", "[poll]") {
  DecodedCall call("select", {70, 0, 0, kFds, 0});
  call.put(kFds, std::array<std::uint64_t, 2>{0, 0x20}).leave(1);
  CHECK(call.line() == "select(70, NULL, NULL, [69], NULL) = 1 (except [69])");
  DecodedCall negative("select", {kForever, kFds, 0, 0, 0});
  CHECK(negative.put(kFds, std::uint64_t{1}).leave(-22).line() ==
        "select(-1, 0x7f0000001000, NULL, NULL, NULL) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("pselect6 has a mask and its size behind one pointer", "[poll]") {
  DecodedCall call("pselect6", {0, 0, 0, 0, 0, kOther});
  call.put(kOther, std::array<std::uint64_t, 2>{kMask, 8}).put(kMask, std::uint64_t{2});
  CHECK(call.leave(0).line() == "pselect6(0, NULL, NULL, NULL, NULL, {sigmask=[INT], sigsetsize=8}) = 0 (Timeout)");
}

epoll_event epoll_event_of(std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return event;
}

TEST_CASE("epoll", "[poll]") {
  DecodedCall add("epoll_ctl", {5, EPOLL_CTL_ADD, 3, kOther});
  CHECK(add.put(kOther, epoll_event_of(EPOLLIN | EPOLLET, 0x1234567890)).leave(0).line() ==
        "epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, data={u32=878082192, "
        "u64=78187493520}}) = 0");
  DecodedCall remove("epoll_ctl", {5, EPOLL_CTL_DEL, 3, kOther});
  CHECK(remove.put(kOther, epoll_event_of(EPOLLIN, 1)).leave(0).line() ==
        "epoll_ctl(5, EPOLL_CTL_DEL, 3, 0x7f0000004000) = 0");
  DecodedCall wait("epoll_wait", {5, kOther, 16, kForever});
  wait.enter();
  CHECK(args_of(wait.beginning()) == std::vector<std::string>{"5"});
  CHECK(wait.put(kOther, epoll_event_of(EPOLLOUT, 7)).leave(1).line() ==
        "epoll_wait(5, [{events=EPOLLOUT, data={u32=7, u64=7}}], 16, -1) = 1");
  CHECK(line_of("epoll_wait", {5, kOther, 16, 0}) == "epoll_wait(5, [], 16, 0) = 0");
  CHECK(line_of("epoll_create1", {0x80000}, 3) == "epoll_create1(EPOLL_CLOEXEC) = 3");
  CHECK(line_of("eventfd2", {5, 0x80801}, 3) == "eventfd2(5, EFD_SEMAPHORE|EFD_CLOEXEC|EFD_NONBLOCK) = 3");
}

TEST_CASE("futex has the arguments of its operation", "[poll]") {
  const auto futex = [](std::uint64_t operation) {
    DecodedCall call("futex", {kFds, operation, 1, kTime, kOther, 0xffffffff});
    return call.put(kTime, timespec{1, 2}).leave(0).line();
  };
  CHECK(futex(FUTEX_WAIT_PRIVATE) == "futex(0x7f0000001000, FUTEX_WAIT_PRIVATE, 1, {tv_sec=1, tv_nsec=2}) = 0");
  CHECK(futex(FUTEX_WAKE) == "futex(0x7f0000001000, FUTEX_WAKE, 1) = 0");
  CHECK(futex(FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME) ==
        "futex(0x7f0000001000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 1, {tv_sec=1, "
        "tv_nsec=2}, FUTEX_BITSET_MATCH_ANY) = 0");
  CHECK(futex(FUTEX_CMP_REQUEUE_PRIVATE) ==
        "futex(0x7f0000001000, FUTEX_CMP_REQUEUE_PRIVATE, 1, 8192, 0x7f0000004000, "
        "4294967295) = 0");
  CHECK(futex(FUTEX_LOCK_PI) == "futex(0x7f0000001000, FUTEX_LOCK_PI, {tv_sec=1, tv_nsec=2}) = 0");
  CHECK(futex(FUTEX_UNLOCK_PI_PRIVATE) == "futex(0x7f0000001000, FUTEX_UNLOCK_PI_PRIVATE) = 0");
  CHECK(futex(0x101) == "futex(0x7f0000001000, 0x101 /* FUTEX_??? */, 1) = 0");
  CHECK(futex(0x7f) ==
        "futex(0x7f0000001000, 0x7f /* FUTEX_??? */, 1, 0x7f0000002000, 0x7f0000004000, "
        "0xffffffff) = 0");
}

TEST_CASE("FUTEX_WAKE_OP is a small program", "[poll]") {
  const auto program = [](std::uint64_t word) {
    return args_of(DecodedCall("futex", {kFds, FUTEX_WAKE_OP, 1, 1, kOther, word}).enter().text()).at(5);
  };
  CHECK(program(FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_GT, 1)) == "FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1");
  CHECK(program(0xb3005ffd) == "FUTEX_OP_OPARG_SHIFT<<28|FUTEX_OP_ANDN<<28|0x5<<12|FUTEX_OP_CMP_LE<<24|0xffd");
  CHECK(program(0xf7000fff) ==
        "FUTEX_OP_OPARG_SHIFT<<28|0x7<<28 /* FUTEX_OP_??? */|0<<12|"
        "0x7<<24 /* FUTEX_OP_CMP_??? */|0xfff");
}

TEST_CASE("futex_waitv waits for several", "[poll]") {
  DecodedCall call("futex_waitv", {kFds, 2, 0, 0, 1});
  const std::array<futex_waitv, 2> waiters{{{1, kOther, 2, 0}, {0, kOther, 130, 1}}};
  CHECK(call.put(kFds, waiters).leave(-22).line() ==
        "futex_waitv([{val=0x1, uaddr=0x7f0000004000, flags=FUTEX_32}, {val=0, "
        "uaddr=0x7f0000004000, flags=FUTEX_32|FUTEX_PRIVATE_FLAG, __reserved=0x1}], 2, 0, NULL, "
        "CLOCK_MONOTONIC) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("io_uring_setup shows what was given", "[poll]") {
  DecodedCall call("io_uring_setup", {4, kOther});
  io_uring_params params{};
  params.sq_thread_idle = 9;
  call.put(kOther, params).enter();
  DecodedCall failed = call;
  const std::string asked = "io_uring_setup(4, {flags=0, sq_thread_cpu=0, sq_thread_idle=9";
  CHECK(failed.leave(-22).line() == asked + "}) = -1 EINVAL (Invalid argument)");
  params.sq_entries = 4;
  params.features = IORING_FEAT_NODROP;
  params.sq_off.array = 192;
  CHECK(call.put(kOther, params).leave(3).line() ==
        asked +
            ", sq_entries=4, cq_entries=0, features=IORING_FEAT_NODROP, sq_off={head=0, tail=0, "
            "ring_mask=0, ring_entries=0, flags=0, dropped=0, array=192}, cq_off={head=0, tail=0, "
            "ring_mask=0, ring_entries=0, overflow=0, cqes=0, flags=0}}) = 3");
}

TEST_CASE("sets of no descriptors at all", "[poll]") {
  DecodedCall negative("select", {0xffffffff, kFds, 0, 0, 0});
  CHECK(negative.put(kFds, std::uint64_t{8}).leave(-22).line() ==
        "select(-1, 0x7f0000001000, NULL, NULL, NULL) = -1 EINVAL (Invalid argument)");
  DecodedCall none("select", {5, kFds, 0, 0, 0});
  none.put(kFds, std::uint64_t{8}).enter();
  CHECK(none.put(kFds, std::uint64_t{0}).leave(1).line() == "select(5, [3], NULL, NULL, NULL) = 1 ()");
}

TEST_CASE("epoll_pwait2's time is shown when it has succeeded", "[poll]") {
  DecodedCall call("epoll_pwait2", {3, kFds, 1, kTime, 0, 8});
  call.put(kTime, timespec{1, 2}).enter();
  DecodedCall failed = call;
  CHECK(call.leave(0).line() == "epoll_pwait2(3, [], 1, {tv_sec=1, tv_nsec=2}, NULL, 8) = 0");
  CHECK(failed.leave(-22).line() ==
        "epoll_pwait2(3, 0x7f0000001000, 1, 0x7f0000002000, NULL, 8) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("futex_waitv shows no more futexes than there can be", "[poll]") {
  constexpr unsigned kMost = 128;
  std::array<futex_waitv, kMost + 1> futexes{};
  DecodedCall call("futex_waitv", {kFds, futexes.size(), 0, 0, 1});
  const std::string line = call.put(kFds, futexes).strings(1000).leave(-22).line();
  std::size_t shown = 0;
  for (std::size_t at = 0; (at = line.find("{val=", at)) != std::string::npos; ++at) ++shown;
  CHECK(shown == kMost);
  CHECK(line.ends_with("flags=0}, ...], 129, 0, NULL, CLOCK_MONOTONIC) = -1 EINVAL (Invalid argument)"));
}

}  // namespace
}  // namespace vdsotrace::testing
