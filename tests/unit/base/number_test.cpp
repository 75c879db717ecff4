#include "base/number.hpp"

#include <cstdint>

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

TEST_CASE("a number is the whole text, in range, without decoration", "[number]") {
  CHECK(parse_number<int>("0") == 0);
  CHECK(parse_number<int>("-7") == -7);
  CHECK(parse_number<std::uint64_t>("18446744073709551615") == UINT64_MAX);
  CHECK(parse_number<std::uint64_t>("7fff", 16) == 0x7fffu);
  CHECK(parse_number<double>("2.5") == 2.5);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "0x1", "2147483648", "-"}) {
    INFO(text);
    CHECK_FALSE(parse_number<int>(text));
  }
  CHECK_FALSE(parse_number<std::uint64_t>("-1"));
  CHECK_FALSE(parse_number<double>("2.5s"));
}

TEST_CASE("a number is cut off what follows it, or nothing is", "[number]") {
  std::string_view text = "12-34";
  CHECK(take_number<unsigned>(text) == 12u);
  CHECK(text == "-34");
  CHECK_FALSE(take_number<unsigned>(text));
  CHECK(text == "-34");
  text = "99999999999 more";
  CHECK_FALSE(take_number<int>(text));
  CHECK(text == "99999999999 more");
}

}  // namespace
}  // namespace vdsotrace
