// Two counters of one kind of system calls, in memory that processes share with us: calls, and those that failed.
#pragma once

#include <cstdint>
#include <optional>

#include "engines/inline/region/region_memory.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

struct CountedCalls {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
};

class CounterPair {
 public:
  static constexpr std::size_t kBytes = 2 * sizeof(std::uint64_t);

  /// `offset`: in the memory, which lives longer.
  CounterPair(const RegionMemory& memory, std::size_t offset) : memory_(memory), offset_(offset) {}

  /// Counts a call on behalf of a thread that could not do so itself.
  void add_call() const;
  void add_failure() const;
  /// How much more the counters have than `taken`, to which that is added. The processes can have written anything into
  /// them.
  CountedCalls take_new(CountedCalls& taken) const;

 private:
  const RegionMemory& memory_;
  std::size_t offset_;
};

/// The event that so many calls of that number of x86-64 have been made. The number has a name.
Event counts_of(pid_t tgid, std::int64_t nr, const std::optional<Route>& route, const CountedCalls& counted);

}  // namespace vdsotrace
