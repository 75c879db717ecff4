// One descriptor for several writes to a thread's memory.
#include "os/memory/remote_writes.hpp"

#include <unistd.h>

#include <array>

#include "os/memory/remote_memory.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

bool write_word(std::uint64_t& word, std::uint64_t value) {
  return write_remote(::getpid(), reinterpret_cast<std::uint64_t>(&word), std::as_bytes(std::span(&value, 1)));
}

TEST_CASE("writes to one thread share a descriptor", "[remote_writes]") {
  std::uint64_t word = 0;
  if (!write_word(word, 1)) {
    WARN("/proc/PID/mem cannot be written");
    return;
  }
  CHECK(word == 1);
  CHECK(RemoteWrites::of(::getpid()) == nullptr);
  {
    const RemoteWrites writes(::getpid());
    const UniqueFd* memory = RemoteWrites::of(::getpid());
    REQUIRE(memory != nullptr);
    CHECK_FALSE(*memory);
    CHECK(write_word(word, 2));
    REQUIRE(*memory);
    const int fd = memory->get();
    CHECK(write_word(word, 3));
    CHECK((word == 3 && memory->get() == fd));
    {
      const RemoteWrites within(::getpid());
      CHECK(RemoteWrites::of(::getpid()) == memory);
    }
    CHECK(memory->get() == fd);
    {
      const RemoteWrites others(::getppid());
      CHECK(RemoteWrites::of(::getpid()) == nullptr);
      CHECK(write_word(word, 4));
      CHECK_FALSE(*RemoteWrites::of(::getppid()));
    }
    CHECK(RemoteWrites::of(::getpid())->get() == fd);
    CHECK(word == 4);
  }
  CHECK(RemoteWrites::of(::getpid()) == nullptr);
}

}  // namespace
}  // namespace vdsotrace
