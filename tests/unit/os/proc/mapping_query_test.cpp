#include "os/proc/mapping_query.hpp"
#include "support/catch.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

using namespace vdsotrace;

namespace {

auto fields(const proc::Mapping& m) {
  return std::tie(m.start, m.end, m.readable, m.executable, m.offset, m.inode, m.name, m.writable, m.shared);
}

void check_as_listed(const void* address) {
  const auto at = reinterpret_cast<std::uint64_t>(address);
  const auto found = OpenMappings(::getpid()).at(at, ::getpid());
  REQUIRE(found);
  const auto all = proc::mappings(::getpid());
  const auto listed = std::ranges::find_if(all, [&](const auto& one) { return at >= one.start && at < one.end; });
  REQUIRE(listed != all.end());
  CHECK(fields(*found) == fields(*listed));
}

}  // namespace

TEST_CASE("one mapping is as in the list of all") {
  const int on_stack = 0;
  static int data = 0;
  check_as_listed(&on_stack);
  check_as_listed(&data);
  check_as_listed(reinterpret_cast<const void*>(&fields));
}

TEST_CASE("where nothing is mapped there is no mapping") {
  CHECK_FALSE(OpenMappings(::getpid()).at(0, ::getpid()));
  CHECK_FALSE(OpenMappings(-1).at(4096, -1));
}

TEST_CASE("mappings that come later are found by what was opened before") {
  OpenMappings mappings(::getpid());
  void* const later = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(later != MAP_FAILED);
  CHECK(mappings.at(reinterpret_cast<std::uint64_t>(later), ::getpid()));
  ::munmap(later, 4096);
}

TEST_CASE("where single mappings cannot be asked for, those of the thread are read") {
  const int on_stack = 0;
  CHECK(OpenMappings(-1).at(reinterpret_cast<std::uint64_t>(&on_stack), ::getpid()));
}

TEST_CASE("where single mappings cannot be asked for, all are read once while threads stand still") {
  const int on_stack = 0;
  OpenMappings mappings(-1);
  CHECK(mappings.at_standstill(reinterpret_cast<std::uint64_t>(&on_stack), ::getpid()));
  void* const later = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(later != MAP_FAILED);
  const auto address = reinterpret_cast<std::uint64_t>(later);
  CHECK_FALSE(mappings.at_standstill(address, ::getpid()));
  CHECK(mappings.at(address, ::getpid()));
  ::munmap(later, 4096);
  CHECK_FALSE(mappings.at_standstill(address, ::getpid()));
}
