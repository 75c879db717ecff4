// What `vdsotrace info --check` says: whether a machine's common time calls stay in user space, as monitoring asks it.
#pragma once

#include <string>

#include "reports/info.hpp"

namespace vdsotrace {

/// As exit statuses have it (docs/formats.md, section 6). Monitoring plug-ins of Nagios know these numbers as OK,
/// WARNING and UNKNOWN.
enum class CheckStatus : std::uint8_t { fine = 0, not_fine = 1, unknown = 3 };

struct Check {
  CheckStatus status = CheckStatus::unknown;
  std::string line;  ///< ended; the last part, after a '|', is performance data of a monitoring plug-in
};

/// The calls that nearly every program makes: by which the check is passed or not.
bool is_common(const CallFacts& call);
/// Not fine where one of them enters the kernel or takes longer than `most_ns`; else unknown where that could not be
/// found out of one, or of none.
Check check_of(const InfoFacts& facts, double most_ns);
/// Where no facts could be had.
Check unknown_check(const std::string& why);

}  // namespace vdsotrace
