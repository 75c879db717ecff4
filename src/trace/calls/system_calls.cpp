#include "trace/calls/system_calls.hpp"

#include <algorithm>

#include "model/syscalls/begin_call.hpp"
#include "model/syscalls/dump.hpp"
#include "model/syscalls/render.hpp"
#include "model/syscalls/spec.hpp"
#include "model/syscalls/traced_paths.hpp"
#include "os/proc/descriptors.hpp"
#include "trace/calls/callers.hpp"
#include "trace/calls/inject.hpp"

namespace vdsotrace {
namespace {

Call call_from(const __ptrace_syscall_info& info, std::int64_t restarted_call) {
  Call call;
  begin_system_call(call, arch::abi_of(info.arch, info.entry.nr), static_cast<std::int64_t>(info.entry.nr));
  for (std::size_t i = 0; i < call.args.size(); ++i) call.args[i] = info.entry.args[i];
  call.stack_pointer = info.stack_pointer;
  call.instruction_pointer = info.instruction_pointer;
  // restart_syscall(2) has no arguments; the registers hold those of the call that it goes on with.
  if (call.name == "restart_syscall") call.args = {static_cast<std::uint64_t>(restarted_call)};
  call.engine = "ptrace";
  return call;
}

std::string_view symbol_of(const VdsoFunction& function) { return service_for(function)->symbol; }

/// Whether a stub makes the call, to wait for room in its thread's ring: it is no call of the program's.
bool waits_in_stub(const Thread& thread, std::uint64_t instruction_pointer) {
  return thread.space->engine_memory().contains(instruction_pointer) &&
         thread.space->fallback_at(instruction_pointer) == nullptr;
}

}  // namespace

Resume SystemCalls::on_stop(StoppedThread& stopped, const __ptrace_syscall_info& info) {
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) return on_entry(stopped, info);
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) return on_exit(stopped, info.exit.rval, info.exit.is_error != 0);
  return {};
}

Resume SystemCalls::on_filtered(StoppedThread& stopped, const __ptrace_syscall_info& info) {
  const Thread& thread = stopped.thread();
  // Where all calls stop, the entry has been seen.
  if (vsyscalls_.on_filtered(stopped, info) || thread.in_call) return {};
  __ptrace_syscall_info entry = info;
  entry.entry.nr = info.seccomp.nr;
  std::ranges::copy(info.seccomp.args, entry.entry.args);
  // Of a thread that is traced in silence, and whose vDSO is as it was, only clones matter: its children must stay
  // ours.
  const bool silent = thread.role != Thread::Role::traced && !thread.space->vdso().is_patched();
  const bool acted_upon = !silent || call_from(entry, thread.restarted_call).name.starts_with("clone");
  return acted_upon ? on_entry(stopped, entry) : Resume{};
}

Resume SystemCalls::on_entry(StoppedThread& stopped, const __ptrace_syscall_info& info) {
  Thread& thread = stopped.thread();
  if (waits_in_stub(thread, info.instruction_pointer) || engine_.records_call(thread, info.instruction_pointer))
    return {};
  thread.in_call.emplace();
  CallInProgress& progress = *thread.in_call;
  progress.call = call_from(info, thread.restarted_call);
  Call& call = progress.call;
  const AddressSpace& space = *thread.space;

  const bool capable = space.vdso().serves(call.abi, call.nr);
  progress.fallback_of = capable ? space.fallback_maker(info.instruction_pointer, info.stack_pointer, stopped.memory())
                                 : nullptr;
  const bool merged = engine_.on_call_entry(thread, progress.fallback_of, info.stack_pointer);
  if (capable) call.route = progress.fallback_of != nullptr ? Route::fallback : Route::syscall;
  if (progress.fallback_of != nullptr) call.symbol = symbol_of(*progress.fallback_of);

  progress.wanted = is_wanted(thread, progress, capable);
  call.start_ns = realtime_ns();
  if (needs_.durations) progress.monotonic_start = monotonic_ns();
  if (needs_.kernel_times) progress.kernel_start = kernel_time(thread);
  const Resume how = report_entry(stopped, progress, capable, merged);
  if (call.tampering.result) return how;
  before_call(stopped, progress, engine_);
  // exit(2) never returns, and the end of a leader is not seen before its other threads have ended.
  if (call.name == "exit" && thread.tid == thread.tgid) on_end(thread);
  return how;
}

/// The processor time by which to tell how much a call takes: between its two stops a thread runs in the kernel only.
/// Where its own is not known, that of its process is what the source of stops asks for.
std::optional<std::int64_t> SystemCalls::kernel_time(const Thread& thread) {
  return asks_run_times_ ? run_times_.of(thread.tid) : std::optional(thread.kernel_ns);
}

bool SystemCalls::is_wanted(const Thread& thread, const CallInProgress& progress, bool capable) const {
  const Call& call = progress.call;
  if (thread.role != Thread::Role::traced || !needs_.selection.wants_number(call.abi, call.nr, capable)) return false;
  if (!capable) return needs_.selection.wants_ordinary_calls();
  return progress.fallback_of != nullptr || !engine_.reports_direct_calls(thread);
}

/// Reports the call and does to it what -e inject= asks for. `merged`: it belongs to a call of a vDSO function, to
/// which that was done when the function was entered.
Resume SystemCalls::report_entry(StoppedThread& stopped, CallInProgress& progress, bool capable, bool merged) {
  Call& call = progress.call;
  ProcessDescriptors descriptors(stopped.tid(), needs_.limits.descriptors, needs_.limits.processes);
  if (progress.wanted && !needs_.paths.empty())
    progress.wanted = uses_path(call, stopped.memory(), descriptors, needs_.paths);
  if (!progress.wanted) return {};
  const Resume how = merged ? Resume{} : tamper_at_entry(stopped, progress, capable);
  if (needs_.values) capture_entry(call, stopped.memory(), needs_.limits, &descriptors);
  if (!merged || !engine_.notes_callers()) note_caller(stopped, needs_, call);
  if (needs_.entries && !merged) reporter_.report(stopped.thread(), CallEntered{call});
  return how;
}

Resume SystemCalls::tamper_at_entry(StoppedThread& stopped, CallInProgress& progress, bool vdso_capable) {
  Call& call = progress.call;
  if (const Injection* before = repeated_injection(stopped.thread(), call)) {
    call.tampering.result = refuse_system_call(stopped, *before);
    return {};
  }
  progress.injection = due_injection(needs_, stopped.thread(), call, vdso_capable);
  if (progress.injection == nullptr) return {};
  const Injection& injection = *progress.injection;
  call.tampering.result = injection.replaces() && replace_system_call(stopped, injection, call.abi);
  inject_at_entry(stopped, injection, call, reporter_);
  return {Resume::How::run, injection.signal, injection.enter_delay_ns};
}

/// The result of the call that has returned is set already.
Resume SystemCalls::tamper_at_exit(StoppedThread& stopped, CallInProgress& progress) {
  if (progress.injection == nullptr) return {};
  const Injection& injection = *progress.injection;
  Call& call = progress.call;
  const auto* registers = stopped.registers();
  if (call.tampering.result && registers != nullptr) {
    call.result = injection.register_value();
    call.error = injection.error;
    stopped.set_registers(arch::with_result(*registers, call.result));
  }
  inject_at_exit(stopped, injection, call, reporter_);
  return {Resume::How::run, 0, injection.exit_delay_ns};
}

Resume SystemCalls::on_exit(StoppedThread& stopped, std::int64_t result, bool failed) {
  Thread& thread = stopped.thread();
  // The end of a call that began before we came.
  if (!thread.in_call) return {};
  CallInProgress progress = std::move(*thread.in_call);
  thread.in_call.reset();
  Call& call = progress.call;
  call.ending = Ending::returned;
  call.result = result;
  call.error = failed ? static_cast<int>(-result) : 0;
  const Resume how = tamper_at_exit(stopped, progress);
  if (result == arch::kRestartBlock && call.name != "restart_syscall") thread.restarted_call = call.nr;
  if (needs_.durations) call.duration_ns = monotonic_ns() - progress.monotonic_start;
  if (progress.kernel_start) {
    if (const auto now = kernel_time(thread)) call.kernel_ns = *now - *progress.kernel_start;
  }
  ProcessDescriptors descriptors(stopped.tid(), needs_.limits.descriptors, needs_.limits.processes);
  if (progress.wanted && needs_.values) capture_exit(call, stopped.memory(), needs_.limits, &descriptors);
  if (progress.wanted && needs_.dumps.any()) capture_dump(call, stopped.memory(), needs_.dumps);
  if (thread.in_exec_prologue > 0) --thread.in_exec_prologue;
  if (!call.tampering.result) after_call(stopped, progress, engine_);
  report_exit(thread, std::move(progress));
  return how;
}

void SystemCalls::report_exit(Thread& thread, CallInProgress&& progress) {
  Call& call = progress.call;
  if (progress.fallback_of != nullptr) {
    engine_.on_fallback_exit(thread, std::move(call));
  } else if (call.error != 0 && progress.wanted && call.name == "execve" && thread.phase == Thread::Phase::launching) {
    reporter_.report_of_launch(thread, std::move(call));
  } else if (progress.wanted) {
    reporter_.report(thread, std::move(call));
  }
}

void SystemCalls::on_fault(StoppedThread& stopped) {
  const Thread& thread = stopped.thread();
  if (!needs_.entries || thread.role != Thread::Role::traced) return;
  if (const Call* call = engine_.call_in_progress(stopped)) reporter_.report(thread, CallEntered{*call, true});
}

void SystemCalls::on_end(Thread& thread) {
  vsyscalls_.on_end(thread);
  run_times_.forget(thread.tid);
  if (!thread.in_call) return;
  CallInProgress progress = std::move(*thread.in_call);
  thread.in_call.reset();
  progress.call.ending = Ending::unfinished;
  // The engine reports an open vDSO call, with the system call in it.
  if (progress.fallback_of == nullptr && progress.wanted) reporter_.report(thread, std::move(progress.call));
}

}  // namespace vdsotrace
