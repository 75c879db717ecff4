#include "trace/remote/remote_call.hpp"

#include <linux/seccomp.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>

#include "base/clock.hpp"
#include "model/syscalls/spec.hpp"
#include "os/kernel.hpp"
#include "os/memory/remote_memory.hpp"
#include "os/proc/proc.hpp"
#include "trace/remote/inherited_filters.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kAllSignals = ~std::uint64_t{0};
constexpr std::uint64_t kPlaceAlignment = 16;

/// Longer than what we make a thread do takes as a rule.
constexpr std::int64_t kPollNs = 200'000;
constexpr timespec kNap{0, 100'000};

/// Waits for the thread's next stop. Nothing if it has ended: that is the session's to reap. A leader that was killed
/// stays a zombie that no wait returns while its other threads have not been waited for; so one must not sleep in a
/// wait for one thread.
std::optional<WaitStatus> next_stop(pid_t tid) {
  for (const std::int64_t poll_until = monotonic_ns() + kPollNs;;) {
    siginfo_t info{};
    const int options = WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL;
    if (kernel().waitid(P_PID, static_cast<id_t>(tid), info, options) != 0 && errno != EINTR) return std::nullopt;
    if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) return std::nullopt;
    int raw = 0;
    if (info.si_pid == tid && kernel().wait4(tid, raw, __WALL | WNOHANG, nullptr) == tid) return WaitStatus(raw);
    if (monotonic_ns() < poll_until) {
      ::sched_yield();
      continue;
    }
    if (proc::has_ended(tid)) return std::nullopt;
    ::nanosleep(&kNap, nullptr);
  }
}

/// SIGSTOP cannot be blocked, and must have its effect all the same: the thread is resumed from the group-stop that
/// follows, and that comes again.
int signal_to_pass(const WaitStatus& status) {
  return status.kind() == WaitStatus::Kind::signal && status.signal() == SIGSTOP ? SIGSTOP : 0;
}

/// Runs, or steps, to a stop that is `wanted`. Others are SIGSTOP and group-stops only, as all signals are blocked.
/// Nothing if it has ended.
template <class Wanted>
std::optional<WaitStatus> run_until(pid_t tid, bool (*resume)(pid_t, int), const Wanted& wanted) {
  for (int signal = 0;;) {
    if (!resume(tid, signal)) return std::nullopt;
    const auto status = next_stop(tid);
    if (!status || wanted(*status)) return status;
    signal = signal_to_pass(*status);
  }
}

bool run_to(pid_t tid, std::initializer_list<WaitStatus::Kind> kinds) {
  return run_until(tid, ptrace::resume_to_syscall,
                   [kinds](const WaitStatus& status) { return std::ranges::find(kinds, status.kind()) != kinds.end(); })
      .has_value();
}

bool run_to_system_call_stop(pid_t tid) { return run_to(tid, {WaitStatus::Kind::system_call}); }

/// Makes the call that it stands at, in one stop instead of two: the kernel traps behind a call that is stepped over
/// (syscall_exit_work, kernel/entry/common.c). False if another signal shows that it was not made.
bool step_over_call(pid_t tid) {
  const auto status = run_until(tid, ptrace::step, [](const WaitStatus& one) {
    return one.kind() == WaitStatus::Kind::signal && signal_to_pass(one) == 0;
  });
  return status && status->signal() == SIGTRAP;
}

/// Whether it is at a stop that PTRACE_INTERRUPT asked for, or in a group-stop. A system call that such a stop
/// interrupted is restarted by the kernel, and a group-stop can be listened in; from a system call stop neither.
bool is_interrupted(pid_t tid) {
  const auto info = ptrace::signal_info(tid);
  return info && (info->si_code >> 8) == PTRACE_EVENT_STOP;
}

/// No call can be made from the inside of a system call that has begun: the kernel would take the registers that we set
/// for the outcome or the beginning of that one, and would make it twice.
bool is_within_call(pid_t tid) {
  const auto syscall = ptrace::syscall_info(tid);
  if (syscall && syscall->op == PTRACE_SYSCALL_INFO_ENTRY) return true;
  const auto info = ptrace::signal_info(tid);
  const int event = info ? info->si_code >> 8 : 0;
  return event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
         event == PTRACE_EVENT_VFORK_DONE;
}

bool stop_as_interrupted(pid_t tid) {
  return ptrace::interrupt(tid) && run_to(tid, {WaitStatus::Kind::attach_stop, WaitStatus::Kind::group_stop});
}

bool has_system_call(StoppedThread& stopped, std::uint64_t address) {
  const auto code = arch::system_call_code(stopped.thread().space->abi());
  std::vector<std::byte> there(code.size());
  return stopped.memory().read(address, there) == code.size() && std::ranges::equal(there, code);
}

/// The program may have unmapped the instruction that an engine has put in place; a jump may lie over the vDSO's own.
std::optional<std::uint64_t> system_call_in(StoppedThread& stopped) {
  const AddressSpace& space = *stopped.thread().space;
  const auto instruction = space.system_call_instruction();
  if (!instruction || !space.engine_memory().contains(*instruction) || has_system_call(stopped, *instruction))
    return instruction;
  const auto own = space.vdso().system_call_instructions();
  const auto found = std::ranges::find_if(own, [&](std::uint64_t at) { return has_system_call(stopped, at); });
  return found == own.end() ? std::nullopt : std::optional(*found);
}

/// The calls that RemoteCalls makes in a program of that ABI.
Abi abi_of_calls(Abi program) { return program == Abi::i386 ? Abi::i386 : Abi::x86_64; }
Abi abi_of_calls(const StoppedThread& stopped) { return abi_of_calls(stopped.thread().space->abi()); }

/// Memory below the stack pointer that the program does not use, and what it holds: room for a signal action.
struct Scratch {
  std::uint64_t address;
  std::vector<std::byte> before;
};

std::optional<Scratch> scratch_of(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return std::nullopt;
  std::vector<std::byte> before(sigaction_size(abi_of_calls(stopped)));
  const std::uint64_t place = (arch::stack_pointer(*registers) - arch::kRedZone - before.size()) & ~std::uint64_t{15};
  if (stopped.memory().read(place, before) != before.size()) return std::nullopt;
  return Scratch{place, std::move(before)};
}

/// The program's action for a signal, set again.
void restore_action(StoppedThread& stopped, int signal, const KernelSigaction& action) {
  const Abi abi = abi_of_calls(stopped);
  const auto scratch = scratch_of(stopped);
  if (!scratch || !write_remote(stopped.tid(), scratch->address, sigaction_bytes(action, abi))) return;
  RemoteCalls(stopped, RemoteCalls::Others::running)
      .call(number_of(abi, "rt_sigaction"),
            {static_cast<std::uint64_t>(signal), scratch->address, 0, sizeof(std::uint64_t), 0, 0});
  write_remote(stopped.tid(), scratch->address, scratch->before);
}

/// Whether that many steps have been enough. Nothing: the thread is gone.
std::optional<bool> step_until_outside(pid_t tid, const std::function<bool(std::uint64_t)>& inside, int most) {
  for (int step = 0, pass = 0; step < most; ++step) {
    if (!ptrace::step(tid, pass)) return std::nullopt;
    const auto status = next_stop(tid);
    if (!status) return std::nullopt;
    pass = signal_to_pass(*status);
    // At any other stop no instruction has been executed, and no signal could be delivered from it.
    if (status->kind() != WaitStatus::Kind::signal || status->signal() != SIGTRAP) continue;
    const auto now = ptrace::registers(tid);
    if (!now) return std::nullopt;
    if (!inside(arch::program_counter(*now))) return true;
  }
  return false;
}

}  // namespace

RemoteCalls::RemoteCalls(StoppedThread& stopped, Others others) : stopped_(stopped) {
  const auto instruction = system_call_in(stopped);
  const auto* current = stopped.registers();
  if (!instruction || current == nullptr || is_within_call(stopped.tid())) return;
  // A program can switch its mode on its own.
  if (arch::runs_64_bit(*current) != (abi_of_calls(stopped) == Abi::x86_64)) return;
  if (!pass_filters(*current, *instruction)) return;
  const auto mask = ptrace::signal_mask(stopped.tid());
  if (!mask) return;
  mask_ = *mask;
  saved_ = *current;
  interrupted_ = is_interrupted(stopped.tid());
  instruction_ = instruction;
  const bool can_return = arch::runs_64_bit(saved_) && others == Others::stopped;
  if (outlives_tracer() && can_return) place_return_stub();
  // The trap is forced: held back as it is, it takes a handler away, also one that another thread is about to set.
  const SignalActions& actions = *stopped.thread().actions;
  steps_ = !outlives_tracer() && can_return && !actions.has_handler(SIGTRAP) && !actions.ignored(SIGTRAP);
  // Only now: should we be gone, the code sets the mask back.
  if (!ptrace::set_signal_mask(stopped.tid(), kAllSignals)) instruction_.reset();
}

bool RemoteCalls::outlives_tracer() const { return stopped_.thread().on_tracer_death == ptrace::OnTracerDeath::leave; }

/// Sees to it that the program's filters do not judge our calls, or let them pass. False if neither can be had.
bool RemoteCalls::pass_filters(const arch::Registers& current, std::uint64_t instruction) {
  const Thread& thread = stopped_.thread();
  const bool filtered = under_other_filters(stopped_);
  inherited_filters_ = filtered && arch::runs_64_bit(current) && under_inherited_filters(stopped_);
  if (!filtered || inherited_filters_) return true;
  paused_seccomp_ = ptrace::suspend_seccomp(stopped_.tid(), thread.on_tracer_death, thread.filtered, true);
  if (!paused_seccomp_) return false;
  if (!outlives_tracer() || !arch::runs_64_bit(current)) return true;
  filters_ = TraceeFilters::of(stopped_.tid());
  // On its way back the thread has to set its signal mask, however few calls it has made.
  return filters_ && filters_->allows(arch::setting_mask(), instruction);
}

/// The highest place in the vDSO's unused end that holds only zeros: not even a vdsotrace that was killed has left
/// anything there.
std::optional<std::uint64_t> RemoteCalls::unused_place(std::size_t size) {
  const AddressSpace& space = *stopped_.thread().space;
  if (space.vdso().image() == nullptr || space.vdso().size() < size) return std::nullopt;
  std::vector<std::byte> there(size);
  const std::uint64_t lowest = space.vdso().image()->unused_from() + size;
  for (std::uint64_t at = (space.vdso().size() - size) & ~(kPlaceAlignment - 1); at >= lowest; at -= kPlaceAlignment) {
    if (stopped_.memory().read(space.vdso().base() + at, there) != size) return std::nullopt;
    if (std::ranges::all_of(there, [](std::byte byte) { return byte == std::byte{0}; }))
      return space.vdso().base() + at;
  }
  return std::nullopt;
}

/// From here on the thread comes back by itself, should we be killed.
void RemoteCalls::place_return_stub() {
  arch::ReturnStub stub = arch::make_return_stub(saved_, mask_);
  const auto place = unused_place(stub.bytes.size());
  if (!place) return;
  return_stub_ = Placed{*place, std::move(stub)};
  if (write_remote(stopped_.tid(), *place, return_stub_->stub.bytes)) {
    moved_ = stopped_.set_registers(arch::moved_to(saved_, *place + return_stub_->stub.back));
  } else {
    remove_return_stub();
  }
}

void RemoteCalls::remove_return_stub() {
  if (!return_stub_) return;
  clear_remote(stopped_.tid(), return_stub_->address, return_stub_->stub.bytes.size());
  return_stub_.reset();
}

RemoteCalls::~RemoteCalls() {
  if (paused_seccomp_)
    ptrace::suspend_seccomp(stopped_.tid(), stopped_.thread().on_tracer_death, stopped_.thread().filtered, false);
  // If the stop is of the same kind as before, the kernel goes on as it would have: it restarts a call, or keeps a
  // group-stop.
  const bool as_before = called_ && interrupted_ && stop_as_interrupted(stopped_.tid());
  if (instruction_) ptrace::set_signal_mask(stopped_.tid(), mask_);
  if (moved_) stopped_.set_registers(saved_);
  remove_return_stub();
  // The kernel restarts a call only on its way out of a stop for a signal; this stop was for a call.
  if (called_ && !as_before && arch::restarts_call(saved_)) ptrace::interrupt(stopped_.tid());
}

/// Whether the call does no harm, whatever the thread is in the middle of when we are killed.
bool RemoteCalls::safe_if_tracer_dies(std::int64_t nr, const std::array<std::uint64_t, 6>& args, std::uint64_t at,
                                      arch::OrphanCleanup alone) const {
  if (!filters_) return true;
  const auto cleanup_call = arch::cleanup_call(alone, args);
  return filters_->survives({Abi::x86_64, nr, args}, at) && (!cleanup_call || filters_->survives(*cleanup_call, at));
}

std::optional<std::int64_t> RemoteCalls::call(std::int64_t nr, const std::array<std::uint64_t, 6>& args,
                                              arch::OrphanCleanup alone) {
  if (!instruction_) return std::nullopt;
  const std::uint64_t at = return_stub_ ? return_stub_->address + return_stub_->stub.call(alone) : *instruction_;
  if (!safe_if_tracer_dies(nr, args, at, alone)) return std::nullopt;
  if (inherited_filters_ && !try_under_inherited_filters(nr, args)) return std::nullopt;
  called_ = moved_ = true;
  if (!stopped_.set_registers(arch::for_system_call(saved_, at, nr, args))) return std::nullopt;
  if (!make_call()) return std::nullopt;
  if (SpaceRecord* record = stopped_.thread().space->call_record()) record->note_own_call();
  const auto after = ptrace::registers(stopped_.tid());
  if (!after) return std::nullopt;
  return arch::return_value(*after);
}

/// A forced signal is held back no more.
bool RemoteCalls::make_call() const {
  const pid_t tid = stopped_.tid();
  if (steps_) return step_over_call(tid) && ptrace::set_signal_mask(tid, kAllSignals);
  return run_to_system_call_stop(tid) && run_to_system_call_stop(tid);
}

/// Under a filter of its own a process might be killed for a call that we make it do.
bool under_other_filters(StoppedThread& stopped) {
  const Thread& thread = stopped.thread();
  if (stopped.seccomp_mode() == SECCOMP_MODE_DISABLED) return false;
  return !thread.filtered || proc::status_number(thread.tid, "Seccomp_filters") != 1;
}

bool restarts_under_filters(StoppedThread& stopped) {
  return !ptrace::is_without_filters(stopped.tid()) && under_other_filters(stopped);
}

std::optional<WaitStatus> run_to_next_stop(StoppedThread& stopped) {
  stopped.forget_registers();
  if (!ptrace::resume_to_syscall(stopped.tid(), 0)) return std::nullopt;
  return next_stop(stopped.tid());
}

std::optional<std::int64_t> remote_call(StoppedThread& stopped, std::int64_t nr,
                                        const std::array<std::uint64_t, 6>& args) {
  return RemoteCalls(stopped).call(nr, args);
}

bool step_out(StoppedThread& stopped, const std::function<bool(std::uint64_t)>& inside, int most) {
  const pid_t tid = stopped.tid();
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  if (!inside(arch::program_counter(*registers))) return true;
  const auto mask = ptrace::signal_mask(tid);
  const auto signal = ptrace::signal_info(tid);
  // The trap of a step is forced: held back, it would take the program's action for SIGTRAP away.
  if (!mask || !ptrace::set_signal_mask(tid, kAllSignals & ~signal_bit(SIGTRAP))) return false;
  const auto out = step_until_outside(tid, inside, most);
  if (!out) return false;
  stopped.forget_registers();
  ptrace::set_signal_mask(tid, *mask);
  if (stopped.thread().actions->ignored(SIGTRAP)) repair_signal_state(stopped);
  if (signal) ptrace::set_signal_info(tid, *signal);
  return *out;
}

bool learn_signal_actions(StoppedThread& stopped) {
  SignalActions& actions = *stopped.thread().actions;
  const auto scratch = scratch_of(stopped);
  if (!scratch) return false;
  const Abi abi = abi_of_calls(stopped);
  const auto number = number_of(abi, "rt_sigaction");
  RemoteCalls calls(stopped);
  bool all = true;
  for (int signal = 1; signal <= SignalActions::kSignals && all; ++signal) {
    if (actions.of(signal).handler == 0) continue;
    const auto result =
        calls.call(number, {static_cast<std::uint64_t>(signal), 0, scratch->address, sizeof(std::uint64_t)});
    const auto action = read_sigaction(stopped.memory(), scratch->address, abi);
    all = result == 0 && action.has_value();
    if (all) actions.set(signal, *action);
  }
  write_remote(stopped.tid(), scratch->address, scratch->before);
  return all;
}

void repair_signal_state(StoppedThread& stopped, int signal) {
  const Thread& thread = stopped.thread();
  const bool ignored = thread.actions->ignored(signal);
  const bool blocked = thread.blocked.has(signal);
  if (!blocked && !ignored) return;
  if (blocked) {
    if (const auto mask = ptrace::signal_mask(stopped.tid()))
      ptrace::set_signal_mask(stopped.tid(), *mask | signal_bit(signal));
  }
  const KernelSigaction& action = thread.actions->of(signal);
  if (action.handler != 0 && thread.actions->known(signal)) restore_action(stopped, signal, action);
}

}  // namespace vdsotrace
