#include "audit/tally.hpp"

#include <algorithm>

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
/// What a process's calls were counted as is reported all at once, now and then: Counts so close to each other are
/// about the same time.
constexpr std::int64_t kReportedTogetherNs = 50'000'000;
constexpr std::size_t kMostProcesses = 4096;

/// Under the others the thread stopped within the call: what took so long was us.
bool measured_truly(const Call& call) { return call.duration_ns && (call.engine == "inline" || call.engine == "perf"); }

CallerKey key_of(const Caller& caller) { return {caller.module, caller.symbol, caller.offset}; }

CallerPath path_of(const Caller& caller) {
  const Caller* beyond = caller.beyond_runtimes();
  CallerPath path{key_of(caller), beyond != nullptr ? key_of(*beyond) : CallerKey{}};
  // A place in code that was made at run time, without a name.
  if (!path.beyond.known()) path.beyond = {};
  return path;
}

}  // namespace

void AuditTotal::add(const AuditTotal& more) {
  count += more.count;
  errors += more.errors;
  measured += more.measured;
  duration_ns += more.duration_ns;
}

/// Makes room for that time. Threads are reported a little out of order: what was before the first is with the first.
std::size_t Timeline::span_at(std::int64_t time_ns) {
  if (spans_.empty()) start_ns_ = time_ns;
  const std::int64_t since = time_ns > start_ns_ ? time_ns - start_ns_ : 0;
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
  return at;
}

void Timeline::add(std::int64_t time_ns, Route route, std::uint64_t count) {
  const std::size_t at = span_at(time_ns);
  spans_[at][static_cast<std::size_t>(route)] += count;
}

void Timeline::add(std::int64_t from_ns, std::int64_t to_ns, Route route, std::uint64_t count) {
  if (spans_.empty()) span_at(from_ns);
  const std::size_t last = span_at(to_ns);
  const std::size_t first = std::min(span_at(from_ns), last);
  const auto in_run = [&](std::int64_t time) { return static_cast<double>(std::max(time, start_ns_) - start_ns_); };
  const double from = in_run(from_ns), length = std::max(1.0, in_run(to_ns) - from);
  std::uint64_t given = 0;
  for (std::size_t at = first; at <= last; ++at) {
    const double before_end = static_cast<double>(at + 1) * static_cast<double>(span_ns_) - from;
    const double part = at == last ? 1 : std::min(1.0, before_end / length);
    const std::uint64_t until_end = at == last ? count : static_cast<std::uint64_t>(part * static_cast<double>(count));
    spans_[at][static_cast<std::size_t>(route)] += until_end - given;
    given = until_end;
  }
}

void AuditTally::add(const Event& event) {
  if (first_ns_ == 0) first_ns_ = event.time_ns;
  if (const auto* call = std::get_if<Call>(&event.body)) {
    if (call->route) add(*call);
  } else if (const auto* counts = std::get_if<Counts>(&event.body)) {
    if (counts->route && counts->count > 0) add(event, *counts);
  } else {
    note(event);
  }
}

void AuditTally::note(const Event& event) {
  if (const auto* execed = std::get_if<Execed>(&event.body)) {
    unjudged_programs_ += execed->vdso_known ? 0 : 1;
    note_begin(event);
  } else if (const auto* started = std::get_if<Started>(&event.body)) {
    unjudged_programs_ += started->vdso_known ? 0 : 1;
    if (started->begins_process()) note_begin(event);
  } else if (const auto* lost = std::get_if<Lost>(&event.body)) {
    lost_ += lost->count;
  } else if (const auto* notice = std::get_if<Notice>(&event.body)) {
    notices_.add(event.pid, *notice);
  } else if (const auto* source = std::get_if<Clocksource>(&event.body)) {
    if (!source->name.empty() && clocksources_.size() < kMostClocksources) clocksources_.push_back(source->name);
  }
}

void AuditTally::add(const Call& call) {
  const bool measured = with_durations_ && measured_truly(call);
  const AuditTotal total{1, call.error != 0 ? 1u : 0u, measured ? 1u : 0u, measured ? *call.duration_ns : 0};
  timeline_.add(call.start_ns, *call.route, 1);
  const auto clock = clock_id_of(call, explainer_.tables().services);
  AuditEntry& entry = add(
      {display_name(call), clock ? clock_kind_name(*clock, explainer_.tables().clocks) : "", *call.route, call.reason},
      call.caller, total);
  if (measured) entry.durations.add(*call.duration_ns);
  if (!call.stack.empty()) add_stack(entry, call.stack);
}

/// What is counted from now on in a process was made after this. A run can have any number of them.
void AuditTally::note_begin(const Event& event) {
  if (counted_.size() >= kMostProcesses) counted_.clear();
  counted_[event.pid] = {event.time_ns, event.time_ns};
}

void AuditTally::add(const Event& event, const Counts& counts) {
  const bool measured = with_durations_ && counts.duration_ns;
  const AuditTotal total{counts.count, counts.errors, measured ? counts.count : 0, measured ? *counts.duration_ns : 0};
  CountedTime& time = counted_.try_emplace(event.pid, CountedTime{first_ns_, first_ns_}).first->second;
  if (event.time_ns - time.last_ns > kReportedTogetherNs) time.since_ns = time.last_ns;
  time.last_ns = event.time_ns;
  timeline_.add(time.since_ns, event.time_ns, *counts.route, counts.count);
  const auto clock = counts.clock
                         ? clock_kind_name(static_cast<std::int32_t>(*counts.clock), explainer_.tables().clocks)
                         : std::string();
  AuditEntry& entry = add({std::string(counts.name), clock, *counts.route, explainer_.reason_of(event.pid, counts)},
                          counts.caller, total);
  if (measured && counts.durations) entry.durations.add(*counts.durations);
}

AuditEntry& AuditTally::add(AuditKey key, const std::optional<Caller>& caller, const AuditTotal& total) {
  if (entries_.size() >= kMostEntries && !entries_.contains(key)) key.clock = kOtherClocks;
  AuditEntry& entry = entries_[std::move(key)];
  entry.total.add(total);
  CallerPath path = caller ? path_of(*caller) : CallerPath{};
  if (entry.callers.size() >= kMostCallers && !entry.callers.contains(path)) path = {};
  entry.callers[std::move(path)].add(total);
  return entry;
}

void AuditTally::add_stack(AuditEntry& entry, const std::vector<Caller>& places) {
  CallStack stack;
  for (const Caller& place : places) stack.push_back(key_of(place));
  if (!entry.stacks.contains(stack) && ++stacks_ > kMostStacks) stack = {CallerKey{}};
  ++entry.stacks[std::move(stack)];
}

}  // namespace vdsotrace
