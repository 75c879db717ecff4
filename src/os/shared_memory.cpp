#include "os/shared_memory.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/unique_fd.hpp"

namespace vdsotrace {
namespace {

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
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) return failed("map");
  return SharedMemory({static_cast<std::byte*>(address), size});
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace vdsotrace
