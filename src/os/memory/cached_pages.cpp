#include "os/memory/cached_pages.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "os/memory/remote_memory.hpp"

namespace vdsotrace {
namespace {

/// How much of so many bytes lies in the page of the address.
std::size_t within_page(std::uint64_t address, std::size_t size) {
  return std::min<std::size_t>(kPage - address % kPage, size);
}

}  // namespace

CachedPages::Page& CachedPages::page(std::uint64_t start) {
  const auto [found, is_new] = pages_.try_emplace(start);
  if (is_new) found->second.size = RemoteMemory(tid_).read(start, found->second.bytes);
  return found->second;
}

/// Pages that follow each other are read at once, as far as they can be.
void CachedPages::read_ahead(std::uint64_t start, std::uint64_t end) {
  while (start < end && pages_.contains(start)) start += kPage;
  std::uint64_t behind = start;
  while (behind < end && !pages_.contains(behind)) behind += kPage;
  if (behind - start <= kPage) return;
  std::vector<std::byte> bytes(behind - start);
  std::size_t left = RemoteMemory(tid_).read(start, bytes);
  for (std::size_t from = 0; from < bytes.size(); from += kPage) {
    Page& there = pages_[start + from];
    there.size = std::min<std::size_t>(left, kPage);
    std::ranges::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), static_cast<std::ptrdiff_t>(there.size),
                        there.bytes.begin());
    left -= there.size;
    if (there.size < kPage) return;
  }
}

std::size_t CachedPages::read(std::uint64_t address, std::span<std::byte> into) {
  if (within_page(address, into.size()) < into.size()) read_ahead(address - address % kPage, address + into.size());
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t at = address + done;
    const std::uint64_t offset = at % kPage;
    const Page& there = page(at - offset);
    const std::size_t wanted = within_page(at, into.size() - done);
    const std::size_t size = std::min(wanted, there.size - std::min<std::size_t>(there.size, offset));
    std::memcpy(into.data() + done, there.bytes.data() + offset, size);
    done += size;
    if (size < wanted) break;
  }
  return done;
}

bool CachedPages::write(std::uint64_t address, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::uint64_t offset = address % kPage;
    Page& there = page(address - offset);
    const std::size_t size = within_page(address, bytes.size());
    if (there.size < offset + size) return false;
    std::ranges::copy(bytes.first(size), there.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    there.changed = true;
    address += size;
    bytes = bytes.subspan(size);
  }
  return true;
}

bool CachedPages::flush() {
  bool all = true;
  for (auto& [start, there] : pages_) {
    if (std::exchange(there.changed, false))
      all = write_remote(tid_, start, std::span(there.bytes).first(there.size)) && all;
  }
  return all;
}

}  // namespace vdsotrace
