// Memory is only shared by a memfd that its process has just made.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/unique_fd.hpp"
#include "os/memory/shared_memory.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kSize = 8192;

bool is_taken(int fd) { return SharedMemory::of_descriptor(::getpid(), fd, kSize, kSize).has_value(); }

UniqueFd temporary_file(std::string folder) {
  std::string path = std::move(folder) + "/vdsotrace.XXXXXX";
  UniqueFd file(::mkstemp(path.data()));
  ::unlink(path.c_str());
  return file;
}

TEST_CASE("a memfd is sized, sealed and mapped", "[shared_memory]") {
  const UniqueFd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  auto memory = SharedMemory::of_descriptor(::getpid(), fd.get(), kSize, kSize);
  REQUIRE(memory);
  REQUIRE(memory->bytes().size() == kSize);
  memory->bytes()[kSize - 1] = std::byte{7};
  char byte = 0;
  CHECK((::pread(fd.get(), &byte, 1, kSize - 1) == 1 && byte == 7));
  CHECK(::ftruncate(fd.get(), 1) != 0);
  // One that somebody has used already is not new.
  CHECK_FALSE(is_taken(fd.get()));
}

TEST_CASE("a memfd is no longer than our own limits allow", "[shared_memory]") {
  const UniqueFd large(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const UniqueFd small(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit lower{3 * kSize + 1, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &lower) == 0);
  const auto most = SharedMemory::of_descriptor(::getpid(), large.get(), kSize, 16 * kSize);
  const auto least = SharedMemory::of_descriptor(::getpid(), small.get(), kSize, kSize);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  REQUIRE(most);
  CHECK(most->bytes().size() == 3 * kSize);
  REQUIRE(least);
  CHECK(least->bytes().size() == kSize);
}

TEST_CASE("no other file is touched in its stead", "[shared_memory]") {
  const UniqueFd unsealable(::memfd_create("test", MFD_CLOEXEC));
  CHECK_FALSE(is_taken(unsealable.get()));
  for (const char* folder : {"/tmp", "/dev/shm"}) {
    const UniqueFd file = temporary_file(folder);
    if (!file) continue;
    CHECK_FALSE(is_taken(file.get()));
    REQUIRE(::write(file.get(), "kept", 4) == 4);
    CHECK_FALSE(is_taken(file.get()));
    struct stat status {};
    REQUIRE(::fstat(file.get(), &status) == 0);
    CHECK(status.st_size == 4);
  }
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  for (const int end : ends) {
    CHECK_FALSE(is_taken(end));
    ::close(end);
  }
  CHECK_FALSE(is_taken(-1));
}

}  // namespace
}  // namespace vdsotrace
