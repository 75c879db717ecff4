#include "pipeline/audit_tally.hpp"

#include "model/syscalls/render.hpp"

namespace vdsotrace {
namespace {

/// Clock ids and callers come from the program, which can invent any number of them: so many are kept apart, the rest
/// is counted together.
constexpr std::size_t kMostEntries = 512;
constexpr std::size_t kMostCallers = 4096;
constexpr std::size_t kMostStacks = 16384;
constexpr std::size_t kMostClocksources = 64;
constexpr std::string_view kOtherClocks = "other clocks";

/// Under the others the thread stopped within the call: what took so long was us.
bool measured_truly(const Call& call) { return call.duration_ns && (call.engine == "inline" || call.engine == "perf"); }

CallerKey key_of(const Caller& caller) { return {caller.module, caller.symbol, caller.offset}; }

}  // namespace

void AuditTotal::add(const AuditTotal& more) {
  count += more.count;
  errors += more.errors;
  measured += more.measured;
  duration_ns += more.duration_ns;
}

void Timeline::add(std::int64_t time_ns, Route route, std::uint64_t count) {
  if (spans_.empty()) start_ns_ = time_ns;
  // Threads are told a little out of order.
  std::int64_t since = time_ns > start_ns_ ? time_ns - start_ns_ : 0;
  while (since / span_ns_ >= static_cast<std::int64_t>(kSpans)) {
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const Counts from = spans_[i];
      if (i % 2 == 0) spans_[i / 2] = {};
      for (std::size_t r = 0; r < kRoutes; ++r) spans_[i / 2][r] += from[r];
    }
    spans_.resize((spans_.size() + 1) / 2);
    span_ns_ *= 2;
  }
  const auto at = static_cast<std::size_t>(since / span_ns_);
  if (at >= spans_.size()) spans_.resize(at + 1);
  spans_[at][static_cast<std::size_t>(route)] += count;
}

void AuditTally::add(const Event& event) {
  if (const auto* call = std::get_if<Call>(&event.body)) {
    if (!call->route) return;
    const bool measured = measured_truly(*call);
    const AuditTotal total{1, call->error != 0 ? 1u : 0u, measured ? 1u : 0u, measured ? *call->duration_ns : 0};
    timeline_.add(call->start_ns, *call->route, 1);
    AuditEntry& entry =
        add({display_name(*call), clock_of(*call).value_or(""), *call->route, call->reason}, call->caller, total);
    if (!call->stack.empty()) add_stack(entry, call->stack);
  } else if (const auto* counts = std::get_if<Counts>(&event.body)) {
    if (!counts->route || counts->count == 0) return;
    const AuditTotal total{counts->count, counts->errors, counts->duration_ns ? counts->count : 0,
                           counts->duration_ns.value_or(0)};
    const auto clock = counts->clock ? clock_name(static_cast<std::int32_t>(*counts->clock)) : std::string();
    add({std::string(counts->name), clock, *counts->route, explainer_.reason_of(event.pid, *counts)}, counts->caller,
        total);
  } else if (const auto* execed = std::get_if<Execed>(&event.body)) {
    unjudged_programs_ += execed->vdso_known ? 0 : 1;
  } else if (const auto* started = std::get_if<Started>(&event.body)) {
    unjudged_programs_ += started->vdso_known ? 0 : 1;
  } else if (const auto* lost = std::get_if<Lost>(&event.body)) {
    lost_ += lost->count;
  } else if (const auto* source = std::get_if<Clocksource>(&event.body)) {
    if (!source->name.empty() && clocksources_.size() < kMostClocksources) clocksources_.push_back(source->name);
  }
}

AuditEntry& AuditTally::add(AuditKey key, const std::optional<Caller>& caller, const AuditTotal& total) {
  if (entries_.size() >= kMostEntries && !entries_.contains(key)) key.clock = kOtherClocks;
  AuditEntry& entry = entries_[std::move(key)];
  entry.total.add(total);
  CallerKey who = caller ? key_of(*caller) : CallerKey{};
  if (entry.callers.size() >= kMostCallers && !entry.callers.contains(who)) who = {};
  entry.callers[std::move(who)].add(total);
  return entry;
}

void AuditTally::add_stack(AuditEntry& entry, const std::vector<Caller>& places) {
  CallStack stack;
  for (const Caller& place : places) stack.push_back(key_of(place));
  if (!entry.stacks.contains(stack) && ++stacks_ > kMostStacks) stack = {CallerKey{}};
  ++entry.stacks[std::move(stack)];
}

}  // namespace vdsotrace
