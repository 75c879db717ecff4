// Reports system calls that threads are making in stubs: their records are begun, and complete when they return.
#pragma once

#include <cstdint>
#include <vector>

#include "engines/inline/space/stub_space.hpp"

namespace vdsotrace {

/// So many ticks of the counter a call may take without being shown before its end.
std::uint64_t quick_ticks(const TscClock& clock);

/// Does nothing where no system calls are recorded.
class OpenCallReporter {
 public:
  /// `maker` has a clock where system calls are recorded, and outlives this.
  OpenCallReporter(const StubSettings& settings, EventSink& sink, const CallMaker& maker)
      : settings_(settings), sink_(sink), maker_(maker) {}

  /// Those that take a while, each once: they may be overtaken by what is reported next.
  void report_begun(StubSpace& stubs);
  /// The thread ends in the middle of its call.
  void report_unreturned(StubSpace& stubs, pid_t tid);
  /// It makes the call once more from the beginning: it has been interrupted in front of it.
  void report_abandoned(StubSpace& stubs, pid_t tid);

 private:
  bool records_in(const StubSpace& stubs) const;
  void look_at(Call& call, pid_t tid) const;
  template <class Body>
  Event event_of(const RecordedCall& recorded) const;

  const StubSettings& settings_;
  EventSink& sink_;
  const CallMaker& maker_;
  std::vector<RecordedCall> begun_;  ///< filled and reported within one call
};

}  // namespace vdsotrace
