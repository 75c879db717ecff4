// Signals; expected lines are strace 6.1's.
#include <csignal>

#include "model/syscalls/signals/signals.hpp"
#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kData = 0x20000;
constexpr std::uint64_t kMore = 0x30000;

struct KernelSigaction {
  std::uint64_t handler, flags, restorer, mask;
};

siginfo_t info_of(int signal, int code) {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = code;
  return info;
}

TEST_CASE("signals by number") {
  CHECK(signal_name(1) == "SIGHUP");
  CHECK(signal_name(17) == "SIGCHLD");
  CHECK(signal_name(31) == "SIGSYS");
  CHECK(signal_name(32) == "SIGRTMIN");
  CHECK(signal_name(33) == "SIGRT_1");
  CHECK(signal_name(64) == "SIGRT_32");
  CHECK(signal_name(65) == "65");
  CHECK(signal_name(0) == "0");
  CHECK(signal_name(-1) == "-1");
}

TEST_CASE("a set with two thirds of the signals is shown by what it lacks") {
  CHECK(signal_set(0) == "[]");
  CHECK(signal_set(~0ULL) == "~[]");
  CHECK(signal_set((1ULL << 1) | (1ULL << 14)) == "[INT TERM]");
  CHECK(signal_set(3ULL << 31) == "[RTMIN RT_1]");
  CHECK(signal_set(~(3ULL << 31)) == "~[RTMIN RT_1]");
  CHECK(signal_set((1ULL << 41) - 1).front() == '[');
  CHECK(signal_set((1ULL << 42) - 1).front() == '~');
}

TEST_CASE("who sent a signal") {
  siginfo_t user = info_of(SIGUSR1, SI_USER);
  user.si_pid = 7;
  user.si_uid = 1000;
  CHECK(render_siginfo(user) == "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=7, si_uid=1000}");
  siginfo_t queued = info_of(35, SI_QUEUE);
  queued.si_pid = 7;
  queued.si_value.sival_int = 5;
  CHECK(render_siginfo(queued) == "{si_signo=SIGRT_3, si_code=SI_QUEUE, si_pid=7, si_uid=0, si_int=5, si_ptr=0x5}");
  CHECK(render_siginfo(info_of(SIGALRM, 0x80)) == "{si_signo=SIGALRM, si_code=SI_KERNEL}");
  CHECK(render_siginfo(siginfo_t{}) == "{}");
}

TEST_CASE("how a child fared") {
  siginfo_t exited = info_of(SIGCHLD, CLD_EXITED);
  exited.si_pid = 7;
  exited.si_status = 3;
  exited.si_utime = 58;
  CHECK(render_siginfo(exited) ==
        "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=0, si_status=3, "
        "si_utime=58 /* 0.58 s */, si_stime=0}");
  siginfo_t killed = info_of(SIGCHLD, CLD_KILLED);
  killed.si_status = SIGKILL;
  CHECK(render_siginfo(killed) ==
        "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=0, si_uid=0, si_status=SIGKILL, si_utime=0, "
        "si_stime=0}");
}

TEST_CASE("where a program went wrong") {
  CHECK(render_siginfo(info_of(SIGSEGV, SEGV_MAPERR)) == "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL}");
  siginfo_t division = info_of(SIGFPE, FPE_INTDIV);
  division.si_addr = reinterpret_cast<void*>(0x1234);
  CHECK(render_siginfo(division) == "{si_signo=SIGFPE, si_code=FPE_INTDIV, si_addr=0x1234}");
  siginfo_t filtered = info_of(SIGSYS, 1);
  filtered.si_syscall = 0;
  filtered.si_arch = 0xc000003e;
  CHECK(render_siginfo(filtered) ==
        "{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=NULL, si_syscall=__NR_read, "
        "si_arch=AUDIT_ARCH_X86_64}");
  CHECK(render_siginfo(info_of(SIGUSR2, 77)) == "{si_signo=SIGUSR2, si_code=0x4d}");
}

TEST_CASE("handlers, masks and flags") {
  DecodedCall set("rt_sigaction", {SIGINT, kData, 0, 8});
  set.put(kData, KernelSigaction{0x5000, 0x14000004, 0x6000, 2});
  CHECK(set.leave(0).line() ==
        "rt_sigaction(SIGINT, {sa_handler=0x5000, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART|"
        "SA_SIGINFO, sa_restorer=0x6000}, NULL, 8) = 0");
  DecodedCall get("rt_sigaction", {SIGQUIT, 0, kData, 8});
  CHECK(get.enter().put(kData, KernelSigaction{1, 0, 0, 0}).leave(0).line() ==
        "rt_sigaction(SIGQUIT, NULL, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, 8) = 0");
  DecodedCall failed("rt_sigaction", {SIGKILL, 0, kData, 8});
  CHECK(failed.put(kData, KernelSigaction{}).leave(-22).line() ==
        "rt_sigaction(SIGKILL, NULL, 0x20000, 8) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("masks are shown in the size the kernel takes") {
  DecodedCall call("rt_sigprocmask", {0, kData, kMore, 8});
  call.put(kData, ~0ULL).enter().put(kMore, 0ULL);
  CHECK(call.leave(0).line() == "rt_sigprocmask(SIG_BLOCK, ~[], [], 8) = 0");
  DecodedCall small("rt_sigprocmask", {7, kData, 0, 4});
  CHECK(small.put(kData, ~0ULL).leave(-22).line() ==
        "rt_sigprocmask(0x7 /* SIG_??? */, 0x20000, NULL, 4) = -1 EINVAL (Invalid argument)");
  DecodedCall pending("rt_sigpending", {kData, 4});
  CHECK(pending.put(kData, 0x200ULL).leave(0).line() == "rt_sigpending([USR1], 4) = 0");
}

TEST_CASE("rt_sigreturn shows the mask it goes back to") {
  DecodedCall call("rt_sigreturn", {});
  call.stack(kData).put(kData + 296, 0x200ULL);
  CHECK(call.leave(12).line() == "rt_sigreturn({mask=[USR1]}) = 12");
}

TEST_CASE("rt_sigtimedwait names the signal it got") {
  DecodedCall call("rt_sigtimedwait", {kData, 0, 0, 8});
  CHECK(call.put(kData, 0x200ULL).leave(10).line() == "rt_sigtimedwait([USR1], NULL, NULL, 8) = 10 (SIGUSR1)");
}

TEST_CASE("alternate stacks") {
  struct {
    std::uint64_t pointer;
    std::uint32_t flags;
    std::uint32_t padding;
    std::uint64_t size;
  } stack{0, 2, 0, 0};
  DecodedCall call("sigaltstack", {0, kData});
  CHECK(call.put(kData, stack).leave(0).line() ==
        "sigaltstack(NULL, {ss_sp=NULL, ss_flags=SS_DISABLE, ss_size=0}) = 0");
}

TEST_CASE("numbers of a signal that have no names are unsigned") {
  siginfo_t info{};
  info.si_signo = SIGUSR1;
  info.si_errno = -1;
  CHECK(render_siginfo(info) == "{si_signo=SIGUSR1, si_code=SI_USER, si_errno=4294967295, si_pid=0, si_uid=0}");
  siginfo_t filtered{};
  filtered.si_signo = SIGSYS;
  filtered.si_code = 1;
  filtered.si_arch = 1;
  CHECK(render_siginfo(filtered) ==
        "{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=NULL, si_syscall=0, si_arch=0x1 /* AUDIT_ARCH_??? */}");
}

}  // namespace
}  // namespace vdsotrace::testing
