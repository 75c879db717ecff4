// Memory that vdsotrace shares with a traced process.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

#include "os/memory/death_mark.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// Our mapping of a memfd(2) that a process made. What is in it the process can change at any
/// moment: every value read from it is to be checked after it was copied.
class SharedMemory {
 public:
  /// Opens descriptor `fd` of process `pid` (through /proc, so namespaces do not matter), makes the
  /// file `most` bytes long, sparse, and maps it; less, but at least `least`, where our own limits do not allow that
  /// (RLIMIT_FSIZE, RLIMIT_AS). It must be an empty memfd: no other file is touched.
  static Result<SharedMemory> of_descriptor(pid_t pid, int fd, std::size_t least, std::size_t most);

  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();

  std::span<std::byte> bytes() const { return bytes_; }
  /// Puts a DeathMark on the 32-bit word at `offset`, a multiple of 8 in the first page, until the memory is unmapped.
  void mark_death(std::size_t offset);

 private:
  explicit SharedMemory(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;  ///< behind a page of our own
  DeathMark* mark_ = nullptr;   ///< in that page
};

}  // namespace vdsotrace
