// Our standard input and output, which the program that we start has as well.
#pragma once

#include <array>

namespace vdsotrace {

/// While we hold them, the other end does not see that the program has closed them: a pipe's reader waits
/// for more, its writer gets no SIGPIPE.
class StandardStreams {
 public:
  /// Notes which of the two are open. Made before we open anything: a number that is free now may become something
  /// else.
  StandardStreams();
  /// Puts /dev/null in the place of those; standard error is kept for messages.
  void release();

 private:
  std::array<bool, 2> open_;
};

}  // namespace vdsotrace
