#include "engines/syscalls/attached/entered_calls.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/perf/perf_events.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {

const EnteredCalls::Points& EnteredCalls::points() {
  static const Points kPoints{own_trace_point_number("raw_syscalls/sys_enter"),
                              own_trace_point_number("syscalls/sys_enter_rt_sigreturn")};
  return kPoints;
}

void EnteredCalls::prepare(pid_t tgid) {
  for (const auto* point : {&points().every_call, &points().handler_return}) {
    if (!*point) continue;
    if (auto use = keep_perf_trace_point(**point)) kept_.push_back(std::move(*use));
  }
  for (const pid_t tid : proc::threads_of(tgid)) {
    if (auto events = open(tid)) prepared_[tgid].emplace(tid, std::move(*events));
  }
}

Result<EnteredCalls::Events> EnteredCalls::open(pid_t tid) const {
  const auto& [every_call, handler_return] = points();
  if (!every_call) return tl::unexpected(every_call.error());
  if (!handler_return) return tl::unexpected(handler_return.error());
  auto calls = open_perf_count(tid, *every_call, filter_);
  if (!calls) return tl::unexpected(calls.error());
  auto handler_returns = open_perf_count(tid, *handler_return, {});
  if (!handler_returns) return tl::unexpected(handler_returns.error());
  return Events{std::move(*calls), std::move(*handler_returns)};
}

void EnteredCalls::watch(pid_t tgid, pid_t tid) {
  if (auto prepared = prepared_.extract(tgid)) begin(tgid, std::move(prepared.mapped()));
  OfThreads& watched = events_[tgid];
  if (watched.contains(tid)) return;
  auto events = open(tid);
  if (events) {
    watched.emplace(tid, std::move(*events));
  } else if (events.error().code != ESRCH && refusal_.empty()) {
    const Error& error = events.error();
    refusal_ = error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
  }
}

/// Of a thread that has come since it is not known whether it has inherited events: then all are opened anew.
void EnteredCalls::begin(pid_t tgid, OfThreads events) {
  const std::vector<pid_t> now = proc::threads_of(tgid);
  const bool same = now.size() == events.size() &&
                    std::ranges::all_of(now, [&events](pid_t tid) { return events.contains(tid); });
  if (!same) return keep(std::move(events));
  const Counted until_now = sum_of(events);
  before_[tgid].calls -= until_now.calls;
  before_[tgid].handler_returns -= until_now.handler_returns;
  events_[tgid] = std::move(events);
}

void EnteredCalls::keep(OfThreads events) {
  for (auto& [tid, of_thread] : events) {
    kept_.push_back(std::move(of_thread.calls));
    kept_.push_back(std::move(of_thread.handler_returns));
  }
}

EnteredCalls::Counted EnteredCalls::sum_of(const OfThreads& events) {
  Counted sum;
  for (const auto& [tid, of_thread] : events) {
    sum.calls += perf_count(of_thread.calls).value_or(0);
    sum.handler_returns += perf_count(of_thread.handler_returns).value_or(0);
  }
  return sum;
}

void EnteredCalls::stop(pid_t tgid) {
  auto stopped = events_.extract(tgid);
  if (!stopped) return;
  const Counted counted = sum_of(stopped.mapped());
  before_[tgid].calls += counted.calls;
  before_[tgid].handler_returns += counted.handler_returns;
  keep(std::move(stopped.mapped()));
}

std::map<pid_t, EnteredCalls::Counted> EnteredCalls::counted() const {
  std::map<pid_t, Counted> all = before_;
  for (const auto& [tgid, events] : events_) {
    const Counted more = sum_of(events);
    all[tgid].calls += more.calls;
    all[tgid].handler_returns += more.handler_returns;
  }
  return all;
}

}  // namespace vdsotrace
