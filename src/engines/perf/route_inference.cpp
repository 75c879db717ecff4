#include "engines/perf/route_inference.hpp"

#include <algorithm>
#include <utility>

namespace vdsotrace {
namespace {

void report_vdso(Call&& call, const RouteInference::Report& report) {
  call.route = Route::vdso;
  call.ending = Ending::unseen;
  report(std::move(call));
}

void report_unknown(Call&& call, const RouteInference::Report& report) {
  call.route = Route::unknown;
  call.ending = Ending::unseen;
  report(std::move(call));
}

}  // namespace

/// Each origin makes one sample of a call. So one that comes again from the same origin is a call of its own.
bool RouteInference::is_repeated(const Call& call, std::uint64_t origin) {
  const bool same_place = call.stack_pointer == last_stack_ && call.name == last_name_;
  const bool repeated = same_place && std::ranges::find(seen_by_, origin) == seen_by_.end() && !seen_by_.empty();
  if (!repeated) seen_by_.clear();
  seen_by_.push_back(origin);
  last_stack_ = call.stack_pointer;
  last_name_ = call.name;
  return repeated;
}

void RouteInference::entered(Call&& call, PerfPoint::Fallbacks fallbacks, std::uint64_t origin, const Report& report) {
  if (is_repeated(call, origin)) return;
  left(report);
  switch (fallbacks) {
    case PerfPoint::Fallbacks::impossible: report_vdso(std::move(call), report); break;
    case PerfPoint::Fallbacks::seen:
      entered_ = std::move(call);
      outside_since_.reset();
      break;
    case PerfPoint::Fallbacks::unseen: report_unknown(std::move(call), report); break;
  }
}

void RouteInference::fell_back(std::string_view symbol, const Report& report) {
  // Without an entry it is the second system call of one call, or began before we came: maybe after another call.
  if (!entered_ || (!symbol.empty() && entered_->symbol != symbol)) return;
  Call call = *std::exchange(entered_, std::nullopt);
  call.route = Route::fallback;
  call.ending = Ending::unseen;
  report(std::move(call));
}

void RouteInference::system_call(Call&& call, const Report& report) {
  left(report);
  in_call_ = std::move(call);
}

void RouteInference::fallback_call(Call&& call) {
  if (!entered_ || entered_->name != call.name) return;
  in_call_ = std::move(call);
  in_call_->start_ns = entered_->start_ns;
  in_call_->symbol = entered_->symbol;
  in_call_->engine = entered_->engine;
  in_call_->caller = std::move(entered_->caller);
  in_call_->stack = std::move(entered_->stack);
  in_call_->route = Route::fallback;
  entered_.reset();
}

void RouteInference::system_call_returned(std::int64_t result, std::int64_t time_ns, const Report& report) {
  if (!in_call_) return;
  Call call = *std::exchange(in_call_, std::nullopt);
  call.ending = Ending::returned;
  call.result = result;
  call.error = error_of(result);
  call.duration_ns = time_ns - call.start_ns;
  report(std::move(call));
}

void RouteInference::found_outside(std::int64_t monotonic_ns) {
  if (entered_ && !outside_since_) outside_since_ = monotonic_ns;
}

void RouteInference::complete_until(std::int64_t monotonic_ns, const Report& report) {
  if (outside_since_ && *outside_since_ <= monotonic_ns) left(report);
}

void RouteInference::left(const Report& report) {
  if (entered_) report_vdso(*std::exchange(entered_, std::nullopt), report);
}

void RouteInference::lost(const Report& report) {
  if (entered_) report_unknown(*std::exchange(entered_, std::nullopt), report);
}

void RouteInference::abandon(const Report& report) {
  in_call_.reset();
  lost(report);
}

void RouteInference::end(const Report& report) {
  left(report);
  if (!in_call_) return;
  Call call = *std::exchange(in_call_, std::nullopt);
  call.ending = Ending::unfinished;
  report(std::move(call));
}

}  // namespace vdsotrace
