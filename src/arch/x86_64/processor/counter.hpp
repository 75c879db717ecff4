// The time-stamp counter.
#pragma once

#include <x86intrin.h>

#include <cstdint>

namespace vdsotrace::arch {

inline std::uint64_t read_counter() { return __rdtsc(); }

}  // namespace vdsotrace::arch
