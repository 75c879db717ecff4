// Makes events of what happened to a thread.
#pragma once

#include "base/clock.hpp"
#include "trace/thread.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

class Reporter {
 public:
  explicit Reporter(EventSink& sink) : sink_(sink) {}

  /// Reports it, unless the thread is traced in silence.
  void report(const Thread& thread, Event::Body body) {
    if (thread.is_reported()) sink_.accept({0, realtime_ns(), thread.tgid, thread.tid, std::move(body)});
  }
  /// Of a program that could not be run: what its user sees of our child.
  void report_of_launch(const Thread& thread, Event::Body body) {
    sink_.accept({0, realtime_ns(), thread.tgid, thread.tid, std::move(body)});
  }
  void flush() { sink_.flush(); }

 private:
  EventSink& sink_;
};

}  // namespace vdsotrace
