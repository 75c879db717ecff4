#include "model/code/function_table.hpp"

#include <limits>

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

TEST_CASE("functions that overlap are one with two entries", "[function_table]") {
  const FunctionTable table({{30, 40}, {10, 20}, {15, 25}, {10, 20}, {25, 30}, {50, 50}, {33, 35}, {60, 55}});
  CHECK(table.size() == 3);
  CHECK(table.around(10) == AddressRange{10, 25});
  CHECK(table.around(24) == AddressRange{10, 25});
  CHECK(table.around(25) == AddressRange{25, 30});
  CHECK(table.around(39) == AddressRange{30, 40});
  for (const std::uint64_t nowhere : {0, 9, 40, 50, 56, 60}) CHECK_FALSE(table.around(nowhere));
  const auto entries = table.entries({0, 100});
  CHECK(std::vector(entries.begin(), entries.end()) == std::vector<std::uint64_t>{10, 15, 25, 30, 33, 50});
  CHECK(table.entries({10, 10}).empty());
  CHECK(table.entries({11, 16}).size() == 1);
  CHECK(table.entries({16, 11}).empty());
}

TEST_CASE("what has a byte in a range is found there", "[function_table]") {
  const FunctionTable table({{10, 20}, {20, 30}, {40, 50}});
  const auto found = [&](std::uint64_t from, std::uint64_t to) { return table.within({from, to}).size(); };
  CHECK(found(0, 10) == 0);
  CHECK(found(0, 11) == 1);
  CHECK(found(19, 20) == 1);
  CHECK(found(19, 21) == 2);
  CHECK(found(20, 21) == 1);
  CHECK(found(30, 40) == 0);
  CHECK(found(0, 100) == 3);
  CHECK(found(30, 20) == 0);
}

TEST_CASE("between functions there are gaps", "[function_table]") {
  const FunctionTable table({{10, 20}, {40, 50}});
  CHECK(table.gap(0) == AddressRange{0, 10});
  CHECK(table.gap(20) == AddressRange{20, 40});
  CHECK(table.gap(50) == AddressRange{50, std::numeric_limits<std::uint64_t>::max()});
  CHECK(FunctionTable().gap(7) == AddressRange{0, std::numeric_limits<std::uint64_t>::max()});
  CHECK(FunctionTable().empty());
}

}  // namespace
}  // namespace vdsotrace
