#include "trace/locked_memory.hpp"

#include <algorithm>

#include "os/proc/proc.hpp"
#include "os/tracing/ptrace.hpp"

namespace vdsotrace {
namespace {

/// A look costs some 30 microseconds.
constexpr std::int64_t kEachProcessNs = 50'000'000;
constexpr std::int64_t kLeastNs = 5'000'000;
/// So many threads of a process are asked at most whether they run.
constexpr int kMostAsked = 64;

std::int64_t locked_kb(pid_t pid) { return proc::status_number(pid, "VmLck").value_or(0); }

bool has_engine_memory(const AddressSpace& space) {
  const EngineMemory& memory = space.engine_memory();
  return memory.start != memory.end;
}

/// A thread of the process, if possible one that runs: it is in no call that an interruption would cut short. 0 if all
/// are stopped.
pid_t thread_to_interrupt(const TaskTable& tasks, const std::set<pid_t>& threads) {
  pid_t any = 0;
  int asked = 0;
  for (const pid_t tid : threads) {
    const Thread* thread = tasks.find(tid);
    if (thread == nullptr || thread->stopped || thread->rests) continue;
    any = tid;
    if (++asked > kMostAsked || proc::state(tid) == 'R') break;
  }
  return any;
}

}  // namespace

std::optional<std::int64_t> LockedMemory::look(std::int64_t now) {
  const auto& processes = tasks_.processes();
  if (processes.empty()) return std::nullopt;
  if (now >= next_) {
    auto found = processes.upper_bound(last_);
    if (found == processes.end()) found = processes.begin();
    last_ = found->first;
    look_at(last_);
    next_ = now + std::max(kEachProcessNs / static_cast<std::int64_t>(processes.size()), kLeastNs);
  }
  return next_ - now;
}

void LockedMemory::look_at(pid_t pid) {
  TaskTable::Process& process = tasks_.process(pid);
  const Thread* first = process.threads.empty() ? nullptr : tasks_.find(*process.threads.begin());
  if (first == nullptr || !has_engine_memory(*first->space)) return;
  const std::int64_t locked = locked_kb(pid);
  process.is_to_unlock = process.is_to_unlock || locked > process.locked_kb;
  process.locked_kb = locked;
  if (!process.is_to_unlock) return;
  if (const pid_t tid = thread_to_interrupt(tasks_, process.threads)) ptrace::interrupt(tid);
}

void LockedMemory::on_interruption(StoppedThread& stopped) {
  const pid_t pid = stopped.thread().tgid;
  if (!tasks_.processes().contains(pid)) return;
  TaskTable::Process& process = tasks_.process(pid);
  if (!std::exchange(process.is_to_unlock, false)) return;
  engine_.on_memory_locked(stopped);
  process.locked_kb = locked_kb(pid);
}

}  // namespace vdsotrace
