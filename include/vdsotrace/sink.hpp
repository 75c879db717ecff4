// A sink turns a stream of events into something people or programs read.
#pragma once

#include "vdsotrace/error.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

class Sink {
 public:
  virtual ~Sink() = default;

  /// Takes one numbered, filtered event. Never fails: an output that breaks is
  /// remembered and reported by finish().
  virtual void consume(const Event& event) = 0;

  /// Nothing more is coming for a while: what is buffered should reach its reader.
  virtual void flush() {}

  /// While `held` several events come at once: a reader need not be shown each by itself.
  virtual void hold(bool held) { static_cast<void>(held); }

  /// Called once, after the last event. Writes what is left (closing line,
  /// summary) and says whether all that was written arrived.
  virtual Result<void> finish() = 0;
};

}  // namespace vdsotrace
