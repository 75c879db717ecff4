// Observing processes that already run.
#include <fmt/core.h>

#include <algorithm>

#include "base/clock.hpp"
#include "os/proc.hpp"
#include "trace/attach/attach.hpp"
#include "trace/session.hpp"

namespace vdsotrace {

Result<void> Session::seize(std::span<const pid_t> pids) {
  Result<void> done;
  for (std::size_t i = 0; done && i < pids.size(); ++i) done = seize(pids[i], Thread::Role::traced);
  for (std::size_t i = 0; done && i < pids.size(); ++i) done = seize_sharers(pids[i]);
  if (!done) release_all();
  return done;
}

Result<void> Session::seize(pid_t pid, Thread::Role role) {
  const auto& threads = tasks_.threads();
  const auto process = static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid));
  const auto known = [&](const auto& entry) { return entry.second->tgid == process; };
  if (std::ranges::any_of(threads, known)) return {};
  const auto shares = [&](const auto& entry) { return share_memory(entry.second->tgid, process); };
  const auto sharer = std::ranges::find_if(threads, shares);
  const auto space = sharer != threads.end() ? sharer->second->space : nullptr;
  SeizedProcess seized;
  auto done = seize_process(process, seized);
  tasks_.add_attached(seized, role, space);
  return done;
}

/// Another process that runs in the same memory meets our patches too.
Result<void> Session::seize_sharers(pid_t pid) {
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

void Session::run_attached(std::optional<std::int64_t> duration_ns) {
  if (begin_attached()) {
    if (duration_ns) source_.set_deadline(monotonic_ns() + *duration_ns);
    do {
      watch([this] { return tasks_.any_traced(); });
      source_.set_deadline(std::nullopt);
    } while (await_orphans());
  }
  release_all();
  // What could not be cleaned cannot be let go. The rest the kernel lets go when we end.
  watch([this] { return tasks_.any_patched(); });
  engine_.drain();
}

/// False if we were told to end before all had stopped.
bool Session::begin_attached() {
  if (!world_.stop_to_attach()) return false;
  const StopWorld::Held held = world_.take_held();
  world_.forget_sleepers();
  std::vector<StoppedThread> stopped;
  stopped.reserve(held.size());
  for (const auto& [tid, status] : held) stopped.emplace_back(*tasks_.find(tid));
  tasks_.begin_attached(stopped);
  for (StoppedThread& one : stopped) {
    const auto& status = held.at(one.tid());
    const Resume how = status ? handler_.decide(one, *status) : Resume{};
    handler_.go_on(std::move(one), how, status);
  }
  return true;
}

}  // namespace vdsotrace
