// Where in the memory that stubs write blocks and their rings lie, and how large they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engines/inline/region/stub_block.hpp"

namespace vdsotrace {

/// Blocks lie one behind the other, the first threads' rings larger than the later.
class BlockLayout {
 public:
  /// `size`: of records, if there are to be any. `overrun`: how much more than its place the last record of a thread's
  /// ring may take.
  BlockLayout(std::optional<RecordSize> size, std::size_t overrun);

  std::optional<RecordSize> size() const { return size_; }
  std::uint64_t record_bytes() const { return size_ ? std::uint64_t{1} << static_cast<unsigned>(*size_) : 0; }
  /// What a process has to map at first: under 1 MB.
  std::size_t first_bytes() const;
  /// The one of all threads that have none of their own.
  StubBlock shared() const;

  /// Lays out one more, unless it ends beyond `limit`.
  std::optional<StubBlock> add(std::size_t limit);
  /// Where the last would end of so many more, as far as they fit into `limit`.
  std::size_t end_of(std::size_t more, std::size_t limit) const;

 private:
  std::size_t block_bytes(std::size_t number) const;

  std::optional<RecordSize> size_;
  std::size_t overrun_;
  std::size_t laid_out_ = 0;  ///< blocks
  std::size_t end_;           ///< of the last block
};

}  // namespace vdsotrace
