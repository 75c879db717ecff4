#include "pipeline/aggregate.hpp"

#include "model/syscalls/render.hpp"

namespace vdsotrace {
namespace {

/// Clock ids and call numbers come from the program; beyond so many distinct keys the
/// rest is counted together.
constexpr std::size_t kMostKeys = 4096;
constexpr std::string_view kOthers = "(others)";

}  // namespace

void Aggregate::add_call(CallKey key, const CallTotal& more) {
  if (key.route) {
    routes_[static_cast<std::size_t>(*key.route)] += more.count;
  } else {
    ordinary_ += more.count;
  }
  if (calls_.size() >= kMostKeys && !calls_.contains(key)) {
    key.clock.clear();
    key.name = kOthers;
  }
  CallTotal& total = calls_[std::move(key)];
  total.count += more.count;
  total.errors += more.errors;
  if (more.duration_ns) total.duration_ns = total.duration_ns.value_or(0) + *more.duration_ns;
}

void Aggregate::add(const Event& event) {
  if (const auto* call = std::get_if<Call>(&event.body)) {
    add_call({display_name(*call), clock_of(*call).value_or(""), call->route},
             {1, call->error != 0 ? 1u : 0u, call->duration_ns});
  } else if (const auto* counts = std::get_if<Counts>(&event.body)) {
    const auto clock = counts->clock ? clock_name(static_cast<std::int32_t>(*counts->clock)) : std::string();
    add_call({std::string(counts->name), clock, counts->route}, {counts->count, counts->errors, counts->duration_ns});
  } else if (const auto* started = std::get_if<Started>(&event.body)) {
    ++threads_;
    if (started->how != Started::How::thread) ++processes_;
  } else if (const auto* lost = std::get_if<Lost>(&event.body)) {
    lost_ += lost->count;
  }
}

std::uint64_t Aggregate::vdso_capable() const {
  std::uint64_t sum = 0;
  for (const auto count : routes_) sum += count;
  return sum;
}

}  // namespace vdsotrace
