// Memory that is read word by word, taken page by page.
#pragma once

#include <array>
#include <cstring>
#include <span>

#include "base/page.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

class PagedMemory {
 public:
  explicit PagedMemory(Memory& memory) : memory_(memory) {}

  bool read(std::uint64_t address, std::span<std::byte> into) {
    const std::uint64_t page = address & ~(kPage - 1);
    const std::uint64_t in_page = address - page;
    if (in_page + into.size() > kPage) return memory_.read(address, into) == into.size();
    if (page != page_ || size_ == 0) {
      page_ = page;
      size_ = memory_.read(page, bytes_);
    }
    // Of a page there may be only a part, not from its beginning.
    if (in_page + into.size() > size_) return memory_.read(address, into) == into.size();
    std::memcpy(into.data(), bytes_.data() + in_page, into.size());
    return true;
  }

 private:
  Memory& memory_;
  std::uint64_t page_ = 0;
  std::size_t size_ = 0;
  std::array<std::byte, kPage> bytes_;
};

}  // namespace vdsotrace
