#include "pipeline/pipeline.hpp"

namespace vdsotrace {

bool Pipeline::wanted(const Event& event) const {
  if (const auto* call = std::get_if<Call>(&event.body)) return selection_.wants(*call);
  if (const auto* entered = std::get_if<CallEntered>(&event.body)) return selection_.wants(entered->call);
  if (const auto* signal = std::get_if<Signal>(&event.body)) return selection_.wants_signal(signal->info.si_signo);
  return true;
}

void Pipeline::accept(Event&& event) {
  if (!wanted(event)) return;
  event.seq = ++last_;
  totals_.add(event);
  for (const auto& sink : sinks_) sink->consume(event);
}

void Pipeline::settle() {
  for (const auto& sink : sinks_) sink->settle();
}

Result<void> Pipeline::finish() {
  Result<void> result;
  for (const auto& sink : sinks_) {
    if (auto finished = sink->finish(); !finished && result) result = finished;
  }
  return result;
}

}  // namespace vdsotrace
