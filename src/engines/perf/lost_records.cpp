#include "engines/perf/lost_records.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace vdsotrace {

void LostRecords::note(const PerfRecord& record) {
  const auto* lost = std::get_if<PerfLost>(&record);
  if (lost != nullptr) recorded_ += lost->count;
  full_ = full_ || lost != nullptr || std::holds_alternative<PerfGap>(record);
}

void LostRecords::begin() {
  if (std::exchange(full_, false)) before_ = all();
}

std::uint64_t LostRecords::count() {
  if (!std::exchange(full_, false)) return 0;
  const std::uint64_t now = std::max(all() - before_, counted_);
  return now - std::exchange(counted_, now);
}

}  // namespace vdsotrace
