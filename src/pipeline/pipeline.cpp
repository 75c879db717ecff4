#include "pipeline/pipeline.hpp"

#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

/// As for one of the calls that were counted.
bool wants(const Selection& selection, const Counts& counts) {
  Call call;
  call.abi = counts.abi;
  call.nr = number_of(counts.abi, counts.name);
  call.route = counts.route;
  return selection.wants(call);
}

}  // namespace

bool Pipeline::wanted(const Event& event) const {
  if (const auto* call = std::get_if<Call>(&event.body)) return selection_.wants(*call);
  if (const auto* entered = std::get_if<CallEntered>(&event.body)) return selection_.wants(entered->call);
  if (const auto* counts = std::get_if<Counts>(&event.body)) return wants(selection_, *counts);
  if (const auto* signal = std::get_if<Signal>(&event.body)) return selection_.wants_signal(signal->info.si_signo);
  return true;
}

void Pipeline::accept(Event&& event) {
  if (finished_) return;
  explainer_.note(event);
  if (!wanted(event)) return;
  if (auto* call = std::get_if<Call>(&event.body)) call->reason = explainer_.reason_of(event.pid, *call);
  event.seq = ++last_;
  totals_.add(event);
  // As with strace, summaries count all the same.
  if (!by_status_.passes(event)) return;
  if (const auto entered = by_status_.take_detached(event)) show(*entered);
  show(event);
}

void Pipeline::show(const Event& event) {
  for (const auto& sink : sinks_) sink->consume(event);
}

void Pipeline::flush() {
  if (finished_) return;
  for (const auto& sink : sinks_) sink->flush();
}

void Pipeline::hold() {
  for (const auto& sink : sinks_) sink->hold(true);
}

void Pipeline::show() {
  for (const auto& sink : sinks_) sink->hold(false);
}

Result<void> Pipeline::finish() {
  Result<void> result;
  finished_ = true;
  for (const auto& sink : sinks_) {
    if (auto finished = sink->finish(); !finished && result) result = finished;
  }
  return result;
}

}  // namespace vdsotrace
