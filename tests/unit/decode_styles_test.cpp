// How much is shown of constants, flags and structures (-X, -v, -e abbrev=, verbose=, raw=).
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <csignal>

#include "decoded_call.hpp"
#include "model/syscalls/signals.hpp"
#include "support/catch.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kPlace = 0x10000;
constexpr std::uint64_t kAtCwd = static_cast<std::uint32_t>(AT_FDCWD);

/// The line in the three styles.
struct Styles {
  std::string raw, abbrev, verbose;
};

template <class Make>
Styles styles_made(Make&& make, std::int64_t result) {
  const auto line = [&](ConstantStyle style) { return make().constants(style).leave(result).line(); };
  return {line(ConstantStyle::raw), line(ConstantStyle::abbrev), line(ConstantStyle::verbose)};
}

Styles styles_of(std::string_view name, const std::vector<std::uint64_t>& args, std::int64_t result = 0) {
  return styles_made([&] { return DecodedCall(name, args); }, result);
}

TEST_CASE("-X says whether a constant is a number, a name or both") {
  const Styles known = styles_of("lseek", {3, 0, SEEK_END}, 7);
  CHECK(known.raw == "lseek(3, 0, 0x2) = 7");
  CHECK(known.abbrev == "lseek(3, 0, SEEK_END) = 7");
  CHECK(known.verbose == "lseek(3, 0, 0x2 /* SEEK_END */) = 7");
  const Styles unknown = styles_of("lseek", {3, 0, 99}, 7);
  CHECK(unknown.raw == "lseek(3, 0, 0x63) = 7");
  CHECK(unknown.verbose == unknown.abbrev);
  CHECK(unknown.verbose == "lseek(3, 0, 0x63 /* SEEK_??? */) = 7");
}

TEST_CASE("-X shows flags as one number") {
  const Styles some = styles_of("epoll_create1", {0x80001}, 3);
  CHECK(some.raw == "epoll_create1(0x80001) = 3");
  CHECK(some.abbrev == "epoll_create1(EPOLL_CLOEXEC|0x1) = 3");
  CHECK(some.verbose == "epoll_create1(0x80001 /* EPOLL_CLOEXEC|0x1 */) = 3");
  CHECK(styles_of("epoll_create1", {0}, 3).verbose == "epoll_create1(0) = 3");
  CHECK(styles_of("epoll_create1", {0x10}, 3).verbose == "epoll_create1(0x10 /* EPOLL_??? */) = 3");
  CHECK(styles_of("epoll_create1", {0x10}, 3).raw == "epoll_create1(0x10) = 3");
}

TEST_CASE("-X takes what is put together of several sets as one number where strace does") {
  CHECK(styles_of("mmap", {0, 4096, 3, 0x54040022, UINT64_MAX, 0}).verbose ==
        "mmap(NULL, 4096, 0x3 /* PROT_READ|PROT_WRITE */, "
        "0x54040022 /* MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT */, -1, 0) = 0");
  CHECK(styles_of("clone", {0x10011, 0, 0, 0, 0}).verbose ==
        "clone(child_stack=NULL, flags=0x10000 /* CLONE_THREAD */|17 /* SIGCHLD */) = 0");
  CHECK(styles_of("shmget", {0, 1, (21u << 26) | 0x200 | 0600}).verbose ==
        "shmget(0 /* IPC_PRIVATE */, 1, 0x200 /* IPC_CREAT */|21<<26 /* SHM_HUGE_SHIFT */|0600) = 0");
  CHECK(styles_of("shmget", {0, 1, (21u << 26) | 0x200 | 0600}).raw == "shmget(0, 1, 0x200|21<<26|0600) = 0");
  CHECK(styles_of("socket", {2, 0x80002, 0}).verbose ==
        "socket(0x2 /* AF_INET */, 0x2 /* SOCK_DGRAM */|0x80000 /* SOCK_CLOEXEC */, 0 /* IPPROTO_IP */) = 0");
}

TEST_CASE("-X leaves numbers decimal and octal that are so") {
  const auto open = [] { return std::move(DecodedCall("openat", {kAtCwd, kPlace, O_CLOEXEC}).put(kPlace, "f")); };
  CHECK(styles_made(open, 3).raw == "openat(-100, \"f\", 0x80000) = 3");
  CHECK(styles_made(open, 3).verbose == "openat(-100 /* AT_FDCWD */, \"f\", 0x80000 /* O_RDONLY|O_CLOEXEC */) = 3");
  CHECK(styles_of("kill", {1, SIGINT}).raw == "kill(1, 2) = 0");
  CHECK(styles_of("kill", {1, SIGINT}).verbose == "kill(1, 2 /* SIGINT */) = 0");
  CHECK(styles_of("kill", {1, 99}).verbose == "kill(1, 99) = 0");
  CHECK(styles_of("mknod", {0, S_IFCHR | 0600u, 0x103}).raw == "mknod(NULL, 020600, 0x103) = 0");
  CHECK(styles_of("mknod", {0, S_IFCHR | 0600u, 0x103}).verbose ==
        "mknod(NULL, 020600 /* S_IFCHR|0600 */, 0x103 /* makedev(0x1, 0x3) */) = 0");
}

TEST_CASE("-X shows the bytes of what is in network order") {
  const auto bind = [] {
    DecodedCall call("bind", {3, kPlace, sizeof(sockaddr_in)});
    call.put(kPlace, sockaddr_in{AF_INET, 0x5000, {0x0100007f}, {}});
    return call;
  };
  CHECK(styles_made(bind, 0).raw == R"(bind(3, {sa_family=0x2, sin_port="\x00\x50", sin_addr="\x7f\x00\x00\x01"}, 16) = 0)");
  CHECK(styles_made(bind, 0).verbose ==
        R"(bind(3, {sa_family=0x2 /* AF_INET */, sin_port="\x00\x50" /* htons(80) */, )"
        R"(sin_addr="\x7f\x00\x00\x01" /* inet_addr("127.0.0.1") */}, 16) = 0)");
}

TEST_CASE("-X leaves remarks on a result as they are") {
  CHECK(styles_of("fcntl", {3, F_GETFL}, 0x8002).verbose == "fcntl(3, 0x3 /* F_GETFL */) = 0x8002 (flags O_RDWR|O_LARGEFILE)");
  CHECK(styles_of("fcntl", {3, F_GETFL}, 0x8002).raw == "fcntl(3, 0x3) = 0x8002 (flags O_RDWR|O_LARGEFILE)");
  CHECK(styles_of("sched_getscheduler", {0}).raw == "sched_getscheduler(0) = 0 (SCHED_OTHER)");
  CHECK(styles_of("lseek", {3, 0, 0}, -29).raw == "lseek(3, 0, 0) = -1 ESPIPE (Illegal seek)");
}

TEST_CASE("-X has signals by number in sets and in what a signal tells") {
  const auto mask = [] { return std::move(DecodedCall("rt_sigprocmask", {0, kPlace, 0, 8}).put(kPlace, std::uint64_t{0x4002})); };
  CHECK(styles_made(mask, 0).raw == "rt_sigprocmask(0, [2 15], NULL, 8) = 0");
  CHECK(styles_made(mask, 0).verbose == "rt_sigprocmask(0 /* SIG_BLOCK */, [2 /* INT */ 15 /* TERM */], NULL, 8) = 0");
  siginfo_t info{};
  info.si_signo = SIGCHLD;
  info.si_code = CLD_KILLED;
  info.si_status = SIGKILL;
  CHECK(render_siginfo(info, ConstantStyle::raw) ==
        "{si_signo=17, si_code=0x2, si_pid=0, si_uid=0, si_status=9, si_utime=0, si_stime=0}");
  CHECK(render_siginfo(info, ConstantStyle::verbose) ==
        "{si_signo=17 /* SIGCHLD */, si_code=0x2 /* CLD_KILLED */, si_pid=0, si_uid=0, si_status=9 /* SIGKILL */, "
        "si_utime=0, si_stime=0}");
}

}  // namespace
}  // namespace vdsotrace::testing
