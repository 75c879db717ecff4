// The counter that the processor has beside the kernel's clocks, which stubs and vDSO functions read without a system
// call.
//
//   std::uint64_t read_counter();   its value now
#pragma once

#include "processor/counter.hpp"
