#include "pipeline/aggregate.hpp"

#include <algorithm>

#include "model/syscalls/render.hpp"

namespace vdsotrace {

void Aggregate::add_to(CallTotal& total, const std::optional<Route>& route, const CallTotal& more) {
  if (route) {
    routes_[static_cast<std::size_t>(*route)] += more.count;
  } else {
    ordinary_ += more.count;
  }
  total.count += more.count;
  total.errors += more.errors;
  total.unfinished += more.unfinished;
  if (!more.duration_ns) return;
  total.duration_ns = total.duration_ns.value_or(0) + *more.duration_ns;
  total.measured += more.measured;
  if (!more.shortest_ns) return;
  total.shortest_ns = std::min(total.shortest_ns.value_or(*more.shortest_ns), *more.shortest_ns);
  total.longest_ns = std::max(total.longest_ns.value_or(*more.longest_ns), *more.longest_ns);
}

void Aggregate::add_one(const Call& call) {
  const auto spent = time_.of(call);
  const CallTotal one{
      1, call.error != 0 ? 1u : 0u, spent ? 1u : 0u, spent, call.ending == Ending::unfinished ? 1u : 0u, spent, spent};
  const Last key{call.abi, call.nr, call.name, call.args[0], call.route};
  if (last_ != key) {
    const auto clock = clock_id_of(call);
    last_row_ = rows_.at({display_name(call), clock ? clock_kind_name(*clock) : "", call.route}, call.name.empty());
    last_ = key;
  }
  add_to(*last_row_.total, call.route, one);
  if (spent && last_row_.durations != nullptr) last_row_.durations->add(*spent);
}

void Aggregate::add_counts(const Counts& counts) {
  const auto clock = counts.clock ? clock_kind_name(static_cast<std::int32_t>(*counts.clock)) : std::string();
  const std::uint64_t measured = counts.duration_ns ? counts.count : 0;
  CallTotal more{counts.count, counts.errors, measured, counts.duration_ns, 0};
  if (counts.durations && counts.durations->count() > 0) {
    more.shortest_ns = counts.durations->shortest();
    more.longest_ns = counts.durations->longest();
  }
  const CallRows::Row row = rows_.at({std::string(counts.name), clock, counts.route});
  add_to(*row.total, counts.route, more);
  if (counts.durations && row.durations != nullptr) row.durations->add(*counts.durations);
}

void Aggregate::add(const Event& event) {
  if (const auto* call = std::get_if<Call>(&event.body)) {
    add_one(*call);
  } else if (const auto* counts = std::get_if<Counts>(&event.body)) {
    add_counts(*counts);
  } else if (const auto* started = std::get_if<Started>(&event.body)) {
    ++threads_;
    if (started->begins_process()) ++processes_;
  } else if (const auto* lost = std::get_if<Lost>(&event.body)) {
    lost_ += lost->count;
  } else if (const auto* notice = std::get_if<Notice>(&event.body)) {
    notices_.add(event.pid, *notice);
  }
}

std::uint64_t Aggregate::vdso_capable() const {
  std::uint64_t sum = 0;
  for (const auto count : routes_) sum += count;
  return sum;
}

}  // namespace vdsotrace
