// What site stubs count, in memory that a process and all that it forks share with us: a pair of counters for each
// system call number.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "arch/site_stub.hpp"
#include "engines/inline/region/region_memory.hpp"
#include "engines/syscalls/counters/counter_pair.hpp"

namespace vdsotrace {

class NumberCounters {
 public:
  static constexpr std::size_t kBytes = arch::kCountedNumbers * CounterPair::kBytes;

  /// `address`: where the processes have it. `tgid`: the first of them.
  NumberCounters(SharedMemory memory, std::uint64_t address, pid_t tgid)
      : memory_(std::move(memory), address), tgid_(tgid) {}

  pid_t tgid() const { return tgid_; }
  /// Where the counters of number 0 are in the process; the others follow.
  std::uint64_t address() const { return memory_.address(); }
  /// Counts a call on behalf of a thread that could not do so itself, or whose call no stub has made. Numbers that are
  /// not among arch::kCountedNumbers are left out.
  void add_call(std::int64_t nr);
  void add_failure(std::int64_t nr);

  struct Total {
    std::int64_t nr;
    CountedCalls counted;
  };
  /// What has been counted since this was asked the last time.
  std::vector<Total> take_new();
  /// All calls that have been taken.
  std::uint64_t taken() const { return taken_; }
  /// Calls that the processes' threads have made for us, and no stub.
  void note_own_call() { ++own_calls_; }
  std::uint64_t own_calls() const { return own_calls_; }

 private:
  CounterPair pair(std::int64_t nr) const { return {memory_, static_cast<std::size_t>(nr) * CounterPair::kBytes}; }

  RegionMemory memory_;
  pid_t tgid_;
  std::array<CountedCalls, arch::kCountedNumbers> taken_of_{};  ///< by number
  std::uint64_t taken_ = 0;
  std::uint64_t own_calls_ = 0;
};

}  // namespace vdsotrace
