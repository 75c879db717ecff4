// Which system calls are not made by a call stub but at a stop, as without one.
#pragma once

#include <cstdint>

namespace vdsotrace {

/// Of x86-64's numbers: calls that make or end threads, that execute programs, that need the program's own registers or
/// instruction, whose effects the tracer must see, and those that are counted by their arguments. Also what has no
/// name.
bool needs_stop(std::int64_t nr);

}  // namespace vdsotrace
