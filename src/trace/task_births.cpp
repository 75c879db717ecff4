// How threads come into the table. Every one is made here, and every child of what its creator was.
#include <linux/sched.h>

#include <algorithm>

#include "trace/attach/seize.hpp"
#include "trace/task_table.hpp"
#include "trace/thread/sharing.hpp"

namespace vdsotrace {
namespace {

std::shared_ptr<SignalActions> inherit_actions(const Thread& creator, std::uint64_t sharing) {
  if ((sharing & CLONE_SIGHAND) != 0) return creator.actions;
  auto actions = std::make_shared<SignalActions>(*creator.actions);
  if ((sharing & CLONE_CLEAR_SIGHAND) != 0) actions->reset_handlers();
  return actions;
}

std::optional<arch::SystemCallRegisters> call_in_progress(StoppedThread& stopped) {
  // A 64-bit program can make a 32-bit call.
  if (const auto& known = stopped.thread().in_call) return {{known->call.abi, known->call.nr, known->call.args}};
  const auto* registers = stopped.registers();
  return registers != nullptr ? std::optional(arch::system_call(*registers)) : std::nullopt;
}

/// A thread that runs in the orphan's memory.
Thread* sharer_of(pid_t orphan, std::uint64_t base, const TaskTable& tasks) {
  for (const auto& [pid, process] : tasks.processes()) {
    Thread* thread = tasks.find(*process.threads.begin());
    if (thread->space->vdso().base() == base && share_memory(pid, orphan)) return thread;
  }
  return nullptr;
}

}  // namespace

Thread& TaskTable::add(pid_t tid, pid_t tgid) {
  // The number may have been that of another task, whose end we have not seen.
  forget(tid);
  auto thread = std::make_unique<Thread>();
  thread->tid = tid;
  thread->tgid = tgid;
  Process& process = processes_[tgid];
  process.threads.insert(tid);
  process.had_threads = process.had_threads || process.threads.size() > 1;
  return *(threads_[tid] = std::move(thread));
}

std::unique_ptr<Thread> TaskTable::forget(pid_t tid) {
  auto node = threads_.extract(tid);
  if (!node) return nullptr;
  sharers_.end_wait(tid);
  const auto process = processes_.find(node.mapped()->tgid);
  process->second.threads.erase(tid);
  if (process->second.threads.empty()) processes_.erase(process);
  return std::move(node.mapped());
}

/// `creator` may be remembered only (Departed).
Thread& TaskTable::add_child(const Thread& creator, pid_t tid, std::uint64_t sharing) {
  const bool same_process = (sharing & CLONE_THREAD) != 0;
  const bool same_memory = (sharing & CLONE_VM) != 0;
  Thread& child = add(tid, same_process ? creator.tgid : tid);
  child.on_tracer_death = creator.on_tracer_death;
  child.space = same_memory ? creator.space : creator.space->copy_for_fork();
  child.actions = inherit_actions(creator, sharing);
  child.blocked = creator.blocked;
  child.filtered = creator.filtered;
  // A thread is born with its pointer, a process with its creator's, which may not be set yet.
  if ((sharing & CLONE_SETTLS) == 0) child.in_exec_prologue = creator.in_exec_prologue;
  const bool traced = creator.role == Thread::Role::traced && (same_process || options_.follow);
  if (!traced) child.role = same_memory ? Thread::Role::guarded : Thread::Role::released;
  if ((sharing & CLONE_VFORK) != 0) child.awaited_by = creator.tid;
  // It is reported together with its creator, which has not been reported yet.
  if (traced && creator.phase == Thread::Phase::attached) child.phase = Thread::Phase::attached;
  engine_.on_clone(creator, child);
  reporter_.report(child, Started{how_born(sharing), creator.tgid});
  return child;
}

Thread* TaskTable::on_clone(StoppedThread& stopped) {
  const auto message = ptrace::event_message(stopped.tid());
  const auto call = call_in_progress(stopped);
  if (!message || !call || find(static_cast<pid_t>(*message)) != nullptr) return nullptr;
  const auto child = static_cast<pid_t>(*message);
  const std::uint64_t sharing = sharing_of(*call, stopped.memory());
  if ((sharing & CLONE_VFORK) != 0) stopped.thread().vfork_child = child;
  return &add_child(stopped.thread(), child, sharing);
}

// ---- orphans ----

void TaskTable::remember_dead_parent(const Thread& thread, bool killed) {
  const Process& process = processes_.at(thread.tgid);
  if (process.threads.size() == 1 && (killed || process.had_threads)) departed_.note(thread);
}

void TaskTable::remember_replaced(const Thread& thread) {
  if (processes_.at(thread.tgid).had_threads) departed_.note(thread);
}

Thread* TaskTable::claim_orphan(pid_t tid, bool at_last) {
  const Orphan orphan = look_at_orphan(tid);
  const Thread* found = departed_.creator_of(orphan, at_last);
  if (find(tid) != nullptr || found == nullptr || (orphan.sharing & CLONE_THREAD) != 0) return nullptr;
  Thread creator = *found;
  creator.blocked = BlockedSignals(ptrace::signal_mask(tid).value_or(0));
  if ((orphan.sharing & CLONE_VM) != 0) {
    const Thread* sharer = sharer_of(tid, creator.space->vdso().base(), *this);
    creator.space = sharer != nullptr ? sharer->space : creator.space->copy_for_fork();
    if (sharer != nullptr && share_signal_actions(sharer->tgid, tid)) creator.actions = sharer->actions;
  }
  return &add_child(creator, tid, orphan.sharing);
}

const std::set<pid_t>* TaskTable::threads_of(pid_t pid) const {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : &found->second.threads;
}

}  // namespace vdsotrace
