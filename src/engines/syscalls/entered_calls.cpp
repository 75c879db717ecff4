#include "engines/syscalls/entered_calls.hpp"

#include <fmt/core.h>

#include <cerrno>

#include "engines/syscalls/uncounted_calls.hpp"
#include "os/perf_events.hpp"

namespace vdsotrace {

Result<EnteredCalls::Events> EnteredCalls::open(pid_t tid) {
  static const auto kEvery = own_trace_point_number("raw_syscalls/sys_enter");
  static const auto kHandlerReturn = own_trace_point_number("syscalls/sys_enter_rt_sigreturn");
  if (!kEvery) return tl::unexpected(kEvery.error());
  if (!kHandlerReturn) return tl::unexpected(kHandlerReturn.error());
  auto calls = open_perf_count(tid, *kEvery, all_system_calls_but(numbers_known_otherwise()));
  if (!calls) return tl::unexpected(calls.error());
  auto handler_returns = open_perf_count(tid, *kHandlerReturn, {});
  if (!handler_returns) return tl::unexpected(handler_returns.error());
  return Events{std::move(*calls), std::move(*handler_returns)};
}

void EnteredCalls::watch(pid_t tgid, pid_t tid) {
  auto events = open(tid);
  if (events) {
    events_[tgid].push_back(std::move(*events));
  } else if (events.error().code != ESRCH && refusal_.empty()) {
    const Error& error = events.error();
    refusal_ = error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
  }
}

void EnteredCalls::add(const std::vector<Events>& events, Counted& counted) {
  for (const Events& of_thread : events) {
    counted.calls += perf_count(of_thread.calls).value_or(0);
    counted.handler_returns += perf_count(of_thread.handler_returns).value_or(0);
  }
}

void EnteredCalls::stop(pid_t tgid) {
  const auto found = events_.find(tgid);
  if (found == events_.end()) return;
  add(found->second, stopped_[tgid]);
  events_.erase(found);
}

std::map<pid_t, EnteredCalls::Counted> EnteredCalls::counted() const {
  std::map<pid_t, Counted> all = stopped_;
  for (const auto& [tgid, events] : events_) add(events, all[tgid]);
  return all;
}

}  // namespace vdsotrace
