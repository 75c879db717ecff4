// A process's memory, read by whole pages, for who looks at many places that lie near each other.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "base/page.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// Each page as it was when something of it was first read. The process is stopped.
class CachedPages final : public Memory {
 public:
  explicit CachedPages(pid_t tid) : tid_(tid) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override;

 private:
  struct Page {
    std::size_t size = 0;  ///< so much of it could be read
    std::array<std::byte, kPage> bytes;
  };
  const Page& page(std::uint64_t start);

  pid_t tid_;
  std::map<std::uint64_t, Page> pages_;
};

}  // namespace vdsotrace
