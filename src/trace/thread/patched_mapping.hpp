// A mapping of a process, and every byte of it that we changed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace vdsotrace {

/// The journal: old bytes are noted before new ones are written, so that undo() puts back byte for byte what was there.
/// Nothing outside the mapping can be changed: patches are offsets into it. A copy is that of a forked child, which has
/// the same mapping with the same patches.
class PatchedMapping {
 public:
  PatchedMapping() = default;
  PatchedMapping(std::uint64_t base, std::uint64_t size) : base_(base), size_(size) {}

  std::uint64_t base() const { return base_; }
  /// In bytes; 0: nothing is mapped.
  std::uint64_t size() const { return size_; }
  std::optional<std::uint32_t> offset_of(std::uint64_t address) const;
  bool overlaps(std::uint64_t address, std::uint64_t size) const;

  /// Writes `bytes` at `offset` of the mapping, in the memory of a stopped thread. False if that is outside the mapping
  /// or cannot be written; then it is as it was.
  bool patch(pid_t stopped, std::uint32_t offset, std::span<const std::byte> bytes);
  struct Write {
    std::uint32_t offset;
    std::span<const std::byte> bytes;
  };
  /// The same for several at once, by whole pages, while all threads are stopped. If it fails, undo() has been tried of
  /// all that was ever patched.
  bool patch_all(pid_t stopped, std::span<const Write> writes);
  /// Puts back every patched byte that is still as we wrote it; what the program itself has overwritten since stays.
  /// False if the memory is out of our reach (a program that has made itself undumpable, traced without privilege);
  /// what could not be put back stays noted.
  bool undo(pid_t stopped);
  /// Whether a patch of these bytes begins at that address.
  bool has_patch(std::uint64_t address, std::span<const std::byte> bytes) const;
  bool is_patched() const { return !journal_.empty(); }
  /// Whether the memory of that stopped process has `image` at this address, with these patches and no others.
  bool is_in(pid_t stopped, std::span<const std::byte> image) const;

  /// The program has moved it (mremap(2)): the patches moved along.
  void moved_to(std::uint64_t base) { base_ = base; }

 private:
  struct Patch {
    std::vector<std::byte> before;
    std::vector<std::byte> after;
  };

  std::uint64_t base_ = 0;
  std::uint64_t size_ = 0;
  std::map<std::uint32_t, Patch> journal_;  ///< by offset in the mapping
};

}  // namespace vdsotrace
