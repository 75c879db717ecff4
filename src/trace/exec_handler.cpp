#include "trace/exec_handler.hpp"

#include "os/memory/cached_pages.hpp"
#include "os/memory/vdso_mapping.hpp"
#include "os/proc/proc.hpp"
#include "trace/remote/hide_vdso.hpp"
#include "trace/started_reports.hpp"

namespace vdsotrace {
namespace {

/// A dynamic loader opens and maps some libraries first; a program without a C library never sets the pointer.
constexpr int kPrologueCalls = 256;

}  // namespace

void ExecHandler::expect_own_image() {
  const auto own = read_own_vdso();
  if (!own) return;
  if (const auto image = tasks_.images().get(own->bytes)) engine_.prepare_image(**image);
}

void ExecHandler::take_over(pid_t leader, pid_t former_tid) {
  if (former_tid == leader || tasks_.find(former_tid) == nullptr) return;
  if (Thread* superseded = tasks_.find(leader)) engine_.on_end(*superseded);
  engine_.on_end(*tasks_.find(former_tid));
  tasks_.forget(leader);
  tasks_.rename(former_tid, leader);
  taken_over_ = leader;
}

Resume ExecHandler::on_exec(StoppedThread& stopped, pid_t former_tid) {
  Thread& thread = stopped.thread();
  tasks_.remember_replaced(thread);
  // The engine learned of it when the number changed.
  if (std::exchange(taken_over_, 0) != thread.tid) engine_.on_end(thread);
  tasks_.forget_others(thread);
  for (const auto& [tid, other] : tasks_.threads()) {
    if (other->vfork_child == thread.tgid) other->vfork_child = 0;
  }
  thread.awaited_by = 0;
  const bool leaves = options_.detach_on_exec && thread.phase != Thread::Phase::launching;
  if (leaves) reporter_.report(thread, Detached{});
  if (leaves || thread.role == Thread::Role::guarded) {
    thread.space = std::make_shared<AddressSpace>();
    return tasks_.detach_or_guard(thread, 0);
  }
  replace_program(stopped, former_tid);
  return {};
}

void ExecHandler::replace_program(StoppedThread& stopped, pid_t former_tid) {
  Thread& thread = stopped.thread();
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const Abi abi = arch::runs_64_bit(*registers) ? Abi::x86_64 : Abi::i386;
  auto actions = std::make_shared<SignalActions>(*thread.actions);
  actions->reset_handlers();
  thread.actions = std::move(actions);
  const bool every_call_stopped = thread.space->every_call_stops();
  CachedPages memory(thread.tid);
  const auto vdso = read_executed_vdso(memory, arch::stack_pointer(*registers), arch::runs_64_bit(*registers));
  thread.space = std::make_shared<AddressSpace>(SpaceVdso(vdso, abi, tasks_.images()));
  // Filters of its own are still on it.
  if (every_call_stopped) thread.space->stop_at_every_syscall();
  if (thread.phase == Thread::Phase::launching) {
    thread.phase = Thread::Phase::live;
    reporter_.report(thread, Started{Started::How::spawn, 0});
  } else if (thread.phase == Thread::Phase::attached) {
    report_attached(tasks_, reporter_, thread.tgid);
  }
  AddressSpace& space = *thread.space;
  reporter_.report(thread, Execed{proc::executable(thread.tid), former_tid == thread.tid ? 0 : former_tid, space.abi(),
                                  space.vdso().facts(), space.vdso().is_known()});
  if (options_.hide_vdso && !hide_vdso(stopped))
    reporter_.report(thread, Notice{"the vDSO could not be hidden from this program"});
  report_vdso_limits(reporter_, thread);
  thread.executed = true;
  thread.in_exec_prologue = kPrologueCalls;
}

}  // namespace vdsotrace
