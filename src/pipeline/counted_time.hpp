// What of a call's duration counts in totals.
#pragma once

#include <cstdint>
#include <optional>

#include "vdsotrace/call.hpp"

namespace vdsotrace {

class CountedTime {
 public:
  /// What observing adds to each system call (-O): it is taken off, as far as that is so long.
  void take_off(std::int64_t overhead_ns) { overhead_ns_ = overhead_ns; }
  /// Of processor time nothing is known, and no other is wanted.
  void leave_out() { counts_ = false; }

  /// The time in the kernel where that is known. Nothing if the call was not measured, or times do not count.
  std::optional<std::int64_t> of(const Call& call) const;

 private:
  std::int64_t overhead_ns_ = 0;
  bool counts_ = true;
};

}  // namespace vdsotrace
