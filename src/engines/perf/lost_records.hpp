// How many records there was no room for in perf rings.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "os/perf/perf_records.hpp"

namespace vdsotrace {

/// Since begin(). A loss is recorded with the next record for which there is room: only the events know of the last
/// one, and only since Linux 6.0.
class LostRecords {
 public:
  /// What the events know. Asked only where a ring was full, as there may be thousands. Nothing: the kernel does not
  /// count.
  using Known = std::function<std::optional<std::uint64_t>()>;
  explicit LostRecords(Known known) : known_(std::move(known)) {}

  void note(const PerfRecord& record);
  /// What was lost up to now does not count.
  void begin();
  /// How many there are beside those that were counted before.
  std::uint64_t count();
  /// All that were counted.
  std::uint64_t counted() const { return counted_; }

 private:
  std::uint64_t all() const { return known_().value_or(recorded_); }

  Known known_;
  bool full_ = false;           ///< a ring was, since that was last asked
  std::uint64_t recorded_ = 0;  ///< as the rings have it
  std::uint64_t before_ = 0;
  std::uint64_t counted_ = 0;
};

}  // namespace vdsotrace
