// What the family does when it takes in processes that already run.
#include <algorithm>
#include <set>

#include "os/pid_namespace.hpp"
#include "os/proc.hpp"
#include "trace/remote/remote_call.hpp"
#include "trace/task_table.hpp"

namespace vdsotrace {
namespace {

bool is_new(const Thread& thread) { return thread.phase == Thread::Phase::attached; }

/// One stopped thread for each address space that has not been looked at, one whose events are told if there is one.
std::vector<StoppedThread*> one_for_each_space(std::span<StoppedThread> stopped) {
  std::map<const AddressSpace*, StoppedThread*> chosen;
  for (StoppedThread& one : stopped) {
    if (!is_new(one.thread())) continue;
    StoppedThread*& place = chosen[one.thread().space.get()];
    if (place == nullptr || place->thread().role != Thread::Role::traced) place = &one;
  }
  std::vector<StoppedThread*> result;
  for (const auto& [space, one] : chosen) result.push_back(one);
  return result;
}

std::vector<StoppedThread*> others_in_its_space(std::span<StoppedThread> stopped, const StoppedThread& one) {
  std::vector<StoppedThread*> others;
  for (StoppedThread& other : stopped) {
    if (&other != &one && other.thread().space == one.thread().space) others.push_back(&other);
  }
  return others;
}

/// What it slept in when it was interrupted, as restart_syscall does not tell.
void note_interrupted_call(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr || arch::return_value(*registers) != arch::kRestartBlock) return;
  stopped.thread().restarted_call = arch::system_call(*registers).nr;
}

}  // namespace

void TaskTable::add_attached(const SeizedProcess& seized, Thread::Role role,
                             const std::shared_ptr<AddressSpace>& space) {
  const auto shared = space != nullptr ? space : std::make_shared<AddressSpace>();
  const auto actions = std::make_shared<SignalActions>();
  for (const pid_t tid : seized.threads) {
    Thread& thread = add(tid, seized.pid);
    thread.phase = Thread::Phase::attached;
    thread.role = role;
    thread.space = shared;
    thread.actions = actions;
  }
}

void TaskTable::begin_attached(std::span<StoppedThread> stopped) {
  read_signal_state();
  const auto representatives = one_for_each_space(stopped);
  for (StoppedThread* one : representatives) {
    engine_.undo_leftovers(*one);
    const auto* registers = one->registers();
    const bool wide = registers == nullptr || arch::runs_64_bit(*registers);
    *one->thread().space = *AddressSpace::of(read_vdso(one->tid()), wide ? Abi::x86_64 : Abi::i386, images_);
  }
  report_attached();
  for (StoppedThread& one : stopped) note_interrupted_call(one);
  for (StoppedThread* one : representatives) {
    notice_limits(one->thread());
    if (one->thread().space->image() != nullptr)
      engine_.install(*one->thread().space, *one, others_in_its_space(stopped, *one));
  }
  adopt_others(stopped, representatives);
  for (StoppedThread& one : stopped) learn_signal_actions(one);
}

void TaskTable::read_signal_state() {
  std::set<pid_t> read;
  for (const auto& [tid, thread] : threads_) {
    if (read.insert(thread->tgid).second) *thread->actions = running_signal_actions(thread->tgid);
    thread->trap_blocked = blocks_trap(tid);
  }
}

void TaskTable::report_attached() {
  for (const auto& [pid, process] : processes_) report_attached(pid);
}

void TaskTable::report_attached(pid_t pid) {
  std::vector<Thread*> threads;
  for (const pid_t tid : processes_.at(pid).threads) {
    if (Thread& thread = *threads_.at(tid); is_new(thread)) threads.push_back(&thread);
  }
  const auto parent = static_cast<pid_t>(proc::status_number(pid, "PPid").value_or(0));
  std::size_t count = threads.size();
  for (Thread* thread : threads) {
    thread->phase = Thread::Phase::live;
    const auto vdso = count > 0 ? thread->space->facts() : std::nullopt;
    const pid_t inside = count > 0 ? other_pid_inside(pid) : 0;
    reporter_.report(*thread, Started{Started::How::attach, parent, std::exchange(count, 0), vdso,
                                      thread->space->is_known(), inside});
  }
}

void TaskTable::adopt_others(std::span<StoppedThread> stopped, std::span<StoppedThread* const> representatives) {
  std::map<pid_t, StoppedThread*> where;
  for (StoppedThread& one : stopped) where[one.tid()] = &one;
  for (const auto& [tid, thread] : threads_) {
    const auto found = where.find(tid);
    StoppedThread* one = found == where.end() ? nullptr : found->second;
    const bool is_first = one != nullptr && std::ranges::find(representatives, one) != representatives.end();
    if (!is_first && !thread->executed) engine_.on_attach_thread(*thread, one);
    if (one != nullptr && thread->role != Thread::Role::released) thread->phase = Thread::Phase::live;
  }
}

void TaskTable::learn_signal_actions(StoppedThread& stopped) {
  const Thread& thread = stopped.thread();
  const SignalActions& actions = *thread.actions;
  const bool at_stake = actions.has_handler(SIGTRAP) || actions.ignored(SIGTRAP);
  if (!at_stake || actions.known(SIGTRAP) || !engine_.raises_traps(*thread.space)) return;
  if (vdsotrace::learn_signal_actions(stopped) || actions.known(SIGTRAP)) return;
  reporter_.report(
      thread, Notice{"how it handles SIGTRAP could not be learnt (it is under seccomp): breakpoints may reset that"});
}

}  // namespace vdsotrace
