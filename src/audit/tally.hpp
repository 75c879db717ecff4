// What an audit counts: vDSO-capable calls by name, clock, route, reason and caller, in bounded memory.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.hpp"
#include "pipeline/explainer.hpp"
#include "pipeline/notices.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

/// What is one line of an audit.
struct AuditKey {
  std::string name;
  std::string clock;  ///< empty where the call has none
  Route route = Route::vdso;
  std::optional<Reason> reason;  ///< why it entered the kernel
  auto operator<=>(const AuditKey&) const = default;
};

/// Who made calls; all empty: not known.
struct CallerKey {
  std::string module;
  std::string symbol;
  std::uint64_t offset = 0;  ///< from the symbol, or in the module where there is none
  bool known() const { return !module.empty() || !symbol.empty(); }
  auto operator<=>(const CallerKey&) const = default;
};

/// A caller, and the first one beyond language runtimes: the same if it is in none, not known if that is not known.
struct CallerPath {
  CallerKey who;
  CallerKey beyond;
  auto operator<=>(const CallerPath&) const = default;
};

struct AuditTotal {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::uint64_t measured = 0;    ///< calls whose duration is known
  std::int64_t duration_ns = 0;  ///< of those
  void add(const AuditTotal& more);
};

/// Where a program's calls were made from: the places that they return to, innermost first.
struct CallStack {
  std::string program;  ///< as ProgramCaller has it
  std::vector<CallerKey> places;
  auto operator<=>(const CallStack&) const = default;
};

/// A caller in the processes that run one program.
struct ProgramCaller {
  std::string program;  ///< its file's name without the folder; empty: not known
  CallerPath path;
  auto operator<=>(const ProgramCaller&) const = default;
};

struct AuditEntry {
  AuditTotal total;
  std::map<CallerPath, AuditTotal> callers;
  std::map<ProgramCaller, std::uint64_t> programs;  ///< the same calls, by program too
  std::map<CallStack, std::uint64_t> stacks;  ///< calls by whole stack, where those were asked for (Needs::stacks)
  Histogram durations;                        ///< in ns, of measured calls
};

/// Calls by route in equal spans of time. When the run outgrows it, two spans become one.
class Timeline {
 public:
  static constexpr std::size_t kSpans = 256;
  using Counts = std::array<std::uint64_t, kRoutes>;

  void add(std::int64_t time_ns, Route route, std::uint64_t count);
  /// Calls of which it is known only that they were made in that time: as if they had been made evenly, so that a span
  /// which the time shares with others has its part.
  void add(std::int64_t from_ns, std::int64_t to_ns, Route route, std::uint64_t count);
  std::int64_t span_ns() const { return span_ns_; }
  /// Of the first span.
  std::int64_t start_ns() const { return start_ns_; }
  /// Up to the last that is not empty.
  const std::vector<Counts>& spans() const { return spans_; }

 private:
  std::size_t span_at(std::int64_t time_ns);

  std::int64_t start_ns_ = 0;
  std::int64_t span_ns_ = 1'000'000;
  std::vector<Counts> spans_;
};

/// What is known of a process that makes calls.
struct CallingProcess {
  std::string program;           ///< as ProgramCaller has it
  std::int64_t since_ns = 0;     ///< the calls of its last Counts were made after this
  std::int64_t reported_ns = 0;  ///< when these were reported
};

class AuditTally {
 public:
  /// `explainer` has seen every event before this sees it. `with_durations`: durations are part of what is asked, not
  /// only of what some output shows.
  explicit AuditTally(const Explainer& explainer, bool with_durations = true)
      : explainer_(explainer), with_durations_(with_durations) {}

  void add(const Event& event);
  /// What a process runs that ran already: no event says it.
  void name_program(std::int32_t pid, std::string_view program) { processes_[pid].program = program; }

  const std::map<AuditKey, AuditEntry>& entries() const { return entries_; }
  const Timeline& timeline() const { return timeline_; }
  std::uint64_t lost() const { return lost_; }
  const Notices& notices() const { return notices_; }
  /// Clocksources in the order in which they were seen.
  const std::vector<std::string>& clocksources() const { return clocksources_; }
  /// Programs whose vDSO was not found, so that no call of theirs has a route.
  std::uint64_t unjudged_programs() const { return unjudged_programs_; }

 private:
  /// What is no call: which processes there are, and what the figures may lack.
  void note_process(const Event& event);
  void note(const Event& event);
  void add(const Event& event, const Call& call);
  void add(const Event& event, const Counts& counts);
  CallingProcess& process(std::int32_t pid);
  void begin(const Event& event, const std::string& program);
  void end(std::int32_t pid);
  AuditEntry& add(AuditKey key, const std::string& program, const std::optional<Caller>& caller,
                  const AuditTotal& total);
  void add_stack(AuditEntry& entry, CallStack stack);

  const Explainer& explainer_;
  bool with_durations_;
  std::map<AuditKey, AuditEntry> entries_;
  std::size_t stacks_ = 0;
  Timeline timeline_;
  std::map<std::int32_t, CallingProcess> processes_;
  std::deque<std::int32_t> ended_;  ///< of these
  std::int64_t first_ns_ = 0;       ///< when the first event was
  std::uint64_t lost_ = 0;
  std::uint64_t unjudged_programs_ = 0;
  Notices notices_;
  std::vector<std::string> clocksources_;
};

}  // namespace vdsotrace
