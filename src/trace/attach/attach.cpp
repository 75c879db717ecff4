#include "trace/attach/attach.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "os/memory/vdso_mapping.hpp"
#include "os/proc/proc.hpp"
#include "trace/remote/remote_call.hpp"
#include "trace/started_reports.hpp"

namespace vdsotrace {
namespace {

/// One stopped thread for each address space that has not been looked at: one whose events are reported, if the space
/// has such a thread.
std::vector<StoppedThread*> one_for_each_space(std::span<StoppedThread> stopped) {
  std::map<const AddressSpace*, StoppedThread*> chosen;
  for (StoppedThread& one : stopped) {
    if (one.thread().phase != Thread::Phase::attached) continue;
    StoppedThread*& first = chosen[one.thread().space.get()];
    if (first == nullptr || first->thread().role != Thread::Role::traced) first = &one;
  }
  std::vector<StoppedThread*> result;
  result.reserve(chosen.size());
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

/// The number of the process that the user has named, perhaps by one of its threads.
pid_t process_of(pid_t pid) { return static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid)); }

/// Notes the call in which the thread slept when it was interrupted: restart_syscall(2), which goes on with it, does
/// not say.
void note_interrupted_call(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr || arch::return_value(*registers) != arch::kRestartBlock) return;
  stopped.thread().restarted_call = arch::system_call(*registers).nr;
}

}  // namespace

// ---- seize ----

Result<void> Attaching::seize(std::span<const pid_t> pids) {
  for (const pid_t pid : pids) engine_.prepare_attach(process_of(pid));
  Result<void> done;
  for (std::size_t i = 0; done && i < pids.size(); ++i) done = seize(pids[i], Thread::Role::traced);
  for (std::size_t i = 0; done && i < pids.size(); ++i) done = seize_sharers(pids[i]);
  // From now on they make no call that is not seen.
  for (const auto& [tid, thread] : tasks_.threads()) ptrace::interrupt(tid);
  return done;
}

Result<void> Attaching::seize(pid_t pid, Thread::Role role) {
  const pid_t process = process_of(pid);
  if (tasks_.threads_of(process) != nullptr) return {};
  const auto memory = memory_of(process);
  SeizedProcess seized;
  auto done = seize_process(process, seized);
  add_threads(seized, role, memory);
  return done;
}

/// What stands for the address space of a process until that is known: the same object for all processes that share it.
std::shared_ptr<AddressSpace> Attaching::memory_of(pid_t process) const {
  const auto& threads = tasks_.threads();
  const auto shares = [&](const auto& entry) { return share_memory(entry.second->tgid, process); };
  const auto sharer = std::ranges::find_if(threads, shares);
  return sharer != threads.end() ? sharer->second->space : std::make_shared<AddressSpace>();
}

/// Another process that runs in the same memory meets our patches too.
Result<void> Attaching::seize_sharers(pid_t pid) {
  for (const pid_t sharer : sharers_of(pid)) {
    auto done = seize(sharer, Thread::Role::guarded);
    // It may have ended or executed a program meanwhile.
    if (done || !share_memory(pid, sharer)) continue;
    done.error().message = fmt::format("cannot attach to process {}: it shares its memory with process {}: {}", pid,
                                       sharer, done.error().message);
    return done;
  }
  return {};
}

void Attaching::add_threads(const SeizedProcess& seized, Thread::Role role,
                            const std::shared_ptr<AddressSpace>& memory) {
  const auto actions = std::make_shared<SignalActions>();
  for (const pid_t tid : seized.threads) {
    Thread& thread = tasks_.add(tid, seized.pid);
    thread.phase = Thread::Phase::attached;
    thread.role = role;
    thread.space = memory;
    thread.actions = actions;
  }
}

// ---- stop, and go on ----

bool Attaching::begin() {
  if (!world_.stop_to_attach()) return false;
  const StopWorld::Held held = world_.take_held();
  world_.forget_sleepers();
  std::vector<StoppedThread> stopped;
  stopped.reserve(held.size());
  for (const auto& [tid, status] : held) stopped.emplace_back(*tasks_.find(tid));
  observe(stopped);
  for (StoppedThread& one : stopped) {
    const auto& status = held.at(one.tid());
    const Resume how = status ? handler_.decide(one, *status) : Resume{};
    handler_.go_on(std::move(one), how, status);
  }
  return true;
}

/// Every thread of the attached processes is stopped, or asleep in the kernel where nothing wakes it. `stopped`: all
/// that are stopped.
void Attaching::observe(std::span<StoppedThread> stopped) {
  read_signal_state();
  const auto representatives = one_for_each_space(stopped);
  for (StoppedThread* one : representatives) learn_address_space(*one);
  for (const auto& [pid, process] : tasks_.processes()) report_attached(tasks_, reporter_, pid);
  for (StoppedThread& one : stopped) note_interrupted_call(one);
  for (StoppedThread* one : representatives) install(*one, stopped);
  announce_others(stopped, representatives);
  for (StoppedThread& one : stopped) learn_trap_action(one);
}

// ---- learn ----

void Attaching::read_signal_state() {
  std::set<pid_t> read;
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (read.insert(thread->tgid).second) *thread->actions = running_signal_actions(thread->tgid);
    thread->blocked = BlockedSignals(ptrace::signal_mask(tid).value_or(0));
  }
}

void Attaching::learn_address_space(StoppedThread& stopped) {
  engine_.undo_leftovers(stopped);
  const auto* registers = stopped.registers();
  const bool is_64_bit = registers == nullptr || arch::runs_64_bit(*registers);
  const auto known = std::make_shared<AddressSpace>(
      SpaceVdso(read_vdso(stopped.tid()), is_64_bit ? Abi::x86_64 : Abi::i386, tasks_.images()));
  const auto unknown = stopped.thread().space;
  for (const auto& [tid, thread] : tasks_.threads()) {
    if (thread->space == unknown) thread->space = known;
  }
}

/// Whether it matters how a process handles SIGTRAP is certain only once the engine is installed.
void Attaching::learn_trap_action(StoppedThread& stopped) {
  const Thread& thread = stopped.thread();
  const SignalActions& actions = *thread.actions;
  const bool at_stake = actions.has_handler(SIGTRAP) || actions.ignored(SIGTRAP);
  if (!at_stake || actions.known(SIGTRAP) || !engine_.raises_traps(*thread.space)) return;
  if (learn_signal_actions(stopped) || actions.known(SIGTRAP)) return;
  reporter_.report(
      thread, Notice{"how it handles SIGTRAP could not be learnt (it is under seccomp): breakpoints may reset that"});
}

// ---- install ----

void Attaching::install(StoppedThread& stopped, std::span<StoppedThread> all) {
  AddressSpace& space = *stopped.thread().space;
  report_vdso_limits(reporter_, stopped.thread());
  if (space.vdso().image() != nullptr) engine_.install(space, stopped, others_in_its_space(all, stopped));
}

void Attaching::announce_others(std::span<StoppedThread> stopped, std::span<StoppedThread* const> representatives) {
  std::map<pid_t, StoppedThread*> where;
  for (StoppedThread& one : stopped) where[one.tid()] = &one;
  for (const auto& [tid, thread] : tasks_.threads()) {
    const auto found = where.find(tid);
    StoppedThread* one = found == where.end() ? nullptr : found->second;
    const bool is_first = one != nullptr && thread->space->vdso().image() != nullptr &&
                          std::ranges::find(representatives, one) != representatives.end();
    if (!is_first && !thread->executed) engine_.on_attach_thread(*thread, one);
    if (one != nullptr && thread->role != Thread::Role::released) thread->phase = Thread::Phase::live;
  }
}

}  // namespace vdsotrace
