// How the threads of a process wait for room in their rings.
#pragma once

#include <cstdint>

#include "arch/stub_layout.h"
#include "engines/inline/region/region_memory.hpp"

namespace vdsotrace {

class RingWaits {
 public:
  /// `may_sleep`: stubs may put them to sleep by futex(2). Else they spin.
  RingWaits(RegionMemory& memory, bool may_sleep) : memory_(memory), may_sleep_(may_sleep) {
    memory_.store<std::uint32_t>(REGION_MAY_SLEEP, may_sleep ? 1 : 0);
  }

  bool may_sleep() const { return may_sleep_; }
  /// From now on stubs make no system call while a ring is full.
  void forbid_sleep() {
    may_sleep_ = false;
    memory_.store<std::uint32_t>(REGION_MAY_SLEEP, 0);
  }
  /// Those that wait go on without a record, until the next drain.
  void end() { memory_.store<std::uint32_t>(REGION_ORPHANED, 1); }

 private:
  RegionMemory& memory_;
  bool may_sleep_;
};

}  // namespace vdsotrace
