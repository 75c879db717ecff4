// Which system calls are not made by a call stub but at a stop, as without one.
#pragma once

#include <cstdint>
#include <string_view>

namespace vdsotrace {

/// Whether a system call of that name makes or ends threads, or executes programs.
bool begins_or_ends(std::string_view name);

/// Of x86-64's numbers: calls that make or end threads, that execute programs, that need the program's own registers or
/// instruction, or whose effects the tracer must see. Also what has no name.
bool needs_stop(std::int64_t nr);

/// Of those, calls whose effects the tracer must see only where they have no plan (model/syscalls/pointees.hpp).
bool needs_stop_without_plan(std::int64_t nr);

/// Whether calls of that number are counted by the clock that they are about.
bool is_counted_by_clock(std::int64_t nr);

}  // namespace vdsotrace
