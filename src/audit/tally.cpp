#include "audit/tally.hpp"

#include <algorithm>

#include "base/path.hpp"
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
/// Of so many that have ended something may still be reported.
constexpr std::size_t kMostEnded = 1024;

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
    if (call->route) add(event, *call);
  } else if (const auto* counts = std::get_if<Counts>(&event.body)) {
    if (counts->route && counts->count > 0) add(event, *counts);
  } else {
    note_process(event);
    note(event);
  }
}

void AuditTally::note_process(const Event& event) {
  if (const auto* execed = std::get_if<Execed>(&event.body)) {
    unjudged_programs_ += execed->vdso_known ? 0 : 1;
    begin(event, std::string(base_name(execed->program)));
  } else if (const auto* started = std::get_if<Started>(&event.body)) {
    unjudged_programs_ += started->vdso_known ? 0 : 1;
    const bool ran_already = started->how == Started::How::attach;
    if (started->begins_process()) begin(event, process(ran_already ? event.pid : started->ppid).program);
  } else if (std::holds_alternative<Exited>(event.body)) {
    if (event.pid == event.tid) end(event.pid);
  }
}

void AuditTally::note(const Event& event) {
  if (const auto* lost = std::get_if<Lost>(&event.body)) {
    lost_ += lost->count;
  } else if (const auto* notice = std::get_if<Notice>(&event.body)) {
    notices_.add(event.pid, *notice);
  } else if (const auto* source = std::get_if<Clocksource>(&event.body)) {
    if (!source->name.empty() && clocksources_.size() < kMostClocksources) clocksources_.push_back(source->name);
  }
}

CallingProcess& AuditTally::process(std::int32_t pid) {
  return processes_.try_emplace(pid, CallingProcess{"", first_ns_, first_ns_}).first->second;
}

/// What is counted in the process from now on was made after this.
void AuditTally::begin(const Event& event, const std::string& program) {
  processes_[event.pid] = {program, event.time_ns, event.time_ns};
}

void AuditTally::end(std::int32_t pid) {
  ended_.push_back(pid);
  if (ended_.size() <= kMostEnded) return;
  processes_.erase(ended_.front());
  ended_.pop_front();
}

void AuditTally::add(const Event& event, const Call& call) {
  const bool measured = with_durations_ && measured_truly(call);
  const AuditTotal total{1, call.error != 0 ? 1u : 0u, measured ? 1u : 0u, measured ? *call.duration_ns : 0};
  timeline_.add(call.start_ns, *call.route, 1);
  const std::string& program = process(event.pid).program;
  const auto clock = clock_id_of(call, explainer_.tables().services);
  AuditEntry& entry = add(
      {display_name(call), clock ? clock_kind_name(*clock, explainer_.tables().clocks) : "", *call.route, call.reason},
      program, call.caller, total);
  if (measured) entry.durations.add(*call.duration_ns);
  if (call.stack.empty()) return;
  CallStack stack{program, {}};
  for (const Caller& place : call.stack) stack.places.push_back(key_of(place));
  add_stack(entry, std::move(stack));
}

void AuditTally::add(const Event& event, const Counts& counts) {
  const bool measured = with_durations_ && counts.duration_ns;
  const AuditTotal total{counts.count, counts.errors, measured ? counts.count : 0, measured ? *counts.duration_ns : 0};
  CallingProcess& maker = process(event.pid);
  if (event.time_ns - maker.reported_ns > kReportedTogetherNs) maker.since_ns = maker.reported_ns;
  maker.reported_ns = event.time_ns;
  timeline_.add(maker.since_ns, event.time_ns, *counts.route, counts.count);
  const auto clock = counts.clock
                         ? clock_kind_name(static_cast<std::int32_t>(*counts.clock), explainer_.tables().clocks)
                         : std::string();
  AuditEntry& entry = add({std::string(counts.name), clock, *counts.route, explainer_.reason_of(event.pid, counts)},
                          maker.program, counts.caller, total);
  if (measured && counts.durations) entry.durations.add(*counts.durations);
}

AuditEntry& AuditTally::add(AuditKey key, const std::string& program, const std::optional<Caller>& caller,
                            const AuditTotal& total) {
  if (entries_.size() >= kMostEntries && !entries_.contains(key)) key.clock = kOtherClocks;
  AuditEntry& entry = entries_[std::move(key)];
  entry.total.add(total);
  CallerPath path = caller ? path_of(*caller) : CallerPath{};
  if (entry.callers.size() >= kMostCallers && !entry.callers.contains(path)) path = {};
  entry.callers[path].add(total);
  ProgramCaller of{program, std::move(path)};
  if (entry.programs.size() >= kMostCallers && !entry.programs.contains(of)) of = {};
  entry.programs[std::move(of)] += total.count;
  return entry;
}

void AuditTally::add_stack(AuditEntry& entry, CallStack stack) {
  if (!entry.stacks.contains(stack) && ++stacks_ > kMostStacks) stack = {"", {CallerKey{}}};
  ++entry.stacks[std::move(stack)];
}

}  // namespace vdsotrace
