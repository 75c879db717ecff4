// What a plan copies is all that the decoder wants: each call is decoded from live memory and from a plan's bytes.
#include "model/syscalls/pointees.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "model/syscalls/spec.hpp"
#include "support/catch.hpp"
#include "support/pointed_memory.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

/// Of what vectors lead to, no more than `left` bytes in all.
void copy_vectors(std::uint64_t left, std::span<const std::byte> vectors, const DecodeLimits& limits, Memory& memory,
                  Capture& into) {
  for (const PointeeBytes& vector : vectors_in(vectors)) {
    const std::uint64_t filled = std::min(left, vector.size);
    left -= left == UINT64_MAX ? 0 : filled;
    std::vector<std::byte> bytes(std::min(filled, most_bytes_of_vector(limits)));
    bytes.resize(memory.read(vector.address, bytes));
    if (vector.address != 0) into.note(vector.address, bytes);
  }
}

/// What a recorder in the program does at one end of a call.
void copy_as_planned(const PointeePlan& plan, bool at_entry, const Call& call, const DecodeLimits& limits,
                     Memory& memory, Capture& into) {
  std::optional<Call> inner;
  for (const Pointee& pointee : plan.pointees) {
    if (pointee.extent == Pointee::Extent::none || (pointee.when == Pointee::When::entry) != at_entry) continue;
    if (pointee.within && !inner) continue;
    const PointeeBytes wanted = bytes_of(pointee, pointee.within ? *inner : call, limits, memory);
    std::vector<std::byte> bytes(std::min<std::uint64_t>(wanted.size, 2 * Piece::kSize));
    bytes.resize(memory.read(wanted.address, bytes));
    if (wanted.to_nul) {
      const auto nul = std::ranges::find(bytes, std::byte{0});
      if (nul != bytes.end()) bytes.erase(nul + 1, bytes.end());
    }
    if (wanted.address != 0) into.note(wanted.address, bytes);
    if (pointee.extent == Pointee::Extent::structure) inner = call_within(call, pointee, bytes);
    if (wanted.address == 0 || pointee.extent != Pointee::Extent::vectors) continue;
    copy_vectors(at_entry ? UINT64_MAX : call.result < 0 ? 0 : call.result, bytes, limits, memory, into);
  }
}

/// What a call looks like at its beginning and at its end: decoded from live memory, and from what a plan copies.
struct Texts {
  std::string live;
  std::string planned;
};

Texts decode(const PointeePlan& plan, const DecodeLimits& limits, std::mt19937& random) {
  Piece memory(random);
  Call live = some_call(plan, random);
  Call planned = live;
  capture_entry(live, memory, limits);
  copy_as_planned(plan, true, planned, limits, memory, planned.at_entry);
  Texts texts{render_entry(live, limits).text + "\n", render_entry(planned, limits).text + "\n"};
  memory.change(random);
  for (Call* call : {&live, &planned}) call->ending = Ending::returned;
  live.result = planned.result = some_result(random);
  live.error = planned.error = live.result < 0 ? static_cast<int>(-live.result) : 0;
  capture_exit(live, memory, limits);
  copy_as_planned(plan, false, planned, limits, memory, planned.at_exit);
  texts.live += text_of(live, limits);
  texts.planned += text_of(planned, limits);
  return texts;
}

TEST_CASE("plans have all that the decoder reads", "[pointees][tables]") {
  std::mt19937 random(18);
  for (const PointeePlan& plan : all_pointee_plans()) {
    INFO(plan.name);
    const std::int64_t number = number_of(Abi::x86_64, plan.name);
    REQUIRE(number >= 0);
    CHECK(pointee_plan(number, some_call(plan, random).args) == &plan);
    for (int round = 0; round < 40; ++round) {
      const Texts texts = decode(plan, limits_of(round), random);
      if (texts.live != texts.planned) FAIL_CHECK(texts.live << "\n" << texts.planned);
    }
  }
}

/// Whether some call looks otherwise than it should.
bool is_missed(const PointeePlan& plan, std::mt19937& random) {
  for (int round = 0; round < 20000; ++round) {
    const Texts texts = decode(plan, limits_of(round), random);
    if (texts.live != texts.planned) return true;
  }
  return false;
}

TEST_CASE("plans have nothing that the decoder does not read", "[pointees][tables]") {
  std::mt19937 random(81);
  for (const PointeePlan& plan : all_pointee_plans()) {
    for (std::size_t i = 0; i < plan.pointees.size(); ++i) {
      if (plan.pointees[i].extent == Pointee::Extent::none) continue;
      INFO(plan.name << ", pointee " << i);
      PointeePlan without = plan;
      without.pointees[i] = {};
      CHECK(is_missed(without, random));
      if (plan.pointees[i].extent != Pointee::Extent::fixed) continue;
      PointeePlan smaller = plan;
      --smaller.pointees[i].unit;
      CHECK(is_missed(smaller, random));
    }
  }
}

TEST_CASE("the calls that programs make most have plans", "[pointees]") {
  const std::set<std::string_view> frequent{"read",
                                            "write",
                                            "openat",
                                            "close",
                                            "fstat",
                                            "newfstatat",
                                            "stat",
                                            "lstat",
                                            "statx",
                                            "lseek",
                                            "mmap",
                                            "mprotect",
                                            "munmap",
                                            "brk",
                                            "rt_sigaction",
                                            "rt_sigprocmask",
                                            "ioctl",
                                            "pread64",
                                            "pwrite64",
                                            "access",
                                            "faccessat",
                                            "faccessat2",
                                            "pipe2",
                                            "select",
                                            "sched_yield",
                                            "mremap",
                                            "madvise",
                                            "dup",
                                            "dup2",
                                            "dup3",
                                            "nanosleep",
                                            "getpid",
                                            "socket",
                                            "connect",
                                            "accept4",
                                            "sendto",
                                            "recvfrom",
                                            "bind",
                                            "listen",
                                            "getsockname",
                                            "getpeername",
                                            "socketpair",
                                            "kill",
                                            "tgkill",
                                            "uname",
                                            "fcntl",
                                            "flock",
                                            "fsync",
                                            "fdatasync",
                                            "ftruncate",
                                            "getdents64",
                                            "getcwd",
                                            "chdir",
                                            "fchdir",
                                            "rename",
                                            "mkdir",
                                            "rmdir",
                                            "unlink",
                                            "unlinkat",
                                            "readlink",
                                            "readlinkat",
                                            "chmod",
                                            "fchmod",
                                            "umask",
                                            "gettimeofday",
                                            "getrlimit",
                                            "prlimit64",
                                            "getrusage",
                                            "sysinfo",
                                            "times",
                                            "getuid",
                                            "getgid",
                                            "geteuid",
                                            "getegid",
                                            "getppid",
                                            "gettid",
                                            "setpgid",
                                            "getpgrp",
                                            "sigaltstack",
                                            "futex",
                                            "sched_getaffinity",
                                            "set_tid_address",
                                            "set_robust_list",
                                            "rseq",
                                            "clock_gettime",
                                            "clock_nanosleep",
                                            "epoll_wait",
                                            "epoll_pwait",
                                            "epoll_ctl",
                                            "epoll_create1",
                                            "poll",
                                            "ppoll",
                                            "eventfd2",
                                            "timerfd_settime",
                                            "getrandom",
                                            "memfd_create",
                                            "wait4",
                                            "statfs",
                                            "utimensat",
                                            "copy_file_range",
                                            "inotify_add_watch",
                                            "sendfile",
                                            "fallocate"};
  std::set<std::string_view> planned;
  for (const PointeePlan& plan : all_pointee_plans()) planned.insert(plan.name);
  for (const std::string_view name : frequent) {
    INFO(name);
    CHECK(planned.contains(name));
  }
  CHECK(frequent.size() > 100);
}

TEST_CASE("what has pointers in it, or does not return as others do, is for a stop", "[pointees]") {
  for (const std::string_view name :
       {"recvmmsg", "sendmmsg", "execve", "execveat", "clone", "clone3", "fork", "vfork", "exit", "exit_group",
        "rt_sigreturn", "restart_syscall", "arch_prctl", "seccomp", "io_submit", "ptrace", "process_madvise", "bpf"}) {
    INFO(name);
    const std::int64_t number = number_of(Abi::x86_64, name);
    REQUIRE(number >= 0);
    CHECK(pointee_plan(number, {}) == nullptr);
  }
  CHECK(pointee_plan(-1, {}) == nullptr);
  CHECK(pointee_plan(INT64_MAX, {}) == nullptr);
  const auto planned = [](std::string_view name, std::uint64_t second) {
    return pointee_plan(number_of(Abi::x86_64, name), {0, second}) != nullptr;
  };
  CHECK(planned("ioctl", 0x5401));        // TCGETS
  CHECK_FALSE(planned("ioctl", 0x8912));  // SIOCGIFCONF
  CHECK(planned("fcntl", 3));             // F_GETFL
  CHECK(planned("fcntl", 6));             // F_SETLK
  CHECK_FALSE(planned("fcntl", 16));      // F_GETOWN_EX
  CHECK(planned("futex", 0x81));          // FUTEX_WAKE_PRIVATE
  CHECK_FALSE(planned("futex", 77));
}

TEST_CASE("options of prctl whose effects must be seen have no plan", "[pointees]") {
  const auto planned = [](std::uint64_t option) {
    return pointee_plan(number_of(Abi::x86_64, "prctl"), {option}) != nullptr;
  };
  CHECK(planned(PR_SET_NAME));
  for (const int option : {PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_SET_TSC, PR_SET_DUMPABLE, PR_SET_MM, PR_SET_PTRACER})
    CHECK_FALSE(planned(static_cast<std::uint64_t>(option)));
  constexpr std::uint64_t kSyscallUserDispatch = 59;
  CHECK_FALSE(planned(kSyscallUserDispatch));
}

TEST_CASE("a choice may be of two arguments, and of all others", "[pointees]") {
  const auto planned = [](std::string_view name, std::uint64_t level, std::uint64_t option) {
    return pointee_plan(number_of(Abi::x86_64, name), {0, level, option}) != nullptr;
  };
  for (const std::string_view name : {"setsockopt", "getsockopt"}) {
    INFO(name);
    CHECK(planned(name, SOL_SOCKET, SO_REUSEADDR));
    CHECK_FALSE(planned(name, SOL_SOCKET, SO_ATTACH_FILTER));
    CHECK(planned(name, SOL_IPV6, SO_ATTACH_FILTER));  // IPV6_V6ONLY
    CHECK_FALSE(planned(name, 0xffffffff00000000 | SOL_SOCKET, 0x100000000 | SO_ATTACH_FILTER));
  }
  CHECK_FALSE(planned("setsockopt", SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF));
  CHECK(planned("getsockopt", SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF));
}

TEST_CASE("a pointee's bytes follow arguments, results and limits", "[pointees]") {
  std::mt19937 random(1);
  Piece memory(random);
  Call call;
  call.args = {3, Piece::kStart, 100};
  DecodeLimits limits;
  const auto size = [&](const Pointee& pointee) { return bytes_of(pointee, call, limits, memory).size; };
  using When = Pointee::When;
  using Extent = Pointee::Extent;
  const Pointee shown{1, When::entry, Extent::counted, 1, 2, false, Pointee::Part::shown};
  CHECK(size(shown) == 33);
  limits.string = 4096;
  CHECK(size(shown) == 100);
  const Pointee filled{1, When::success, Extent::resulted, 1, 2, false, Pointee::Part::all};
  call.result = 60;
  CHECK(size(filled) == 60);
  call.result = 1000;
  CHECK(size(filled) == 100);
  call.result = -5;
  call.error = 5;
  CHECK(size(filled) == 0);
  CHECK(size({1, When::exit, Extent::fixed, 16}) == 16);
  CHECK(size({5, When::exit, Extent::fixed, 16}) == 0);  // NULL
  CHECK(size({1, When::entry, Extent::bits, 0, 2}) == 16);
  call.args[2] = UINT64_MAX;
  CHECK(size({1, When::entry, Extent::counted, 8, 2}) == 0);
}

}  // namespace
}  // namespace vdsotrace
