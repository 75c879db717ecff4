#include "trace/task_table.hpp"

#include <unistd.h>

#include <algorithm>

#include "os/proc.hpp"
#include "os/vdso_mapping.hpp"
#include "trace/started_reports.hpp"

namespace vdsotrace {
namespace {

/// A dynamic loader opens and maps some libraries first; a program without a C library never sets the pointer.
constexpr int kCallsToSettle = 256;

}  // namespace

Thread* TaskTable::find(pid_t tid) const {
  const auto found = threads_.find(tid);
  return found == threads_.end() ? nullptr : found->second.get();
}

Thread& TaskTable::add_launching(pid_t pid, bool trap_blocked, bool trap_ignored) {
  Thread& thread = add(pid, pid);
  thread.phase = Thread::Phase::launching;
  thread.on_tracer_death = ptrace::OnTracerDeath::kill;
  thread.space = std::make_shared<AddressSpace>();
  thread.actions = std::make_shared<SignalActions>();
  thread.trap_blocked = trap_blocked;
  if (trap_ignored) thread.actions->set(SIGTRAP, {reinterpret_cast<std::uint64_t>(SIG_IGN), 0, 0, 0});
  return thread;
}

void TaskTable::expect_own_image() {
  if (const auto own = read_own_vdso()) (void)images_.get(own->bytes);
}

Resume TaskTable::detach_or_guard(Thread& thread, int signal) const {
  if (!keep_all_) return {Resume::How::detach, signal};
  thread.role = Thread::Role::guarded;
  return {Resume::How::run, signal};
}

bool TaskTable::clean(StoppedThread& child) {
  AddressSpace& space = *child.thread().space;
  if (!space.patched() || engine_.remove(space, child)) return true;
  child.thread().role = Thread::Role::guarded;
  return false;
}

void TaskTable::detach_at_next_stop(Thread& thread) {
  reporter_.report(thread, Detached{});
  thread.role = Thread::Role::released;
  thread.phase = Thread::Phase::fresh;
}

void TaskTable::drop_siblings(const Thread& survivor) {
  for (const pid_t tid : std::set<pid_t>(processes_[survivor.tgid].threads)) {
    if (tid == survivor.tid) continue;
    engine_.on_end(*threads_.at(tid));
    forget(tid);
  }
  processes_[survivor.tgid].had_threads = false;
}

void TaskTable::take_over(pid_t leader, pid_t former_tid) {
  if (former_tid == leader || find(former_tid) == nullptr) return;
  if (Thread* superseded = find(leader)) engine_.on_end(*superseded);
  engine_.on_end(*threads_.at(former_tid));
  forget(leader);
  auto node = threads_.extract(former_tid);
  node.key() = leader;
  Thread& caller = *threads_.insert(std::move(node)).position->second;
  caller.tid = leader;
  Process& process = processes_.at(caller.tgid);
  process.threads.erase(former_tid);
  process.threads.insert(leader);
  process.had_threads = true;
  taken_over_ = leader;
}

Resume TaskTable::on_exec(StoppedThread& stopped, pid_t former_tid) {
  Thread& thread = stopped.thread();
  if (processes_.at(thread.tgid).had_threads) departed_.note(thread);
  // The engine has been told when its number changed.
  if (std::exchange(taken_over_, 0) != thread.tid) engine_.on_end(thread);
  drop_siblings(thread);
  for (const auto& [tid, other] : threads_) {
    if (other->vfork_child == thread.tgid) other->vfork_child = 0;
  }
  if (thread.role == Thread::Role::guarded) {
    thread.space = std::make_shared<AddressSpace>();
    return detach_or_guard(thread, 0);
  }
  replace_program(stopped, former_tid);
  return {};
}

void TaskTable::replace_program(StoppedThread& stopped, pid_t former_tid) {
  Thread& thread = stopped.thread();
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const Abi abi = arch::runs_64_bit(*registers) ? Abi::x86_64 : Abi::i386;
  auto actions = std::make_shared<SignalActions>(*thread.actions);
  actions->reset_handlers();
  thread.actions = std::move(actions);
  const bool every_call_stopped = thread.space->every_call_stops();
  thread.space = AddressSpace::of(
      read_executed_vdso(stopped.memory(), arch::stack_pointer(*registers), arch::runs_64_bit(*registers)), abi,
      images_);
  // Filters of its own are still on it.
  if (every_call_stopped) thread.space->stop_at_every_syscall();
  if (thread.phase == Thread::Phase::launching) {
    thread.phase = Thread::Phase::live;
    reporter_.report(thread, Started{Started::How::spawn, 0});
  } else if (thread.phase == Thread::Phase::attached) {
    report_attached(*this, reporter_, thread.tgid);
  }
  AddressSpace& space = *thread.space;
  reporter_.report(thread, Execed{proc::executable(thread.tid), former_tid == thread.tid ? 0 : former_tid, space.abi(),
                                  space.facts(), space.is_known()});
  if (options_.hide_vdso && !hide_vdso(stopped))
    reporter_.report(thread, Notice{"the vDSO could not be hidden from this program"});
  report_vdso_limits(reporter_, thread);
  thread.executed = true;
  thread.in_exec_prologue = kCallsToSettle;
}

bool TaskTable::any_patched() const {
  return std::ranges::any_of(threads_, [](const auto& entry) { return entry.second->space->patched(); });
}

bool TaskTable::any_traced() const {
  return std::ranges::any_of(threads_, [](const auto& entry) { return entry.second->role == Thread::Role::traced; });
}

}  // namespace vdsotrace
