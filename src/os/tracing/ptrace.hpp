// ptrace(2), typed. A thread can die at any moment (SIGKILL, exec by another
// thread), so every request may find it gone: that is an outcome, not an error, and
// the wait that follows shows what happened. Requests answer false or nothing then.
#pragma once

#include <linux/filter.h>
#include <sys/ptrace.h>
#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <vector>

#include "arch/registers.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::ptrace {

/// What is traced besides system calls: fork, vfork, clone and exec events are always on,
/// followed or not, since a child inherits or shares what we patched.
enum class OnTracerDeath { kill, leave };

/// PTRACE_SEIZE. Errors: EPERM, ESRCH as `ptrace(2)` gives them in Error::code.
/// `filtered`: stops by seccomp filters are reported too (PTRACE_EVENT_SECCOMP).
Result<void> seize(pid_t tid, OnTracerDeath on_tracer_death, bool filtered = false);

/// Lets a stopped thread make system calls that its seccomp filters would forbid (PTRACE_O_SUSPEND_SECCOMP), or no
/// more. False where that is not permitted: it takes CAP_SYS_ADMIN. It ends with us, too.
bool suspend_seccomp(pid_t tid, OnTracerDeath on_tracer_death, bool filtered, bool suspended);

/// The filters that a stopped thread is under (PTRACE_SECCOMP_GET_FILTER). Nothing where they cannot be read: it takes
/// CAP_SYS_ADMIN and a kernel with CONFIG_CHECKPOINT_RESTORE.
std::optional<std::vector<std::vector<sock_filter>>> seccomp_filters(pid_t tid);

/// Whether a stopped thread is under no filters: /proc says so, too, at twenty times the price. False also where that
/// cannot be asked, as seccomp_filters().
bool is_without_filters(pid_t tid);

/// Whether somebody is traced by us, or has ended and not been waited for.
bool any_tracee();

bool interrupt(pid_t tid);
/// Resumes until the next system call stop, delivering `signal` unless 0.
bool resume_to_syscall(pid_t tid, int signal);
/// The same without system call stops.
bool resume(pid_t tid, int signal);
/// Executes one instruction, delivering `signal` unless 0.
bool step(pid_t tid, int signal);
/// Leaves a group-stopped thread stopped but listening.
bool listen(pid_t tid);
bool detach(pid_t tid, int signal);

std::optional<arch::Registers> registers(pid_t tid);
bool set_registers(pid_t tid, const arch::Registers& registers);
/// One register by its offset in `struct user`; half the price of setting all.
bool set_user_word(pid_t tid, std::size_t offset, std::uint64_t value);
/// Whether returns are checked against a stack that we cannot write.
bool has_shadow_stack(pid_t tid);

/// Syscall user dispatch of one thread (Documentation/admin-guide/syscall-user-dispatch.rst, Linux 5.11): where it is
/// on, a call made elsewhere than in the allowed range is not made and raises SIGSYS, by force. A new thread or process
/// does not inherit it, and exec takes it off.
struct SyscallDispatch {
  bool on = false;
  std::uint64_t allowed = 0;       ///< where the range begins that system calls are made from
  std::uint64_t allowed_size = 0;  ///< its length
  std::uint64_t selector = 0;      ///< address of a byte by which the thread switches it, 0: none
};
/// SIGSYS's si_code then (SYS_USER_DISPATCH, asm-generic/siginfo.h); si_call_addr is behind the call's instruction.
inline constexpr int kDispatchedCall = 2;
/// PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, and SET (Linux 6.4).
std::optional<SyscallDispatch> syscall_dispatch(pid_t tid);
bool set_syscall_dispatch(pid_t tid, const SyscallDispatch& dispatch);

/// PTRACE_GET_SYSCALL_INFO (Linux 5.3).
std::optional<__ptrace_syscall_info> syscall_info(pid_t tid);
std::optional<siginfo_t> signal_info(pid_t tid);
bool set_signal_info(pid_t tid, const siginfo_t& info);
/// Sends one thread a signal (tgkill(2)), in the stop that it is in or not.
bool send_signal(pid_t tgid, pid_t tid, int signal);
std::optional<std::uint64_t> event_message(pid_t tid);
/// Whether the thread has hit a breakpoint, or made a step, whose SIGTRAP it has not yet been stopped for: a
/// PTRACE_INTERRUPT stop is reported first.
bool trap_pending(pid_t tid);

/// The set of blocked signals, bit n-1 for signal n.
std::optional<std::uint64_t> signal_mask(pid_t tid);
bool set_signal_mask(pid_t tid, std::uint64_t mask);

/// PTRACE_POKEDATA of one word, for systems that forbid writing /proc/PID/mem.
bool poke(pid_t tid, std::uint64_t address, std::uint64_t word);
std::optional<std::uint64_t> peek(pid_t tid, std::uint64_t address);

}  // namespace vdsotrace::ptrace
