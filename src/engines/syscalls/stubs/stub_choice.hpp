// Which stub makes a system call: one that counts it, one that records it, or none, as it is to stop.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "arch/record_stub.hpp"
#include "engines/inline/region/stub_record.hpp"
#include "model/syscalls/pointees.hpp"
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
  /// Whether those that stubs count are all that are wanted of their number.
  bool reports_counts() const { return reports_counts_; }
  /// For calls of x86-64's numbers.
  CallStub of(std::int64_t nr) const {
    return nr >= 0 && static_cast<std::size_t>(nr) < stubs_.size() ? stubs_[static_cast<std::size_t>(nr)]
                                                                   : CallStub::none;
  }
  /// Whether stubs count calls of that number by the clock that they are about.
  bool counts_by_clock(std::int64_t nr) const;
  /// Whether a stub can make the call, as far as its arguments show.
  bool suits_stub(const Call& call) const {
    const CallStub stub = call.abi == Abi::x86_64 ? of(call.nr) : CallStub::none;
    return stub == CallStub::counts ||
           (stub == CallStub::records && (!copies_values_ || pointee_plan(call.nr, call.args) != nullptr));
  }
  /// What a stub copies that records calls of that number.
  const arch::CopyPlan& copies(std::int64_t nr) const { return copies_.at(nr); }

 private:
  CallStub choose(const Needs& needs, std::int64_t nr);

  bool records_;
  bool copies_values_;
  RecordSize record_size_;  ///< of the rings
  bool reports_counts_;
  std::vector<CallStub> stubs_;
  std::unordered_map<std::int64_t, arch::CopyPlan> copies_;
};

}  // namespace vdsotrace
