// Which stub makes a system call: one that counts it, one that records it, or none, as it is to stop.
#pragma once

#include <cstdint>
#include <vector>

#include "vdsotrace/needs.hpp"

namespace vdsotrace {

enum class CallStub : std::uint8_t {
  none,
  counts,   ///< also where nobody asks for the count
  records,  ///< in the thread's ring
};

class StubChoice {
 public:
  explicit StubChoice(const Needs& needs);

  /// Whether calls are wanted one by one.
  bool records() const { return records_; }
  /// For calls of x86-64's numbers.
  CallStub of(std::int64_t nr) const {
    return nr >= 0 && static_cast<std::size_t>(nr) < stubs_.size() ? stubs_[static_cast<std::size_t>(nr)]
                                                                   : CallStub::none;
  }

 private:
  bool records_;
  std::vector<CallStub> stubs_;
};

}  // namespace vdsotrace
