#include "os/cached_pages.hpp"

#include <algorithm>
#include <cstring>

#include "os/remote_memory.hpp"

namespace vdsotrace {

const CachedPages::Page& CachedPages::page(std::uint64_t start) {
  const auto [found, is_new] = pages_.try_emplace(start);
  if (is_new) found->second.size = RemoteMemory(tid_).read(start, found->second.bytes);
  return found->second;
}

std::size_t CachedPages::read(std::uint64_t address, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t at = address + done;
    const std::uint64_t offset = at % kPage;
    const Page& there = page(at - offset);
    if (offset >= there.size) break;
    const std::size_t size = std::min<std::size_t>(there.size - offset, into.size() - done);
    std::memcpy(into.data() + done, there.bytes.data() + offset, size);
    done += size;
    if (offset + size < kPage) break;
  }
  return done;
}

}  // namespace vdsotrace
