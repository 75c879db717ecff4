// Calls on processes; expected lines are strace 6.1's.
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kPath = 0x10000;
constexpr std::uint64_t kProcessData = 0x20000;
constexpr std::uint64_t kMore = 0x30000;
constexpr auto kAny = static_cast<std::uint64_t>(-1);

TEST_CASE("execve shows its arguments and counts its environment") {
  DecodedCall call("execve", {kPath, kProcessData, kMore});
  call.put(kPath, "/bin/ls").put(kProcessData, std::array<std::uint64_t, 3>{kPath, kPath + 5, 0});
  call.put(kMore, std::array<std::uint64_t, 2>{kPath, 0});
  CHECK(call.leave(0).line() == R"(execve("/bin/ls", ["/bin/ls", "ls"], 0x30000 /* 1 var */) = 0)");
}

TEST_CASE("execve with odd lists") {
  DecodedCall none("execve", {kPath, kProcessData, kProcessData});
  none.put(kPath, "a").put(kProcessData, std::uint64_t{0});
  CHECK(none.leave(0).line() == R"(execve("a", [], 0x20000 /* 0 vars */) = 0)");
  DecodedCall null("execve", {kPath, 0, 0});
  CHECK(null.put(kPath, "a").leave(0).line() == R"(execve("a", NULL, NULL) = 0)");
  DecodedCall bad("execve", {0, 1, 1});
  CHECK(bad.leave(-14).line() == "execve(NULL, 0x1, 0x1) = -1 EFAULT (Bad address)");
  DecodedCall element("execve", {kPath, kProcessData, 0});
  element.put(kPath, "a").put(kProcessData, std::array<std::uint64_t, 2>{5, 0});
  CHECK(element.leave(0).line() == R"(execve("a", [0x5], NULL) = 0)");
  DecodedCall endless("execve", {kPath, 0, kProcessData});
  endless.put(kPath, "a").put(kProcessData, std::array<std::uint64_t, 2>{5, 6});
  CHECK(endless.leave(-14).line() ==
        R"(execve("a", NULL, 0x20000 /* 2 vars, unterminated */) = -1 EFAULT (Bad address))");
}

TEST_CASE("a long argument list is cut") {
  DecodedCall call("execve", {kPath, kProcessData, 0});
  call.strings(2).put(kPath, "a");
  call.put(kProcessData, std::array<std::uint64_t, 4>{kPath, kPath, kPath, 0});
  CHECK(call.leave(0).line() == R"(execve("a", ["a", "a", ...], NULL) = 0)");
}

TEST_CASE("lists of 32-bit programs have 32-bit pointers") {
  DecodedCall call("execve", {kPath, kProcessData, 0}, Abi::i386);
  call.put(kPath, "a").put(kProcessData, std::array<std::uint32_t, 2>{kPath, 0});
  CHECK(call.leave(0).line() == R"(execve("a", ["a"], NULL) = 0)");
}

TEST_CASE("how a child ended") {
  const auto wait = [](std::uint32_t status) {
    DecodedCall call("wait4", {kAny, kProcessData, 0, 0});
    return call.enter().put(kProcessData, status).leave(17).line();
  };
  CHECK(wait(0x300) == "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 17");
  CHECK(wait(9) == "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], 0, NULL) = 17");
  CHECK(wait(0x86) == "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGABRT && WCOREDUMP(s)}], 0, NULL) = 17");
  CHECK(wait(0x137f) == "wait4(-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}], 0, NULL) = 17");
  CHECK(wait(0x857f) == "wait4(-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80}], 0, NULL) = 17");
  CHECK(wait(0xffff) == "wait4(-1, [{WIFCONTINUED(s)}], 0, NULL) = 17");
  CHECK(wait(0x3057f) ==
        "wait4(-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP} | PTRACE_EVENT_CLONE << 16], 0, "
        "NULL) = 17");
}

TEST_CASE("a wait that found nobody shows addresses") {
  DecodedCall call("wait4", {kAny, kProcessData, 1, kMore});
  CHECK(call.put(kProcessData, 0x300).leave(0).line() == "wait4(-1, 0x20000, WNOHANG, 0x30000) = 0");
}

TEST_CASE("resource usage is abbreviated") {
  rusage usage{};
  usage.ru_utime = {1, 2};
  DecodedCall call("getrusage", {0xffffffff, kProcessData});
  CHECK(call.put(kProcessData, usage).leave(0).line() ==
        "getrusage(RUSAGE_CHILDREN, {ru_utime={tv_sec=1, tv_usec=2}, "
        "ru_stime={tv_sec=0, tv_usec=0}, ...}) = 0");
}

TEST_CASE("clone shows what its flags use") {
  CHECK(line_of("clone", {0x11, 0, 1, 2, 3}, 17) == "clone(child_stack=NULL, flags=SIGCHLD) = 17");
  CHECK(line_of("clone", {0, 0}, 17) == "clone(child_stack=NULL, flags=0) = 17");
  DecodedCall thread("clone", {0x3d0f00, 0x7000, kProcessData, 0x9000, 0x8000});
  CHECK(thread.enter().put(kProcessData, 18).leave(18).line() ==
        "clone(child_stack=0x7000, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|"
        "CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, parent_tid=[18], "
        "tls=0x8000, child_tidptr=0x9000) = 18");
  DecodedCall narrow("clone", {0x80000, 0, 0, 0x8000, 0}, Abi::i386);
  CHECK(narrow.leave(18).line() == "clone(child_stack=NULL, flags=CLONE_SETTLS, tls=0x8000) = 18");
}

TEST_CASE("clone3 shows its structure as large as it is") {
  std::array<std::uint64_t, 11> args{};  // struct clone_args
  args[4] = 17;                          // exit_signal
  DecodedCall plain("clone3", {kProcessData, 64});
  CHECK(plain.put(kProcessData, args).leave(18).line() ==
        "clone3({flags=0, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 64) = 18");
  args[0] = 0x101000;  // CLONE_PIDFD|CLONE_PARENT_SETTID
  args[1] = kMore;
  args[3] = kMore + 4;
  DecodedCall more("clone3", {kProcessData, 88});
  more.put(kProcessData, args).enter().put(kMore, std::array<std::int32_t, 2>{4, 18});
  CHECK(more.leave(18).line() ==
        "clone3({flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd=0x30000, parent_tid=0x30004, "
        "exit_signal=SIGCHLD, stack=NULL, stack_size=0} => {pidfd=[4], parent_tid=[18]}, 88) = 18");
  CHECK(line_of("clone3", {kProcessData, 10}, -22) == "clone3(0x20000, 10) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("limits in kibibytes") {
  using Limits = std::array<std::uint64_t, 2>;
  DecodedCall get("prlimit64", {0, 3, 0, kProcessData});
  CHECK(get.put(kProcessData, Limits{8192 * 1024, UINT64_MAX}).leave(0).line() ==
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0");
  DecodedCall set("setrlimit", {7, kProcessData});
  CHECK(set.put(kProcessData, Limits{1024, 2049}).leave(0).line() ==
        "setrlimit(RLIMIT_NOFILE, {rlim_cur=1024, rlim_max=2049}) = 0");
}

TEST_CASE("load averages are cut as arrays are") {
  struct sysinfo info {};
  info.loads[0] = 7;
  const auto loads = [&](std::size_t strings) {
    DecodedCall call("sysinfo", {kProcessData});
    const std::string text = args_of(call.strings(strings).put(kProcessData, info).leave(0).text()).at(0);
    return text.substr(0, text.find(", totalram"));
  };
  CHECK(loads(32) == "{uptime=0, loads=[7, 0, 0]");
  CHECK(loads(1) == "{uptime=0, loads=[7, ...]");
  CHECK(loads(0) == "{uptime=0, loads=[...]");
}

TEST_CASE("processor sets as lists") {
  DecodedCall get("sched_getaffinity", {0, 128, kProcessData});
  CHECK(get.put(kProcessData, std::uint64_t{0x803}).leave(8).line() == "sched_getaffinity(0, 128, [0 1 11]) = 8");
  DecodedCall set("sched_setaffinity", {0, 8, kProcessData});
  CHECK(set.put(kProcessData, std::uint64_t{0}).leave(-22).line() ==
        "sched_setaffinity(0, 8, []) = -1 EINVAL (Invalid argument)");
  // More than a cpu_set_t is not shown.
  using Large = std::array<std::uint64_t, 17>;
  DecodedCall large("sched_setaffinity", {0, sizeof(Large), kProcessData});
  CHECK(large.put(kProcessData, Large{2}).leave(0).line() == "sched_setaffinity(0, 136, [1 ...]) = 0");
  DecodedCall none("sched_setaffinity", {0, sizeof(Large), kProcessData});
  CHECK(none.put(kProcessData, Large{}).leave(0).line() == "sched_setaffinity(0, 136, [...]) = 0");
}

TEST_CASE("schedulers and personalities have names in results too") {
  CHECK(line_of("sched_getscheduler", {0}, 1) == "sched_getscheduler(0) = 1 (SCHED_FIFO)");
  CHECK(line_of("personality", {0xffffffff}, 0x40000) ==
        "personality(0xffffffff) = 0x40000 (PER_LINUX|ADDR_NO_RANDOMIZE)");
  CHECK(line_of("personality", {6}, 0) == "personality(PER_BSD) = 0 (PER_LINUX)");
}

TEST_CASE("capabilities by bit") {
  using Header = std::array<std::uint32_t, 2>;
  using Data = std::array<std::uint32_t, 6>;
  DecodedCall call("capget", {kProcessData, kMore});
  call.put(kProcessData, Header{0x20080522, 0}).enter().put(kMore, Data{1, 0x20, 0, 0, 1u << 8, 0});
  CHECK(call.leave(0).line() ==
        "capget({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN, "
        "permitted=1<<CAP_KILL|1<<CAP_CHECKPOINT_RESTORE, inheritable=0}) = 0");
  DecodedCall headless("capset", {kProcessData, kMore});
  CHECK(headless.put(kMore, Data{}).leave(-14).line() ==
        fmt::format("capset({:#x}, {:#x}) = -1 EFAULT (Bad address)", kProcessData, kMore));
}

TEST_CASE("prctl has as many arguments as its option uses") {
  CHECK(line_of("prctl", {3, 1, 2, 3, 4}, 1) == "prctl(PR_GET_DUMPABLE) = 1 (SUID_DUMP_USER)");
  CHECK(line_of("prctl", {1, 9}) == "prctl(PR_SET_PDEATHSIG, SIGKILL) = 0");
  CHECK(line_of("prctl", {38, 1, 0, 0, 0}) == "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0");
  CHECK(line_of("prctl", {9999, 1, 2, 3, 4}, -22) ==
        "prctl(0x270f /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EINVAL (Invalid argument)");
  DecodedCall name("prctl", {15, kPath});
  CHECK(name.put(kPath, "a name that is too long").leave(0).line() ==
        R"(prctl(PR_SET_NAME, "a name that is "...) = 0)");
  CHECK(name.strings(3).line() == R"(prctl(PR_SET_NAME, "a n"...) = 0)");
  DecodedCall get("prctl", {2, kProcessData});
  CHECK(get.enter().put(kProcessData, 9).leave(0).line() == "prctl(PR_GET_PDEATHSIG, [SIGKILL]) = 0");
}

TEST_CASE("arch_prctl reads what it got only afterwards") {
  DecodedCall call("arch_prctl", {0x1003, kProcessData});
  call.enter();
  CHECK(call.beginning().beginning() == "ARCH_GET_FS, ");
  CHECK(call.put(kProcessData, std::uint64_t{0x7000}).leave(0).line() == "arch_prctl(ARCH_GET_FS, [0x7000]) = 0");
  CHECK(line_of("arch_prctl", {0x1002, 0x7000}) == "arch_prctl(ARCH_SET_FS, 0x7000) = 0");
  CHECK(line_of("arch_prctl", {0x1011, 5}, 1) == "arch_prctl(ARCH_GET_CPUID) = 1");
}

TEST_CASE("ptrace has the arguments of its request") {
  CHECK(line_of("ptrace", {16, 99, 1, 2}, -3) == "ptrace(PTRACE_ATTACH, 99) = -1 ESRCH (No such process)");
  CHECK(line_of("ptrace", {0, 99, 1, 2}) == "ptrace(PTRACE_TRACEME) = 0");
  CHECK(line_of("ptrace", {7, 99, 0, 9}) == "ptrace(PTRACE_CONT, 99, NULL, SIGKILL) = 0");
  CHECK(line_of("ptrace", {0x4206, 99, 0, 0x100001}) ==
        "ptrace(PTRACE_SEIZE, 99, NULL, PTRACE_O_TRACESYSGOOD|PTRACE_O_EXITKILL) = 0");
}

TEST_CASE("ids: minus one stands for none") {
  CHECK(line_of("setresuid", {0xffffffff, 0, 1000}) == "setresuid(-1, 0, 1000) = 0");
  CHECK(line_of("kill", {0xffffffff, 15}) == "kill(-1, SIGTERM) = 0");
}

TEST_CASE("system names") {
  std::array<char, 390> names{};  // struct utsname: six times 65
  std::strcpy(names.data(), "Linux");
  std::strcpy(names.data() + 65, "vm");
  DecodedCall call("uname", {kProcessData});
  CHECK(call.put(kProcessData, names).leave(0).line() == R"(uname({sysname="Linux", nodename="vm", ...}) = 0)");
}

TEST_CASE("what is nothing at all is 0 or NULL as strace has it") {
  CHECK(line_of("set_tid_address", {0}, 7) == "set_tid_address(0) = 7");
  CHECK(line_of("kexec_load", {0, 0, 0, 0}, -1) ==
        "kexec_load(NULL, 0, NULL, KEXEC_ARCH_DEFAULT) = -1 EPERM (Operation not permitted)");
  CHECK(line_of("ptrace", {0x3e7, 9, 0, 0}, -3) ==
        "ptrace(0x3e7 /* PTRACE_??? */, 9, NULL, NULL) = -1 ESRCH (No such process)");
}

TEST_CASE("clone3 shows what it cannot read and what it does not know") {
  clone_args args{};
  args.exit_signal = 17;
  DecodedCall short_one("clone3", {kProcessData, 96});
  CHECK(short_one.put(kProcessData, args).leave(-14).line() ==
        "clone3({flags=0, exit_signal=SIGCHLD, stack=NULL, stack_size=0, ???}, 96) = -1 EFAULT (Bad address)");
  args.exit_signal = 0xdeadface;
  args.set_tid = 0x7000;
  DecodedCall long_one("clone3", {kProcessData, 96});
  CHECK(long_one.put(kProcessData, args).put(kProcessData + sizeof args, std::uint64_t{0xff}).leave(-7).line() ==
        R"(clone3({flags=0, exit_signal=3735943886, stack=NULL, stack_size=0, set_tid=0x7000, set_tid_size=0, )"
        R"(/* bytes 88..95 */ "\xff\x00\x00\x00\x00\x00\x00\x00"}, 96) = -1 E2BIG (Argument list too long))");
}

TEST_CASE("clone3 shows what lies behind its structure when it returns as well") {
  const clone_args args{};
  DecodedCall unreadable("clone3", {kProcessData, 96});
  CHECK(unreadable.put(kProcessData, args).leave(7).line() ==
        "clone3({flags=0, exit_signal=0, stack=NULL, stack_size=0, ???} => {???}, 96) = 7");
  clone_args with_parent{};
  with_parent.flags = CLONE_PARENT_SETTID;
  with_parent.parent_tid = kMore;
  DecodedCall both("clone3", {kProcessData, 96});
  both.put(kProcessData, with_parent).put(kMore, 7).put(kProcessData + sizeof args, std::uint64_t{1});
  CHECK(both.leave(7).line().ends_with(R"( => {parent_tid=[7], /* bytes 88..95 */ )"
                                       R"("\x01\x00\x00\x00\x00\x00\x00\x00"}, 96) = 7)"));
}

TEST_CASE("ids are unsigned, and -1 is none") {
  CHECK(line_of("getuid", {}, std::int64_t{1} << 62) == "getuid() = 4611686018427387904");
  DecodedCall call("setgroups", {2, kProcessData});
  CHECK(call.put(kProcessData, std::array<std::uint32_t, 2>{UINT32_MAX, UINT32_MAX - 1}).leave(0).line() ==
        "setgroups(2, [-1, 4294967294]) = 0");
}

TEST_CASE("setns names namespaces only") {
  CHECK(line_of("setns", {3, 0x20000100}, -22) == "setns(3, CLONE_NEWPID|0x100) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("a scheduler's attributes are as many as their size says") {
  struct Attributes {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
    std::uint32_t util_min, util_max;
  };
  const auto asked = [](std::uint32_t size, std::uint64_t flags) {
    DecodedCall call("sched_setattr", {0, kProcessData, 0});
    return call.put(kProcessData, Attributes{size, 0, flags, 1, 2, 3, 4, 5, 6, 7});
  };
  const std::string params = "sched_nice=1, sched_priority=2, sched_runtime=3, sched_deadline=4, sched_period=5";
  CHECK(asked(48, 0).leave(0).line() ==
        fmt::format("sched_setattr(0, {{size=48, sched_policy=SCHED_OTHER, sched_flags=0, {}}}, 0) = 0", params));
  CHECK(asked(64, 8).leave(-22).line() ==
        fmt::format("sched_setattr(0, {{size=64, sched_flags=SCHED_FLAG_KEEP_POLICY, {}, sched_util_min=6, "
                    "sched_util_max=7, ...}}, 0) = -1 EINVAL (Invalid argument)",
                    params));
  DecodedCall small = asked(1, 0);
  small.enter();
  CHECK(small.put(kProcessData, std::uint32_t{56}).leave(-7).line() ==
        "sched_setattr(0, {size=1} => {size=56}, 0) = -1 E2BIG (Argument list too long)");
}

}  // namespace
}  // namespace vdsotrace::testing
