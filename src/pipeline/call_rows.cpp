#include "pipeline/call_rows.hpp"

#include <utility>

namespace vdsotrace {
namespace {

bool names_fixed_clock(std::string_view clock) { return clock.empty() || clock.starts_with("CLOCK_"); }

}  // namespace

void CallRows::fold(std::string& invented, std::string_view others) {
  if (invented_.contains(invented)) return;
  if (invented_.size() < kMostInvented) {
    invented_.insert(invented);
  } else {
    invented = others;
  }
}

CallRows::Row CallRows::at(CallKey key, bool has_number) {
  if (has_number) fold(key.name, "other calls");
  if (!names_fixed_clock(key.clock)) fold(key.clock, "other clocks");
  Histogram* durations = keeps_durations_ ? &durations_[key] : nullptr;
  return {&totals_[std::move(key)], durations};
}

const Histogram* CallRows::durations_of(const CallKey& key) const {
  const auto found = durations_.find(key);
  return found != durations_.end() && found->second.count() > 0 ? &found->second : nullptr;
}

}  // namespace vdsotrace
