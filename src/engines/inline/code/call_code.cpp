#include "engines/inline/code/call_code.hpp"

#include <algorithm>

#include "arch/constants.hpp"
#include "os/memory/remote_memory.hpp"

namespace vdsotrace {

std::vector<std::byte> call_memory_header() {
  std::vector<std::byte> header(kCallMemoryName + kCallMemoryFile.size() + 1);
  std::ranges::copy(arch::kSystemCallThenTrap, header.begin());
  std::ranges::copy(std::as_bytes(std::span(kCallMemoryFile)), header.begin() + kCallMemoryName);
  return header;
}

bool is_call_code(pid_t tid, const proc::Mapping& mapping) {
  if (!mapping.executable || mapping.inode != 0 || !mapping.name.empty()) return false;
  const std::vector<std::byte> header = call_memory_header();
  std::vector<std::byte> there(header.size());
  return RemoteMemory(tid).read(mapping.start, there) == there.size() && there == header;
}

bool is_written_by_call_code(pid_t tid, std::span<const proc::Mapping> mappings, const AddressRange& memory) {
  return std::ranges::any_of(mappings, [&](const proc::Mapping& mapping) {
    if (!is_call_code(tid, mapping)) return false;
    const auto rings = RemoteMemory(tid).object<std::uint64_t>(mapping.start + kCallMemoryRings);
    return rings && memory.contains(*rings);
  });
}

}  // namespace vdsotrace
