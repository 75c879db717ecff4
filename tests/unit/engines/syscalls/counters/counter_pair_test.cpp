// Counters of system calls in memory that a process can write, too.
#include "engines/syscalls/counters/counter_pair.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

TEST_CASE("what a pair of counters has more than before is taken once") {
  const UniqueFd fd(::memfd_create("vdsotrace-test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  auto shared = SharedMemory::of_descriptor(::getpid(), fd.get(), 4096, 4096);
  REQUIRE(shared);
  RegionMemory memory(std::move(*shared), 0x1000);
  const CounterPair pair(memory, CounterPair::kBytes);
  CountedCalls taken;
  pair.add_call();
  pair.add_call();
  pair.add_failure();
  const CountedCalls first = pair.take_new(taken);
  CHECK(first.calls == 2);
  CHECK(first.failures == 1);
  CHECK(pair.take_new(taken).calls == 0);
  pair.add_call();
  CHECK(pair.take_new(taken).calls == 1);
  CHECK(memory.load<std::uint64_t>(0) == 0);

  // A program that sets them back makes no call unmade.
  memory.store<std::uint64_t>(CounterPair::kBytes, 1);
  CHECK(pair.take_new(taken).calls == 0);
  CHECK(taken.calls == 3);
}

TEST_CASE("counts say which call of which process") {
  const Event event = counts_of(7, SYS_read, std::nullopt, {5, 2});
  const auto& counts = std::get<Counts>(event.body);
  CHECK((event.pid == 7 && event.tid == 7));
  CHECK(counts.name == "read");
  CHECK(counts.count == 5);
  CHECK(counts.errors == 2);
  CHECK_FALSE(counts.route);
}
