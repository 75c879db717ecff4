// How a trace looks as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "vdsotrace/decode_limits.hpp"

namespace vdsotrace {

/// How many digits of a second are shown: their number.
enum class Precision : std::uint8_t { seconds = 0, milliseconds = 3, microseconds = 6, nanoseconds = 9 };

struct TextOptions {
  enum class Stamps : std::uint8_t { none, time_of_day, epoch };
  Stamps stamps = Stamps::none;  ///< -t, -tt, -ttt, --absolute-timestamps
  Precision stamp_precision = Precision::seconds;
  std::optional<Precision> since_last;  ///< -r: time since the line before, too
  std::optional<Precision> durations;   ///< -T
  std::size_t columns = 0;              ///< -a: results begin there at the earliest
  enum class Threads : std::uint8_t {
    of_several,  ///< "[pid N] " where there is more than one
    bracketed,   ///< the same in front of each line
    bare,        ///< "N " in front of each line, as strace -f -o FILE has it
  };
  Threads threads = Threads::of_several;  ///< --always-show-pid
  bool numbers = false;                   ///< -n: a call's number in front of it
  bool instruction_pointers = false;      ///< -i: and where it was made
  bool color = false;
  /// 1: no attach messages; 2: no exit lines; 3: nothing of an exec by another thread; notices: see shown().
  int quiet = 0;
  bool hides_exits = false;       ///< also without `quiet`, as the next
  bool hides_superseded = false;  ///< nothing of an exec by another thread
  bool attachments = true;        ///< "Process N attached" stands here; AttachmentSink says it elsewhere
  bool children = true;           ///< they are followed: an exec by another thread is printed as strace -f does
  DecodeLimits limits{};
  Dumps dumps{};  ///< -e read=, -e write=
};

}  // namespace vdsotrace
