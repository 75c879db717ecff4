// A part of the memory that stubs write: one thread's, or the one of all that have none of their own.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "engines/inline/region/stub_record.hpp"

namespace vdsotrace {

/// With a ring where calls are recorded.
struct StubBlock {
  std::size_t number = 0;  ///< of those of threads
  std::size_t offset = 0;
  std::size_t ring = 0;       ///< offset
  std::uint64_t records = 0;  ///< that fit into the ring
  std::size_t room = 0;       ///< bytes of the ring, with what its last record may take beyond it
  std::uint64_t key = 0;
  pid_t tid = 0;
  bool leaving = false;  ///< no thread has it any more: free once it is empty
  bool ended = false;    ///< that thread writes no more
  bool aside = false;    ///< its thread waits, and is to be stopped before there is room
  bool retired = false;  ///< others have its thread's pointer: that may be writing into it, and begins no more
  std::uint64_t taken = 0;
  std::uint64_t call_shown = 0;  ///< BLOCK_CALL_BEGUN of the last system call that was shown before its end
  std::int64_t stuck_since = 0;
  StackBounds stack{};
};

}  // namespace vdsotrace
