// What perf_event_open(2) measures.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

/// struct perf_event_attr, as much of it as the program says that it has.
extern const ArgKind kPerfEventAttributes;

/// The same for a call whose argument at this address it is.
void print_perf_event_attributes_at(ArgContext& c, std::uint64_t address);

}  // namespace vdsotrace
