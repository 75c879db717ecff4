// Priorities of input and output: ioprio_set(2), and requests of io_submit(2).
#pragma once

#include "model/syscalls/print.hpp"

namespace vdsotrace {

/// "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)"
void print_io_priority(ArgContext& c, std::uint32_t value);

}  // namespace vdsotrace
