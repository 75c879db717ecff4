// A process's memory, read and written by whole pages, for who looks at many places that lie near each other.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

#include "base/page.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// Each page as it was when something of it was first read, with what has been written since. The process is stopped.
class CachedPages final : public Memory {
 public:
  explicit CachedPages(pid_t tid) : tid_(tid) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override;
  /// False if some of it cannot be read. It is not in the process before flush().
  bool write(std::uint64_t address, std::span<const std::byte> bytes);
  /// Writes what has been changed, each page at once: of one, all or nothing is there if we are killed. False if some
  /// could not be written.
  bool flush();

 private:
  struct Page {
    std::size_t size = 0;  ///< so much of it could be read
    bool changed = false;
    std::array<std::byte, kPage> bytes;
  };
  Page& page(std::uint64_t start);
  void read_ahead(std::uint64_t start, std::uint64_t end);

  pid_t tid_;
  std::map<std::uint64_t, Page> pages_;
};

}  // namespace vdsotrace
