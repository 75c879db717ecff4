#include "model/code/loops.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

using Nodes = std::vector<std::uint32_t>;

std::vector<Loop> loops_of(std::vector<Nodes> next, std::uint32_t entry = 0) {
  return find_loops({entry, std::move(next)});
}

TEST_CASE("loops: straight code has none") {
  CHECK(loops_of({}).empty());
  CHECK(loops_of({{1}, {2}, {}}).empty());
  // A cold block that jumps back to where the ways meet again is no loop.
  CHECK(loops_of({{1, 3}, {2}, {}, {1}}).empty());
}

TEST_CASE("loops: a node may follow itself") {
  const auto loops = loops_of({{1}, {1, 2}, {}});
  REQUIRE(loops.size() == 1);
  CHECK(loops[0].head == 1);
  CHECK(loops[0].back == Nodes{1});
  CHECK(loops[0].body == Nodes{1});
}

TEST_CASE("loops: two ways back to one head are one loop") {
  // 0 -> 1 -> 2 -> 3 -> 5, and 2 -> 4: both 3 and 4 go back to 1.
  const auto loops = loops_of({{1}, {2}, {3, 4}, {1, 5}, {1}, {}});
  REQUIRE(loops.size() == 1);
  CHECK(loops[0].head == 1);
  CHECK(loops[0].back == Nodes{3, 4});
  CHECK(loops[0].body == Nodes{1, 2, 3, 4});
}

TEST_CASE("loops: one inside another") {
  const auto loops = loops_of({{1}, {2}, {2, 3}, {1, 4}, {}});
  REQUIRE(loops.size() == 2);
  CHECK(loops[0].body == Nodes{1, 2, 3});
  CHECK(loops[1].head == 2);
  CHECK(loops[1].body == Nodes{2});
}

TEST_CASE("loops: a cycle with two ways in has no head") { CHECK(loops_of({{1, 2}, {2}, {1}}).empty()); }

TEST_CASE("loops: the entry need not be the first node") {
  const auto loops = loops_of({{1}, {0, 2}, {}}, 1);
  REQUIRE(loops.size() == 1);
  CHECK(loops[0].head == 1);
  CHECK(loops[0].back == Nodes{0});
}

TEST_CASE("loops: what the entry does not reach counts for nothing") {
  CHECK(loops_of({{}, {2}, {1}}).empty());
  // Nor does it spoil a loop into which it leads.
  const auto loops = loops_of({{1}, {2}, {1}, {2}});
  REQUIRE(loops.size() == 1);
  CHECK(loops[0].body == Nodes{1, 2});
}

}  // namespace
}  // namespace vdsotrace
