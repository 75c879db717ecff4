// Makes events of what happened to a thread.
#pragma once

#include "base/clock.hpp"
#include "trace/thread/thread.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

class Reporter {
 public:
  /// `names_threads`: where a thread begins, or executes, its name is reported (Needs::limits).
  explicit Reporter(EventSink& sink, bool names_threads = false) : sink_(sink), names_threads_(names_threads) {}

  /// Reports it, unless the thread is traced in silence.
  void report(const Thread& thread, Event::Body body) {
    if (names_threads_) note_name(thread, body);
    if (thread.is_reported()) sink_.accept({0, realtime_ns(), thread.tgid, thread.tid, std::move(body)});
  }
  /// Of a program that could not be run: what its user sees of our child.
  void report_of_launch(const Thread& thread, Event::Body body) {
    sink_.accept({0, realtime_ns(), thread.tgid, thread.tid, std::move(body)});
  }
  void flush() { sink_.flush(); }

 private:
  static void note_name(const Thread& thread, Event::Body& body);

  EventSink& sink_;
  bool names_threads_;
};

}  // namespace vdsotrace
