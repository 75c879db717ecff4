#include "trace/task_table.hpp"

#include <algorithm>

namespace vdsotrace {
Thread* TaskTable::find(pid_t tid) const {
  const auto found = threads_.find(tid);
  return found == threads_.end() ? nullptr : found->second.get();
}

Thread& TaskTable::add_launching(pid_t pid, const LaunchSignals& signals) {
  Thread& thread = add(pid, pid);
  thread.phase = Thread::Phase::launching;
  thread.on_tracer_death = ptrace::OnTracerDeath::kill;
  thread.space = std::make_shared<AddressSpace>();
  thread.actions = std::make_shared<SignalActions>();
  thread.blocked = BlockedSignals(signals.blocked);
  for (const int signal : {SIGTRAP, SIGSYS}) {
    if ((signals.ignored & signal_bit(signal)) != 0) thread.actions->set(signal, SignalActions::ignoring());
  }
  return thread;
}

Resume TaskTable::detach_or_guard(Thread& thread, int signal) const {
  if (!keep_all_) return {Resume::How::detach, signal};
  thread.role = Thread::Role::guarded;
  return {Resume::How::run, signal};
}

bool TaskTable::clean(StoppedThread& child) {
  AddressSpace& space = *child.thread().space;
  const bool untouched = !space.vdso().is_patched() && space.call_record() == nullptr;
  if (untouched || engine_.remove(space, child)) return true;
  child.thread().role = Thread::Role::guarded;
  return false;
}

void TaskTable::detach_at_next_stop(Thread& thread) {
  reporter_.report(thread, Detached{});
  thread.role = Thread::Role::released;
  thread.phase = Thread::Phase::fresh;
}

void TaskTable::rename(pid_t former_tid, pid_t tid) {
  auto node = threads_.extract(former_tid);
  node.key() = tid;
  Thread& thread = *threads_.insert(std::move(node)).position->second;
  thread.tid = tid;
  Process& process = processes_.at(thread.tgid);
  process.threads.erase(former_tid);
  process.threads.insert(tid);
  process.had_threads = true;
}

void TaskTable::forget_others(const Thread& survivor) {
  Process& process = processes_.at(survivor.tgid);
  for (const pid_t tid : std::set<pid_t>(process.threads)) {
    if (tid == survivor.tid) continue;
    engine_.on_end(*threads_.at(tid));
    forget(tid);
  }
  process.had_threads = false;
}

bool TaskTable::any_patched() const {
  return std::ranges::any_of(threads_, [](const auto& entry) { return entry.second->space->vdso().is_patched(); });
}

bool TaskTable::any_traced() const {
  return std::ranges::any_of(threads_, [](const auto& entry) { return entry.second->role == Thread::Role::traced; });
}

}  // namespace vdsotrace
