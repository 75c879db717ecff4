#include "base/escape.hpp"

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

TEST_CASE("foreign text is escaped as strace does", "[escape]") {
  CHECK(escaped("a\"b\\c\n\t") == R"(a\"b\\c\n\t)");
  // As few digits as what follows allows.
  CHECK(escaped(std::string_view("\0z", 2)) == R"(\0z)");
  CHECK(escaped(std::string_view("\0"
                                 "7",
                                 2)) == R"(\0007)");
  CHECK(escaped("\x1b[31m\xff") == R"(\33[31m\377)");
  std::string out = "x=";
  append_quoted(out, std::as_bytes(std::span("hello", 5)), 3);
  CHECK(out == R"(x="hel"...)");
}

TEST_CASE("what is escaped already stays as it is", "[escape]") {
  CHECK(escaped_unless_printable(R"(write(1, "a\n", 2))") == R"(write(1, "a\n", 2))");
  CHECK(escaped_unless_printable("a\x1b\\") == R"(a\33\\)");
}

TEST_CASE("a word of a table has no blank and an end", "[escape]") {
  CHECK(escaped_word("a b\n\\", 100) == R"(a\040b\012\)");
  CHECK(escaped_word("aaaa", 3) == "aaa");
  // A character that does not fit any more is not cut.
  CHECK(escaped_word("aa\n", 3) == R"(aa\012)");
}

TEST_CASE("control characters do not pass, other scripts do", "[escape]") {
  CHECK(without_controls("a\x1b[m\x7f\n") == "a?[m??");
  CHECK(without_controls("\xc3\xa9") == "\xc3\xa9");
}

}  // namespace
}  // namespace vdsotrace
