// What call stubs count, in memory that a process and all that it forks share with us: a pair of counters for each
// system call instruction and number, and for each clock of those that are counted by it. The same pair has the same
// place in all of them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engines/inline/region/region_memory.hpp"
#include "engines/syscalls/counters/counter_pair.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {

class CallCounters {
 public:
  /// How many places there are. The first belongs to no call.
  static constexpr std::uint32_t kMost = 512;
  static constexpr std::size_t kBytes = kMost * CounterPair::kBytes;

  /// `address`: where the processes have it. `tgid`: the first of them.
  CallCounters(SharedMemory memory, std::uint64_t address, pid_t tgid)
      : memory_(std::move(memory), address), tgid_(tgid), calls_(1) {}

  /// Calls of that number from the instruction at `site`.
  struct CountedCall {
    std::uint64_t site = 0;
    std::int64_t nr = 0;
    std::optional<std::uint32_t> clock{};  ///< only those that are about it
    auto operator<=>(const CountedCall&) const = default;
  };
  /// The place of its counters, a new one if it has none. Nothing if there is no more room.
  std::optional<std::uint32_t> place_for(const CountedCall& call, const std::optional<Route>& route);
  /// How many places are in use, with the first, which belongs to no call.
  std::uint32_t places() const { return static_cast<std::uint32_t>(calls_.size()); }
  const CountedCall& call_at(std::uint32_t place) const { return calls_[place].call; }
  std::uint64_t address(std::uint32_t place) const { return memory_.address(offset(place)); }
  pid_t tgid() const { return tgid_; }

  /// Counts a call on behalf of a thread that could not do so itself.
  void add(std::uint32_t place, bool a_call, bool a_failure);

  struct Total {
    CountedCall call;
    std::optional<Route> route;
    CountedCalls counted;
  };
  /// What has been counted since this was asked the last time.
  std::vector<Total> take_new();

 private:
  struct Entry {
    CountedCall call;
    std::optional<Route> route;
    CountedCalls taken;
  };
  static std::size_t offset(std::uint32_t place) { return std::size_t{place} * CounterPair::kBytes; }
  CounterPair pair(std::uint32_t place) const { return {memory_, offset(place)}; }

  RegionMemory memory_;
  pid_t tgid_;
  std::vector<Entry> calls_;
  std::map<CountedCall, std::uint32_t> places_;
};

}  // namespace vdsotrace
