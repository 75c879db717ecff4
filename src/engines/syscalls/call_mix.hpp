// Of the calls at which a thread has stopped of late, how many a stub could make.
#pragma once

#include <bit>
#include <cstdint>

namespace vdsotrace {

/// A call that stubs cannot make takes three stops where calls are dispatched, two elsewhere; one that they can make
/// takes none there. So dispatching pays where they can make more than a third.
class CallMix {
 public:
  void note(bool for_stub) { recent_ = static_cast<std::uint8_t>(recent_ << 1 | (for_stub ? 1 : 0)); }
  bool suits_stubs() const { return std::popcount(recent_) >= 3; }

 private:
  std::uint8_t recent_ = 0;  ///< one bit each, the last one lowest
};

}  // namespace vdsotrace
