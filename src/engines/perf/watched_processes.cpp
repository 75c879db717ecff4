#include "engines/perf/watched_processes.hpp"

#include <poll.h>

#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {
namespace {

bool has_ended(int pidfd) {
  pollfd descriptor{pidfd, POLLIN, 0};
  return ::poll(&descriptor, 1, 0) == 1;
}

}  // namespace

Exited unseen_end() {
  Exited end;
  end.code_known = false;
  return end;
}

WatchedProcess* WatchedProcesses::find(pid_t pid) {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : &found->second;
}

void WatchedProcesses::report(pid_t pid, pid_t tid, Event::Body body) {
  sink_.accept({0, realtime_ns(), pid, tid, std::move(body)});
}

RouteInference::Report WatchedProcesses::report_calls(pid_t pid, pid_t tid) {
  return [this, pid, tid](Call&& call) { report(pid, tid, std::move(call)); };
}

void WatchedProcesses::report_caller_notices() {
  for (const auto& [pid, process] : processes_) {
    for (std::string& notice : process.space->symbols().take_notices()) {
      if (reported_.insert(notice).second) report(pid, pid, Notice{std::move(notice)});
    }
  }
}

void WatchedProcesses::doubt_open_calls() {
  for (auto& [pid, process] : processes_) {
    for (auto& [tid, calls] : process.threads) calls.lost(report_calls(pid, tid));
  }
}

void WatchedProcesses::close_calls_of_sleepers(std::int64_t complete_until) {
  for (auto& [pid, process] : processes_) {
    for (auto& [tid, calls] : process.threads) {
      if (!calls.open()) continue;
      calls.complete_until(complete_until, report_calls(pid, tid));
      const auto at = calls.open() ? proc::user_pc_while_blocked(tid) : std::nullopt;
      if (at && !process.space->vdso().offset_of(*at)) calls.found_outside(monotonic_ns());
    }
  }
}

void WatchedProcesses::abandon_open_calls(std::int64_t complete_until) {
  for (auto& [pid, process] : processes_) {
    for (auto& [tid, calls] : process.threads) {
      calls.complete_until(complete_until, report_calls(pid, tid));
      calls.abandon(report_calls(pid, tid));
    }
  }
}

void WatchedProcesses::end_thread(pid_t pid, pid_t tid, Event::Body last) {
  WatchedProcess* process = find(pid);
  if (process == nullptr) return;
  const auto thread = process->threads.find(tid);
  if (thread == process->threads.end()) return;
  thread->second.end(report_calls(pid, tid));
  process->threads.erase(thread);
  report(pid, tid, std::move(last));
  if (process->threads.empty()) processes_.erase(pid);
}

void WatchedProcesses::end_process(pid_t pid, const Event::Body& last) {
  while (WatchedProcess* process = find(pid)) end_thread(pid, process->threads.begin()->first, last);
}

void WatchedProcesses::end_dead(std::int64_t complete_until) {
  std::vector<pid_t> over;
  for (auto& [pid, process] : processes_) {
    if (process.dead_since && *process.dead_since <= complete_until) over.push_back(pid);
    const bool dead = !process.descriptor || has_ended(process.descriptor.get());
    if (dead && !process.dead_since) process.dead_since = monotonic_ns();
  }
  for (const pid_t pid : over) end_process(pid, unseen_end());
}

void WatchedProcesses::end_all(const Event::Body& last) {
  while (!processes_.empty()) end_process(processes_.begin()->first, last);
}

}  // namespace vdsotrace
