// What the scripted kernel answers.
#include <fmt/core.h>
#include <linux/kcmp.h>

#include <cstdlib>
#include <cstring>

#include "support/scripted_calls.hpp"

namespace vdsotrace::testing {
namespace {

long fails(int code) {
  errno = code;
  return -1;
}

template <class T>
long copy_out(const T& value, std::uintptr_t to) {
  std::memcpy(reinterpret_cast<void*>(to), &value, sizeof value);
  return 0;
}

template <class T>
long copy_in(T& value, std::uintptr_t from) {
  std::memcpy(&value, reinterpret_cast<const void*>(from), sizeof value);
  return 0;
}

// Requests of Linux 6.4 that older headers lack.
constexpr long kSetSyscallDispatch = 0x4210;
constexpr long kGetSyscallDispatch = 0x4211;

}  // namespace

// ---- ptrace(2) ----

long ScriptedKernel::ptrace(long request, pid_t tid, std::uintptr_t address, std::uintptr_t data) {
  Task* task = find(tid);
  const int count = ++requests_[tid];
  if (const auto doomed = doomed_.find(tid); doomed != doomed_.end() && doomed->second == count && task != nullptr)
    kill_process(*task);
  if (const auto doomed = doomed_alone_.find(tid);
      doomed != doomed_alone_.end() && doomed->second == count && task != nullptr)
    end(*task, 0);
  if (task == nullptr || task->ended) return fails(ESRCH);
  if (request == PTRACE_SEIZE) {
    if (const auto found = refused.find(tid); found != refused.end()) return fails(found->second);
    if (task->seized) return fails(EPERM);
    task->seized = true;
    task->options = static_cast<long>(data);
    return 0;
  }
  if (!task->seized) return fails(ESRCH);
  if (request == PTRACE_INTERRUPT) {
    task->interrupt_wanted_ = true;
    if (task->listening)
      stop_with(*task, PTRACE_EVENT_STOP, task->group_signal);
    else if (!task->stopped)
      play(*task);
    return 0;
  }
  if (!task->stopped) {
    wrong_requests.push_back(fmt::format("{:#x} of {}", request, tid));
    return fails(ESRCH);
  }
  return request_of_stopped(*task, request, address, data);
}

long ScriptedKernel::request_of_stopped(Task& task, long request, std::uintptr_t address, std::uintptr_t data) {
  switch (request) {
    case PTRACE_GETREGS: return copy_out(task.registers, data);
    case PTRACE_SETREGS: {
      copy_in(task.registers, data);
      const std::byte* code = task.memory->at(task.registers.rip);
      task.made_to_call_ = task.registers.orig_rax == ~0ULL && code != nullptr && code[0] == std::byte{0x0f} &&
                           code[1] == std::byte{0x05};
      return 0;
    }
    case PTRACE_POKEUSER: std::memcpy(reinterpret_cast<char*>(&task.registers) + address, &data, sizeof data); return 0;
    case PTRACE_GETSIGINFO: return copy_out(task.info, data);
    case PTRACE_SETSIGINFO: return copy_in(task.info, data);
    case PTRACE_GETEVENTMSG: return copy_out(task.message, data);
    case PTRACE_GETSIGMASK: return copy_out(task.mask, data);
    case PTRACE_SETSIGMASK: return copy_in(task.mask, data);
    case PTRACE_GET_SYSCALL_INFO: {
      task.call.arch = AUDIT_ARCH_X86_64;
      task.call.instruction_pointer = task.registers.rip;
      task.call.stack_pointer = task.registers.rsp;
      copy_out(task.call, data);
      return sizeof task.call;
    }
    case PTRACE_PEEKSIGINFO: {
      if (!task.trap_queued) return 0;
      siginfo_t trap{};
      trap.si_signo = SIGTRAP;
      trap.si_code = SI_KERNEL;
      copy_out(trap, data);
      return 1;
    }
    case PTRACE_PEEKDATA: {
      std::uint64_t word = 0;
      if (task.memory->read(address, std::as_writable_bytes(std::span(&word, 1))) != sizeof word) return fails(EIO);
      return copy_out(word, data);
    }
    case PTRACE_POKEDATA:
      if (refuses_writes || !task.memory->write(address, std::as_bytes(std::span(&data, 1)))) return fails(EIO);
      return 0;
    case PTRACE_SYSCALL:
    case PTRACE_CONT:
    case PTRACE_SINGLESTEP:
    case PTRACE_LISTEN:
    case PTRACE_DETACH: return let_run(task, request, static_cast<int>(data));
    case kSetSyscallDispatch:
    case kGetSyscallDispatch:
      if (!has_syscall_dispatch) return fails(EIO);
      if (address != sizeof task.dispatch) return fails(EINVAL);
      return request == kSetSyscallDispatch ? copy_in(task.dispatch, data) : copy_out(task.dispatch, data);
    case PTRACE_SECCOMP_GET_FILTER: return fails(task.own_filters == 0 ? EINVAL : EACCES);  // it takes CAP_SYS_ADMIN
    case PTRACE_SETOPTIONS:
      if (!may_suspend_seccomp) return fails(EPERM);  // it takes CAP_SYS_ADMIN
      task.options = static_cast<long>(data);
      return 0;
    default: return fails(EINVAL);
  }
}

long ScriptedKernel::let_run(Task& task, long request, int signal) {
  forget_status(task.tid);
  task.stopped = false;
  if (signal != 0) task.delivered.push_back(signal);
  if (request == PTRACE_LISTEN) {
    task.listening = true;
    return 0;
  }
  if (request == PTRACE_DETACH) {
    task.seized = false;
    task.detached_with = signal;
    return 0;
  }
  task.mode = request == PTRACE_SYSCALL ? Mode::syscall : request == PTRACE_CONT ? Mode::cont : Mode::step;
  play(task);
  return 0;
}

// ---- the rest of the kernel ----

ssize_t ScriptedKernel::read_memory(pid_t tid, const iovec& into, std::span<const iovec> from) {
  Task* task = find(tid);
  if (task == nullptr || task->ended) return fails(ESRCH);
  std::size_t done = 0;
  for (const iovec& piece : from) {
    const std::span there(static_cast<std::byte*>(into.iov_base) + done, piece.iov_len);
    const std::size_t n = task->memory->read(reinterpret_cast<std::uint64_t>(piece.iov_base), there);
    done += n;
    if (n < piece.iov_len) break;
  }
  return done > 0 ? static_cast<ssize_t>(done) : fails(EFAULT);
}

int ScriptedKernel::waitid(idtype_t kind, id_t id, siginfo_t& info, int options) {
  info = {};
  const bool any = kind == P_ALL;
  const auto tid = static_cast<pid_t>(id);
  const Task* task = any ? nullptr : find(tid);
  if (any ? !any_tracee() : task == nullptr || !task->seized) return static_cast<int>(fails(ECHILD));
  // Asked for those that fork has not made, it answers whether there are any.
  if (any && (options & __WALL) == 0) return 0;
  advance();
  const auto found = any ? first_waiting() : std::ranges::find(waiting_, tid, &Waiting::tid);
  if (found == waiting_.end() || (is_end(found->status) && (options & WEXITED) == 0)) return 0;
  info.si_pid = found->tid;
  info.si_code = !is_end(found->status) ? CLD_TRAPPED : (found->status & 0x7f) == 0 ? CLD_EXITED : CLD_KILLED;
  info.si_status = is_end(found->status) ? 0 : found->status >> 8;
  if ((options & WNOWAIT) == 0) take(found);
  return 0;
}

pid_t ScriptedKernel::wait4(pid_t which, int& status, int, rusage*) {
  if (which == -1) ++waits_for_any;
  const auto found = which == -1 ? take() : take(which);
  if (found) {
    status = found->status.raw();
    return found->tid;
  }
  const bool any = which == -1 ? any_tracee() : find(which) != nullptr;
  return any ? 0 : static_cast<pid_t>(fails(ECHILD));
}

int ScriptedKernel::kill(pid_t pid, int signal) {
  if (find(pid) == nullptr) return static_cast<int>(fails(ESRCH));
  if (signal != 0) killed_with.push_back(signal);
  return 0;
}

int ScriptedKernel::kcmp(pid_t one, pid_t other, int what) {
  const Task* first = find(one);
  const Task* second = find(other);
  if (first == nullptr || second == nullptr) return static_cast<int>(fails(ESRCH));
  const bool same = what == KCMP_VM ? first->memory == second->memory : first->handlers == second->handlers;
  return same ? 0 : 1;
}

std::optional<std::string> ScriptedKernel::file_of(const Task& task, std::string_view name) const {
  // Whoever has lost its creator is a child of init.
  const auto parent = tasks_.find(task.ppid);
  const pid_t ppid = parent != tasks_.end() && parent->second->ended ? 1 : task.ppid;
  const char state = task.ended ? 'Z' : task.stopped || task.listening ? 't' : task.sleeps;
  if (name == "status")
    return fmt::format(
        "Name:\tscripted\nState:\t{} (so)\nTgid:\t{}\nPid:\t{}\nPPid:\t{}\nTracerPid:\t{}\nNStgid:\t{}\n"
        "SigBlk:\t{:016x}\nSigIgn:\t{:016x}\nSigCgt:\t{:016x}\nSeccomp:\t{}\nSeccomp_filters:\t{}\n",
        state, task.tgid, task.tid, ppid, task.tracer, task.tgid, task.mask, task.ignored, task.caught,
        task.own_filters > 0 ? 2 : 0, task.own_filters);
  if (name == "stat" && !task.start_time) return std::nullopt;
  if (name == "stat")
    return fmt::format("{} (scripted) {} {} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 {} 0", task.tid, state, task.ppid,
                       *task.start_time);
  if (name == "schedstat") return "0 0 0\n";
  if (name == "syscall") return fmt::format("0 0x0 {:#x} {:#x}\n", task.registers.rsp, task.registers.rip);
  if (name != "maps" || task.ended) return std::nullopt;
  std::string text;
  for (const auto& [start, bytes] : task.memory->regions)
    text += fmt::format("{:x}-{:x} r-xp 00000000 00:00 0 {}\n", start, start + bytes.size(),
                        start == kVdsoBase ? "[vdso]" : "");
  return text;
}

std::optional<std::string> ScriptedKernel::proc_file(const std::string& path) {
  ++files_read;
  const auto slash = path.find('/');
  pid_t tid = std::atoi(path.c_str());
  std::string name = slash == path.npos ? "" : path.substr(slash + 1);
  if (name.ends_with("/children")) {
    std::string children;
    for (const auto& [pid, one] : tasks_) {
      if (one->born && !one->gone && one->ppid == tid && one->tid == one->tgid) children += fmt::format("{} ", pid);
    }
    return children;
  }
  const Task* task = find(tid);
  return task != nullptr ? file_of(*task, name) : std::nullopt;
}

std::vector<std::string> ScriptedKernel::proc_folder(const std::string& path) {
  std::vector<std::string> names{".", ".."};
  const Task* leader = find(std::atoi(path.c_str()));
  if (leader == nullptr || !path.ends_with("/task")) return {};
  for (const Task* one : group_of(*leader)) names.push_back(std::to_string(one->tid));
  return names;
}

}  // namespace vdsotrace::testing
