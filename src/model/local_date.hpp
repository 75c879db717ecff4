// Dates in this process's time zone, as strace shows them.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

namespace vdsotrace {

struct LocalDate {
  std::tm fields{};
  std::string date;  ///< "2021-04-25T02:10:57"
  std::string zone;  ///< "+0000"
};

/// Of so many seconds since the epoch; nullptr if they have no date. It is the calling thread's until it asks for the
/// next. Cheap for the second that it asked for last: a date costs more than the rest of a line, and most calls of a
/// trace share it.
const LocalDate* local_date(std::int64_t seconds);

}  // namespace vdsotrace
