#include "trace/calls/vsyscall.hpp"

#include "model/syscalls/begin_call.hpp"
#include "model/syscalls/render.hpp"
#include "trace/calls/callers.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kArguments = 3;

bool in_page(std::uint64_t address) { return address >= arch::kVsyscallPage && address < arch::kVsyscallPageEnd; }

Call call_from(const __ptrace_syscall_info& info) {
  Call call;
  begin_system_call(call, Abi::x86_64, static_cast<std::int64_t>(info.seccomp.nr));
  for (std::size_t i = 0; i < kArguments; ++i) call.args[i] = info.seccomp.args[i];
  call.stack_pointer = info.stack_pointer;
  call.route = Route::vsyscall;
  call.engine = "seccomp";
  return call;
}

}  // namespace

bool Vsyscalls::wanted(const Thread& thread, const Call& call) const {
  return thread.role == Thread::Role::traced && needs_.selection.wants(call);
}

bool Vsyscalls::on_filtered(StoppedThread& stopped, const __ptrace_syscall_info& info) {
  if (!in_page(info.instruction_pointer)) return false;
  Thread& thread = stopped.thread();
  engine_.on_call_entry(thread, nullptr, info.stack_pointer);
  Call call = call_from(info);
  if (!wanted(thread, call)) return true;
  call.start_ns = realtime_ns();
  if (needs_.values) capture_entry(call, stopped.memory(), needs_.limits);
  note_caller_of_function(stopped, needs_, call);
  thread.in_vsyscall = std::move(call);
  ptrace::interrupt(stopped.tid());
  return true;
}

void Vsyscalls::on_stop(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  if (!thread.in_vsyscall) return;
  Call call = std::move(*thread.in_vsyscall);
  thread.in_vsyscall.reset();
  call.ending = Ending::unfinished;
  const auto* registers = stopped.registers();
  // One with a bad pointer stays there: SIGSEGV follows.
  if (registers != nullptr && !in_page(arch::program_counter(*registers))) {
    call.ending = Ending::returned;
    call.result = arch::return_value(*registers);
    call.error = error_of(call.result);
    if (needs_.values) capture_exit(call, stopped.memory(), needs_.limits);
  }
  reporter_.report(thread, std::move(call));
}

void Vsyscalls::on_end(Thread& thread) {
  if (!thread.in_vsyscall) return;
  Call call = std::move(*thread.in_vsyscall);
  thread.in_vsyscall.reset();
  call.ending = Ending::unfinished;
  reporter_.report(thread, std::move(call));
}

}  // namespace vdsotrace
