// Which system calls are not counted by their numbers alone where nothing stops.
#pragma once

#include <cstdint>
#include <vector>

namespace vdsotrace {

/// Of x86-64's numbers: calls that make or end threads or programs, which their events show; rt_sigreturn, which needs
/// the program's own instruction; and those that a vDSO offers, which are told apart by clock, and seen by other means.
/// Also what has no name.
bool is_counted_by_number(std::int64_t nr);

/// Those among them of which it is known otherwise how often they are made, or does not matter.
std::vector<std::int64_t> numbers_known_otherwise();

}  // namespace vdsotrace
