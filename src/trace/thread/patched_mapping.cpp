#include "trace/thread/patched_mapping.hpp"

#include <algorithm>

#include "os/memory/cached_pages.hpp"
#include "os/memory/remote_memory.hpp"

namespace vdsotrace {

std::optional<std::uint32_t> PatchedMapping::offset_of(std::uint64_t address) const {
  if (address < base_ || address - base_ >= size_) return std::nullopt;
  return static_cast<std::uint32_t>(address - base_);
}

bool PatchedMapping::overlaps(std::uint64_t address, std::uint64_t size) const {
  return size_ != 0 && address < base_ + size_ && base_ - std::min(base_, address) < size;
}

bool PatchedMapping::patch(pid_t stopped, std::uint32_t offset, std::span<const std::byte> bytes) {
  if (offset > size_ || bytes.size() > size_ - offset) return false;
  Patch patch{std::vector<std::byte>(bytes.size()), {bytes.begin(), bytes.end()}};
  if (RemoteMemory(stopped).read(base_ + offset, patch.before) != bytes.size()) return false;
  journal_[offset] = std::move(patch);
  if (write_remote(stopped, base_ + offset, bytes)) return true;
  journal_.erase(offset);
  return false;
}

bool PatchedMapping::has_patch(std::uint64_t address, std::span<const std::byte> bytes) const {
  const auto offset = offset_of(address);
  const auto found = offset ? journal_.find(*offset) : journal_.end();
  return found != journal_.end() && std::ranges::equal(found->second.after, bytes);
}

bool PatchedMapping::patch_all(pid_t stopped, std::span<const Write> writes) {
  CachedPages memory(stopped);
  bool all = true;
  for (const auto& [offset, bytes] : writes) {
    Patch patch{std::vector<std::byte>(bytes.size()), {bytes.begin(), bytes.end()}};
    all = all && offset <= size_ && bytes.size() <= size_ - offset &&
          memory.read(base_ + offset, patch.before) == bytes.size() && memory.write(base_ + offset, bytes);
    if (all) journal_[offset] = std::move(patch);
  }
  if (all && memory.flush()) return true;
  undo(stopped);
  return false;
}

bool PatchedMapping::undo(pid_t stopped) {
  std::erase_if(journal_, [&](const auto& entry) {
    const auto& [offset, patch] = entry;
    std::vector<std::byte> now(patch.after.size());
    if (RemoteMemory(stopped).read(base_ + offset, now) != now.size()) return false;
    return now != patch.after || write_remote(stopped, base_ + offset, patch.before);
  });
  return journal_.empty();
}

bool PatchedMapping::is_in(pid_t stopped, std::span<const std::byte> image) const {
  std::vector<std::byte> expected(image.begin(), image.end());
  for (const auto& [offset, patch] : journal_) {
    if (offset + patch.after.size() <= expected.size()) std::ranges::copy(patch.after, expected.begin() + offset);
  }
  std::vector<std::byte> now(expected.size());
  return RemoteMemory(stopped).read(base_, now) == now.size() && now == expected;
}

}  // namespace vdsotrace
