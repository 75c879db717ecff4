#include "os/memory/shared_memory.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/check.hpp"
#include "base/page.hpp"
#include "base/unique_fd.hpp"
#include "os/procfs.hpp"

namespace vdsotrace {
namespace {

/// Whole pages, however long those are.
constexpr std::size_t kOwnBytes = 64 * 1024;
static_assert(kOwnBytes >= DeathMark::kDistance);

tl::unexpected<Error> failed(const char* what) {
  return tl::unexpected(Error{errno, fmt::format("cannot {} the shared memory: {}", what, std::strerror(errno)), {}});
}

/// As much of `size` as we may make a file, and use a part of our address space for.
std::size_t allowed(std::size_t size) {
  rlimit file{}, space{};
  if (::getrlimit(RLIMIT_FSIZE, &file) == 0 && file.rlim_cur != RLIM_INFINITY)
    size = std::min<std::size_t>(size, file.rlim_cur);
  if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    size = std::min<std::size_t>(size, space.rlim_cur / 64);
  return size / kPage * kPage;
}

/// A process that shares the descriptors can have put another file there, one that it may not write and we may.
UniqueFd open_memfd(pid_t pid, int fd) {
  const UniqueFd place = procfs::open_target(fmt::format("{}/fd/{}", pid, fd), O_PATH);
  struct stat status {};
  if (place.get() < 0 || ::fstat(place.get(), &status) != 0) return {};
  errno = EINVAL;
  if (!S_ISREG(status.st_mode) || status.st_nlink != 0 || status.st_size != 0) return {};
  UniqueFd file = procfs::open_target(fmt::format("self/fd/{}", place.get()), O_RDWR);
  // Files that are no memfd have no seals, or this one.
  const int seals = file.get() < 0 ? -1 : ::fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SEAL) != 0) return {};
  return file;
}

}  // namespace

Result<SharedMemory> SharedMemory::of_descriptor(pid_t pid, int fd, std::size_t least, std::size_t most) {
  if (!procfs::trusted()) return fail("cannot open the shared memory: " + procfs::why_not_trusted());
  const UniqueFd file = open_memfd(pid, fd);
  if (file.get() < 0) return failed("open");
  const std::size_t size = std::max(least, allowed(most));
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) return failed("size");
  // Shrunk by the process, it would kill us at the next access; memfd_create was asked to allow this.
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return failed("seal");
  void* own =
      ::mmap(nullptr, kOwnBytes + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (own == MAP_FAILED) return failed("map");
  void* address = static_cast<std::byte*>(own) + kOwnBytes;
  if (::mmap(address, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file.get(), 0) == MAP_FAILED) {
    auto error = failed("map");
    ::munmap(own, kOwnBytes + size);
    return error;
  }
  return SharedMemory({static_cast<std::byte*>(address), size});
}

void SharedMemory::mark_death(std::size_t offset) {
  CHECK(mark_ == nullptr && offset % alignof(DeathMark) == 0 && offset + sizeof(DeathMark) <= DeathMark::kDistance);
  mark_ = std::construct_at(reinterpret_cast<DeathMark*>(bytes_.data() + offset - DeathMark::kDistance));
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), mark_(std::exchange(other.mark_, nullptr)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(mark_, other.mark_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (mark_ != nullptr) std::destroy_at(mark_);
  if (!bytes_.empty()) ::munmap(bytes_.data() - kOwnBytes, kOwnBytes + bytes_.size());
}

}  // namespace vdsotrace
