// How much is shown of constants, flags and structures (-X, -v, -e abbrev=, verbose=, raw=).
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "support/catch.hpp"
#include "support/decoded_call.hpp"

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

TEST_CASE("option -X says whether a constant is a number, a name or both") {
  const Styles known = styles_of("lseek", {3, 0, SEEK_END}, 7);
  CHECK(known.raw == "lseek(3, 0, 0x2) = 7");
  CHECK(known.abbrev == "lseek(3, 0, SEEK_END) = 7");
  CHECK(known.verbose == "lseek(3, 0, 0x2 /* SEEK_END */) = 7");
  const Styles unknown = styles_of("lseek", {3, 0, 99}, 7);
  CHECK(unknown.raw == "lseek(3, 0, 0x63) = 7");
  CHECK(unknown.verbose == unknown.abbrev);
  CHECK(unknown.verbose == "lseek(3, 0, 0x63 /* SEEK_??? */) = 7");
}

TEST_CASE("option -X shows flags as one number") {
  const Styles some = styles_of("epoll_create1", {0x80001}, 3);
  CHECK(some.raw == "epoll_create1(0x80001) = 3");
  CHECK(some.abbrev == "epoll_create1(EPOLL_CLOEXEC|0x1) = 3");
  CHECK(some.verbose == "epoll_create1(0x80001 /* EPOLL_CLOEXEC|0x1 */) = 3");
  CHECK(styles_of("epoll_create1", {0}, 3).verbose == "epoll_create1(0) = 3");
  CHECK(styles_of("epoll_create1", {0x10}, 3).verbose == "epoll_create1(0x10 /* EPOLL_??? */) = 3");
  CHECK(styles_of("epoll_create1", {0x10}, 3).raw == "epoll_create1(0x10) = 3");
}

TEST_CASE("option -X takes what is put together of several sets as one number where strace does") {
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

TEST_CASE("option -X leaves numbers decimal and octal that are so") {
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

TEST_CASE("option -X shows the bytes of what is in network order") {
  const auto bind = [] {
    DecodedCall call("bind", {3, kPlace, sizeof(sockaddr_in)});
    call.put(kPlace, sockaddr_in{AF_INET, 0x5000, {0x0100007f}, {}});
    return call;
  };
  CHECK(styles_made(bind, 0).raw ==
        R"(bind(3, {sa_family=0x2, sin_port="\x00\x50", sin_addr="\x7f\x00\x00\x01"}, 16) = 0)");
  CHECK(styles_made(bind, 0).verbose == R"(bind(3, {sa_family=0x2 /* AF_INET */, sin_port="\x00\x50" /* htons(80) */, )"
                                        R"(sin_addr="\x7f\x00\x00\x01" /* inet_addr("127.0.0.1") */}, 16) = 0)");
}

TEST_CASE("option -X leaves remarks on a result as they are") {
  CHECK(styles_of("fcntl", {3, F_GETFL}, 0x8002).verbose ==
        "fcntl(3, 0x3 /* F_GETFL */) = 0x8002 (flags O_RDWR|O_LARGEFILE)");
  CHECK(styles_of("fcntl", {3, F_GETFL}, 0x8002).raw == "fcntl(3, 0x3) = 0x8002 (flags O_RDWR|O_LARGEFILE)");
  CHECK(styles_of("sched_getscheduler", {0}).raw == "sched_getscheduler(0) = 0 (SCHED_OTHER)");
  CHECK(styles_of("lseek", {3, 0, 0}, -29).raw == "lseek(3, 0, 0) = -1 ESPIPE (Illegal seek)");
}

TEST_CASE("option -X has signals by number in sets and in what a signal carries") {
  const auto mask = [] {
    return std::move(DecodedCall("rt_sigprocmask", {0, kPlace, 0, 8}).put(kPlace, std::uint64_t{0x4002}));
  };
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

DecodedCall stat_call() {
  struct stat st {};
  st.st_dev = 0x103;
  st.st_ino = 7;
  st.st_mode = S_IFREG | 0644;
  st.st_nlink = 1;
  st.st_size = 5;
  st.st_blksize = 4096;
  st.st_mtim = {0, 5};
  DecodedCall call("fstat", {3, kPlace});
  call.put(kPlace, st);
  return call;
}

ArgumentSets sets_of(std::vector<std::string> expressions) {
  auto sets = ArgumentSets::take(expressions);
  REQUIRE(sets);
  CHECK(expressions.empty());
  return std::move(*sets);
}

TEST_CASE("option -xx shows addresses and names of files in hexadecimal, too") {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x01020304);
  DecodedCall bind("bind", {3, kPlace, sizeof address});
  CHECK(bind.hex(HexStrings::all)
            .put(kPlace, address)
            .leave(0)
            .line()
            .find(R"(inet_addr("\x31\x2e\x32\x2e\x33\x2e\x34"))") != std::string::npos);
  sockaddr_in6 wide{};
  wide.sin6_family = AF_INET6;
  DecodedCall connect("connect", {3, kPlace, sizeof wide});
  CHECK(connect.hex(HexStrings::all)
            .put(kPlace, wide)
            .leave(0)
            .line()
            .find(R"(inet_pton(AF_INET6, "\x3a\x3a", &sin6_addr))") != std::string::npos);
  DescriptorFacts file;
  file.path = "/a<";
  DecodedCall close("close", {3});
  close.hex(HexStrings::all).descriptors(*descriptor_details_named("path")).open(3, file);
  CHECK(close.leave(0).line() == R"(close(3<\x2f\x61\x3c>) = 0)");
}

TEST_CASE("option -v shows structures in full") {
  setenv("TZ", "UTC0", 1);
  tzset();
  const ArgumentSets all = sets_of({"abbrev=none"});
  CHECK(stat_call().leave(0).line() == "fstat(3, {st_mode=S_IFREG|0644, st_size=5, ...}) = 0");
  CHECK(stat_call().sets(all).leave(0).line() ==
        "fstat(3, {st_dev=makedev(0x1, 0x3), st_ino=7, st_mode=S_IFREG|0644, st_nlink=1, st_uid=0, st_gid=0, "
        "st_blksize=4096, st_blocks=0, st_size=5, st_atime=0, st_atime_nsec=0, "
        "st_mtime=0 /* 1970-01-01T00:00:00.000000005+0000 */, st_mtime_nsec=5, st_ctime=0, st_ctime_nsec=0}) = 0");
  rusage usage{};
  usage.ru_nivcsw = 9;
  DecodedCall call("getrusage", {0, kPlace});
  CHECK(call.sets(all).put(kPlace, usage).leave(0).line() ==
        "getrusage(RUSAGE_SELF, {ru_utime={tv_sec=0, tv_usec=0}, ru_stime={tv_sec=0, tv_usec=0}, ru_maxrss=0, "
        "ru_ixrss=0, ru_idrss=0, ru_isrss=0, ru_minflt=0, ru_majflt=0, ru_nswap=0, ru_inblock=0, ru_oublock=0, "
        "ru_msgsnd=0, ru_msgrcv=0, ru_nsignals=0, ru_nvcsw=0, ru_nivcsw=9}) = 0");
}

TEST_CASE("option -v shows the environment and every element of an array") {
  const ArgumentSets all = sets_of({"abbrev=none"});
  using List = std::array<std::uint64_t, 3>;
  const auto make = [] {
    DecodedCall call("execve", {kPlace, kPlace + 16, kPlace + 48});
    call.put(kPlace, "/f").put(kPlace + 16, List{kPlace, kPlace, 0}).put(kPlace + 48, List{kPlace, kPlace, 0});
    return call;
  };
  CHECK(make().strings(1).leave(0).line() == "execve(\"/f\", [\"/\"..., ...], 0x10030 /* 2 vars */) = 0");
  CHECK(make().sets(all).leave(0).line() == R"(execve("/f", ["/f", "/f"], ["/f", "/f"]) = 0)");
  DecodedCall groups("setgroups", {3, kPlace});
  groups.put(kPlace, std::array<std::uint32_t, 3>{1, 2, 3});
  CHECK(groups.sets(all).strings(1).leave(0).line() == "setgroups(3, [1, 2, 3]) = 0");
}

TEST_CASE("option -v lists the entries of a directory") {
  const ArgumentSets all = sets_of({"abbrev=none"});
  struct Entry {
    std::uint64_t inode = 5;
    std::uint64_t offset = 6;
    std::uint16_t size = 24;
    char type_and_name[6] = {8, 'f', 0, 0, 0, 4};
  };
  DecodedCall entries("getdents64", {3, kPlace, 100});
  CHECK(entries.sets(all).put(kPlace, Entry{}).leave(24).line() ==
        R"(getdents64(3, [{d_ino=5, d_off=6, d_reclen=24, d_type=DT_REG, d_name="f"}], 100) = 24)");
  DecodedCall old("getdents", {3, kPlace, 100});
  CHECK(old.sets(all).put(kPlace, Entry{.type_and_name = {'a', 'b', 0, 0, 0, 4}}).leave(24).line() ==
        R"(getdents(3, [{d_ino=5, d_off=6, d_reclen=24, d_name="ab", d_type=DT_DIR}], 100) = 24)");
  DecodedCall none("getdents64", {3, kPlace, 100});
  CHECK(none.sets(all).leave(0).line() == "getdents64(3, [], 100) = 0");
}

TEST_CASE("verbose= leaves out what poll found, but not what select did") {
  const ArgumentSets none = sets_of({"verbose=none"});
  DecodedCall poll("poll", {kPlace, 1, 0});
  CHECK(poll.sets(none).put(kPlace, pollfd{3, POLLIN, POLLIN}).leave(1).line() == "poll(0x10000, 1, 0) = 1");
  DecodedCall ppoll("ppoll", {kPlace, 1, kPlace + 64, 0, 8});
  ppoll.sets(none).put(kPlace, pollfd{3, POLLIN, POLLIN}).put(kPlace + 64, timespec{1, 0});
  CHECK(ppoll.leave(1).line() == "ppoll(0x10000, 1, 0x10040, NULL, 8) = 1");
  DecodedCall select("select", {4, kPlace, 0, 0, kPlace + 64});
  select.sets(none).put(kPlace, std::uint64_t{8}).put(kPlace + 64, timeval{1, 0});
  CHECK(select.leave(1).line() == "select(4, 0x10000, NULL, NULL, 0x10040) = 1 (in [3], left 0x10040)");
}

TEST_CASE("verbose= leaves structures as addresses, strings as they are") {
  const ArgumentSets none = sets_of({"verbose=none"});
  CHECK(stat_call().sets(none).leave(0).line() == "fstat(3, 0x10000) = 0");
  DecodedCall path("unlink", {kPlace});
  CHECK(path.sets(none).put(kPlace, "f").leave(0).line() == "unlink(\"f\") = 0");
  DecodedCall entries("getdents64", {3, kPlace, 100});
  CHECK(entries.sets(none).leave(0).line() == "getdents64(3, 0x10000, 100) = 0");
  const ArgumentSets others = sets_of({"verbose=!%fstat"});
  CHECK(stat_call().sets(others).leave(0).line() == "fstat(3, 0x10000) = 0");
  DecodedCall pipe("pipe", {kPlace});
  CHECK(pipe.sets(others).put(kPlace, std::array{3, 4}).leave(0).line() == "pipe([3, 4]) = 0");
}

TEST_CASE("raw= shows numbers only") {
  const ArgumentSets sets = sets_of({"raw=all", "x=openat,poll"});
  DecodedCall open("openat", {kAtCwd, kPlace, O_CLOEXEC, 0});
  CHECK(open.sets(sets).put(kPlace, "f").leave(3).line() == "openat(0xffffff9c, 0x10000, 0x80000, 0) = 0x3");
  DecodedCall failed("openat", {kAtCwd, kPlace, 0, 0});
  CHECK(failed.sets(sets).leave(-2).line() ==
        "openat(0xffffff9c, 0x10000, 0, 0) = -1 ENOENT (No such file or directory)");
  DecodedCall poll("poll", {kPlace, 1, 0});
  CHECK(poll.sets(sets).leave(0).line() == "poll(0x10000, 0x1, 0) = 0");
  DecodedCall kill("kill", {1, 2});
  CHECK(kill.sets(sets).leave(0).line() == "kill(1, SIGINT) = 0");
}

TEST_CASE("sets of arguments take their expressions and leave the others") {
  std::vector<std::string> expressions{"trace=open", "abbrev=none", "signal=none"};
  CHECK(ArgumentSets::take(expressions));
  CHECK(expressions == std::vector<std::string>{"trace=open", "signal=none"});
  std::vector<std::string> wrong{"verbose=opne"};
  const auto sets = ArgumentSets::take(wrong);
  REQUIRE_FALSE(sets);
  CHECK(sets.error().message == "-e verbose=opne: unknown system call");
}

}  // namespace
}  // namespace vdsotrace::testing
