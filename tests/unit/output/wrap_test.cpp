#include "output/wrap.hpp"

#include "support/catch.hpp"

using namespace vdsotrace;

TEST_CASE("lines are broken at blanks") {
  CHECK(wrapped("one two three\n", 7, 0) == "one two\nthree\n");
  CHECK(wrapped("one two three\n", 8, 2) == "one two\n  three\n");
  CHECK(wrapped("label  one two three\n", 12, 7) == "label  one\n       two\n       three\n");
  CHECK(wrapped("  * one two three", 9, 4) == "  * one\n    two\n    three");
  CHECK(wrapped("one   two\n", 4, 0) == "one\ntwo\n");
  CHECK(wrapped("one two\n\nthree\n", 80, 0) == "one two\n\nthree\n");
  CHECK(wrapped("one two three\n", 0, 0) == "one two three\n");
  CHECK(wrapped("", 10, 0).empty());
}

TEST_CASE("words that are too long stay whole") {
  CHECK(wrapped("a extraordinary b\n", 5, 0) == "a\nextraordinary\nb\n");
  CHECK(wrapped("extraordinary\n", 5, 0) == "extraordinary\n");
  CHECK(wrapped("x   extraordinary b\n", 5, 4) == "x   extraordinary\n    b\n");
  CHECK(wrapped("     \n", 2, 0) == "     \n");
  CHECK(wrapped("one      \n", 5, 0) == "one      \n");
}

TEST_CASE("a word that does not fit below the indent begins before it") {
  CHECK(wrapped("      one seven77 two\n", 9, 6) == "      one\n  seven77\n      two\n");
  CHECK(wrapped("      one \x1b[1mseven77\x1b[0m\n", 9, 6) == "      one\n  \x1b[1mseven77\x1b[0m\n");
}

TEST_CASE("colours take no room") {
  CHECK(wrapped("\x1b[32mone two\x1b[0m three\n", 7, 0) == "\x1b[32mone two\x1b[0m\nthree\n");
  CHECK(wrapped("\x1b[32mone\x1b[0m two\n", 7, 0) == "\x1b[32mone\x1b[0m two\n");
  CHECK(wrapped("\x1b[", 1, 0) == "\x1b[");
}

TEST_CASE("long names lose their middle") {
  CHECK(shortened("abcdefghij", 10) == "abcdefghij");
  CHECK(shortened("abcdefghij", 9) == "abc...hij");
  CHECK(shortened("abcdefghij", 8) == "abc...ij");
  CHECK(shortened("abcdefghij", 5) == "a...j");
  CHECK(shortened("abcdefghij", 4) == "abcdefghij");
  CHECK(shortened("", 0).empty());
}
