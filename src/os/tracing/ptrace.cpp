#include "os/tracing/ptrace.hpp"

#include <fmt/core.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "arch/constants.hpp"
#include "os/kernel.hpp"
#include "os/kernel_file.hpp"

namespace vdsotrace::ptrace {
namespace {

long request(long what, pid_t tid, std::uintptr_t address, std::uintptr_t data) {
  return kernel().ptrace(what, tid, address, data);
}

template <class T>
std::optional<T> fetch(long what, pid_t tid, std::uintptr_t address) {
  T value{};
  if (request(what, tid, address, reinterpret_cast<std::uintptr_t>(&value)) < 0) return std::nullopt;
  return value;
}

/// struct ptrace_sud_config (linux/ptrace.h of Linux 6.4).
struct DispatchConfig {
  std::uint64_t mode;  ///< as prctl(PR_SET_SYSCALL_USER_DISPATCH) takes it: 0 is off
  std::uint64_t selector;
  std::uint64_t offset;
  std::uint64_t length;
};
constexpr long kSetDispatch = 0x4210;  // PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG
constexpr long kGetDispatch = 0x4211;  // PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG

constexpr std::uintptr_t kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
                                    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORKDONE;

std::uintptr_t options_with(OnTracerDeath on_tracer_death, bool filtered) {
  return kOptions | (on_tracer_death == OnTracerDeath::kill ? PTRACE_O_EXITKILL : 0) |
         (filtered ? PTRACE_O_TRACESECCOMP : 0);
}

/// Without CONFIG_CHECKPOINT_RESTORE the kernel answers PTRACE_SECCOMP_GET_FILTER as for a thread without filters.
bool answers_for_filters() {
  static const bool kAnswers = kernel_line(KernelFileSystem::proc, "/proc/sys/kernel/ns_last_pid").has_value();
  return kAnswers;
}

}  // namespace

Result<void> seize(pid_t tid, OnTracerDeath on_tracer_death, bool filtered) {
  if (request(PTRACE_SEIZE, tid, 0, options_with(on_tracer_death, filtered)) == 0) return {};
  const int code = errno;
  return fail(fmt::format("cannot trace process {}: {}", tid, std::strerror(code)), {}, code);
}

bool suspend_seccomp(pid_t tid, OnTracerDeath on_tracer_death, bool filtered, bool suspended) {
  const std::uintptr_t more = suspended ? PTRACE_O_SUSPEND_SECCOMP : 0;
  return request(PTRACE_SETOPTIONS, tid, 0, options_with(on_tracer_death, filtered) | more) == 0;
}

std::optional<std::vector<std::vector<sock_filter>>> seccomp_filters(pid_t tid) {
  std::vector<std::vector<sock_filter>> filters;
  for (std::uintptr_t index = 0;; ++index) {
    const long length = request(PTRACE_SECCOMP_GET_FILTER, tid, index, 0);
    if (length < 0 && errno == ENOENT) return filters;
    if (length < 0) return std::nullopt;
    std::vector<sock_filter> filter(static_cast<std::size_t>(length));
    const auto into = reinterpret_cast<std::uintptr_t>(filter.data());
    if (request(PTRACE_SECCOMP_GET_FILTER, tid, index, into) != length) return std::nullopt;
    filters.push_back(std::move(filter));
  }
}

bool is_without_filters(pid_t tid) {
  return answers_for_filters() && request(PTRACE_SECCOMP_GET_FILTER, tid, 0, 0) < 0 && errno == EINVAL;
}

bool any_tracee() {
  // __WCLONE leaves out children of our own whose end is reported by SIGCHLD, unless they are traced (wait(2), Linux
  // notes).
  siginfo_t info{};
  return kernel().waitid(P_ALL, 0, info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WCLONE) == 0 || errno != ECHILD;
}

bool interrupt(pid_t tid) { return request(PTRACE_INTERRUPT, tid, 0, 0) == 0; }

bool resume_to_syscall(pid_t tid, int signal) {
  return request(PTRACE_SYSCALL, tid, 0, static_cast<std::uintptr_t>(signal)) == 0;
}

bool resume(pid_t tid, int signal) { return request(PTRACE_CONT, tid, 0, static_cast<std::uintptr_t>(signal)) == 0; }

bool step(pid_t tid, int signal) {
  return request(PTRACE_SINGLESTEP, tid, 0, static_cast<std::uintptr_t>(signal)) == 0;
}

bool listen(pid_t tid) { return request(PTRACE_LISTEN, tid, 0, 0) == 0; }

bool detach(pid_t tid, int signal) { return request(PTRACE_DETACH, tid, 0, static_cast<std::uintptr_t>(signal)) == 0; }

std::optional<arch::Registers> registers(pid_t tid) { return fetch<arch::Registers>(PTRACE_GETREGS, tid, 0); }

bool set_registers(pid_t tid, const arch::Registers& registers) {
  return request(PTRACE_SETREGS, tid, 0, reinterpret_cast<std::uintptr_t>(&registers)) == 0;
}

bool set_user_word(pid_t tid, std::size_t offset, std::uint64_t value) {
  return request(PTRACE_POKEUSER, tid, offset, value) == 0;
}

bool has_shadow_stack(pid_t tid) {
  std::uint64_t pointer = 0;
  iovec into{&pointer, sizeof pointer};
  // ENODEV, or EINVAL of older kernels, where there is none.
  return request(PTRACE_GETREGSET, tid, arch::kShadowStackNote, reinterpret_cast<std::uintptr_t>(&into)) == 0;
}

std::optional<SyscallDispatch> syscall_dispatch(pid_t tid) {
  const auto config = fetch<DispatchConfig>(kGetDispatch, tid, sizeof(DispatchConfig));
  if (!config) return std::nullopt;
  return SyscallDispatch{config->mode != 0, config->offset, config->length, config->selector};
}

bool set_syscall_dispatch(pid_t tid, const SyscallDispatch& dispatch) {
  const DispatchConfig config{dispatch.on ? 1u : 0u, dispatch.selector, dispatch.allowed, dispatch.allowed_size};
  return request(kSetDispatch, tid, sizeof config, reinterpret_cast<std::uintptr_t>(&config)) == 0;
}

std::optional<__ptrace_syscall_info> syscall_info(pid_t tid) {
  __ptrace_syscall_info info{};
  if (request(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, reinterpret_cast<std::uintptr_t>(&info)) <= 0)
    return std::nullopt;
  return info;
}

std::optional<siginfo_t> signal_info(pid_t tid) { return fetch<siginfo_t>(PTRACE_GETSIGINFO, tid, 0); }

bool set_signal_info(pid_t tid, const siginfo_t& info) {
  return request(PTRACE_SETSIGINFO, tid, 0, reinterpret_cast<std::uintptr_t>(&info)) == 0;
}

bool send_signal(pid_t tgid, pid_t tid, int signal) { return ::syscall(SYS_tgkill, tgid, tid, signal) == 0; }

std::optional<std::uint64_t> event_message(pid_t tid) { return fetch<std::uint64_t>(PTRACE_GETEVENTMSG, tid, 0); }

bool trap_pending(pid_t tid) {
  constexpr std::int32_t kAtOnce = 16;
  std::array<siginfo_t, kAtOnce> queue;
  for (std::uint64_t from = 0;; from += kAtOnce) {
    __ptrace_peeksiginfo_args which{from, 0, kAtOnce};
    const long count = request(PTRACE_PEEKSIGINFO, tid, reinterpret_cast<std::uintptr_t>(&which),
                               reinterpret_cast<std::uintptr_t>(queue.data()));
    for (long i = 0; i < count; ++i) {
      const siginfo_t& info = queue[static_cast<std::size_t>(i)];
      if (info.si_signo == SIGTRAP && (info.si_code == SI_KERNEL || info.si_code == TRAP_TRACE)) return true;
    }
    if (count < kAtOnce) return false;
  }
}

std::optional<std::uint64_t> signal_mask(pid_t tid) {
  return fetch<std::uint64_t>(PTRACE_GETSIGMASK, tid, sizeof(std::uint64_t));
}

bool set_signal_mask(pid_t tid, std::uint64_t mask) {
  return request(PTRACE_SETSIGMASK, tid, sizeof mask, reinterpret_cast<std::uintptr_t>(&mask)) == 0;
}

bool poke(pid_t tid, std::uint64_t address, std::uint64_t word) {
  return request(PTRACE_POKEDATA, tid, address, word) == 0;
}

std::optional<std::uint64_t> peek(pid_t tid, std::uint64_t address) {
  return fetch<std::uint64_t>(PTRACE_PEEKDATA, tid, address);
}

}  // namespace vdsotrace::ptrace
