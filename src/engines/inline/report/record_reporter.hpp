// Takes what the stubs of all spaces have recorded out of their rings, and reports it.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engines/inline/plan/stub_settings.hpp"
#include "engines/inline/report/open_call_reporter.hpp"
#include "engines/inline/space/stub_spaces.hpp"
#include "os/self/urgency.hpp"
#include "trace/drain_pace.hpp"

namespace vdsotrace {

class RecordReporter {
 public:
  /// `engine`: whose calls they are.
  RecordReporter(const StubSettings& settings, EventSink& sink, std::string_view engine);

  /// A thread of the space stopped: reports what it did before.
  void report_before_stop(StubSpace& stubs, pid_t tid);
  /// Reports what is in all rings.
  Drained drain(const StubSpaces& spaces);
  /// A thread of the space ended: the last, if `final`.
  void report_before_end(StubSpace& stubs, bool final);
  /// No thread writes any more: reports the rest, and the totals of what was only counted.
  void finish(StubSpace& stubs);
  /// A handler is about to interrupt the call that the thread is in, if it is in one. The handler makes calls of its
  /// own, and may jump out of the interrupted one: that would never return, so it must be known.
  void note_interrupted(StubSpace& stubs, StoppedThread& stopped);
  /// How many system calls have been reported.
  std::uint64_t system_calls_taken() const { return system_calls_taken_; }
  /// System calls that have no complete record yet.
  OpenCallReporter& open_calls() { return open_calls_; }

 private:
  /// Where calls are reported one by one records become calls; else they are only added up.
  std::vector<RecordedCall>* calls() { return settings_.depth == StubDepth::values ? &calls_ : nullptr; }
  /// How full the fullest ring is, and how many rings there are whose threads spin if they are full.
  struct Load {
    double fill = 0;
    std::size_t spinning = 0;
  };
  void return_ring(StubSpace& stubs, pid_t tid, pid_t writer);
  Load look_at(const StubSpaces& spaces);
  void set_urgency(const Load& load);
  void collect(StubSpace& stubs, bool final);
  void report_lost(const StubSpace& stubs, std::uint64_t lost);
  void report_calls();
  void report_call(const RecordedCall& recorded);
  void report_progress(const StubSpaces& spaces);
  void report_total(const StubSpace& stubs, const CallTally& tally);

  const StubSettings& settings_;
  EventSink& sink_;
  CallMaker maker_;
  std::vector<RecordedCall> calls_;                           ///< filled and reported within one call
  std::vector<std::pair<std::uint64_t, std::size_t>> order_;  ///< their times and places, the same
  std::vector<StubSpace*> filled_;                            ///< in whose rings something lies, within one drain
  OpenCallReporter open_calls_;
  std::int64_t progress_reported_ = 0;
  std::uint64_t system_calls_taken_ = 0;
  Urgency urgency_;
  std::size_t spinning_ = 0;  ///< Load's, at the last drain
  std::size_t processors_;
};

}  // namespace vdsotrace
