#include "base/figures.hpp"

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

TEST_CASE("a measured duration has three digits that matter", "[figures]") {
  CHECK(duration_text(0) == "0.0 ns");
  CHECK(duration_text(99.96) == "100 ns");
  CHECK(duration_text(999.6) == "1.00 us");
  CHECK(duration_text(12'340) == "12.3 us");
  CHECK(duration_text(1.25e6) == "1.25 ms");
  CHECK(duration_text(3e11) == "300 s");
}

TEST_CASE("an exact duration is a whole number of the largest unit that fits", "[figures]") {
  CHECK(exact_duration_text(0) == "0 ns");
  CHECK(exact_duration_text(1) == "1 ns");
  CHECK(exact_duration_text(1500) == "1500 ns");
  CHECK(exact_duration_text(1'500'000) == "1500 us");
  CHECK(exact_duration_text(4'000'000) == "4 ms");
  CHECK(exact_duration_text(10'000'000'000) == "10 s");
}

TEST_CASE("digits are grouped by three", "[figures]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'204'332) == "1,204,332");
}

}  // namespace
}  // namespace vdsotrace
