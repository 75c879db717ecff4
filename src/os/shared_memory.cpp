#include "os/shared_memory.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/check.hpp"
#include "base/unique_fd.hpp"

namespace vdsotrace {
namespace {

/// Whole pages, however long those are.
constexpr std::size_t kOwnBytes = 64 * 1024;
static_assert(kOwnBytes >= DeathMark::kDistance);

tl::unexpected<Error> failed(const char* what) {
  return tl::unexpected(Error{errno, fmt::format("cannot {} the shared memory: {}", what, std::strerror(errno)), {}});
}

}  // namespace

Result<SharedMemory> SharedMemory::of_descriptor(pid_t pid, int fd, std::size_t size) {
  const UniqueFd file(::open(fmt::format("/proc/{}/fd/{}", pid, fd).c_str(), O_RDWR | O_CLOEXEC));
  if (file.get() < 0) return failed("open");
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) return failed("size");
  // Shrunk by the process, it would kill us at the next access; memfd_create was asked to allow this.
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return failed("seal");
  void* own = ::mmap(nullptr, kOwnBytes + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
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
