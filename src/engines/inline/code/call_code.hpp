// Code in a process that makes its system calls, as it lies there: how it is known, and which rings it records in.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/address_range.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {

/// With what it begins: an instruction for calls of ours, and a name at kCallMemoryName.
std::vector<std::byte> call_memory_header();
inline constexpr std::size_t kCallMemoryName = 16;
inline constexpr std::string_view kCallMemoryFile = "vdsotrace-calls";
/// Behind that, at this offset, an address in the memory of the rings that it writes into; 0: it writes into none.
inline constexpr std::size_t kCallMemoryRings = 32;

/// Whether such code begins that mapping.
bool is_call_code(pid_t tid, const proc::Mapping& mapping);
/// Whether some writes into that memory: it must not be unmapped then, wherever the process's threads are.
bool is_written_by_call_code(pid_t tid, std::span<const proc::Mapping> mappings, const AddressRange& memory);

}  // namespace vdsotrace
