// Strings and buffers as strace shows them.
#include <array>

#include "model/syscalls/print.hpp"
#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kTextAt = 0x10000;

std::string quoted(std::string_view text, std::size_t limit = 64, bool more = false) {
  std::string out;
  append_quoted(out, std::as_bytes(std::span(text)), limit, more);
  return out;
}

std::string written(const std::string& text, std::uint64_t size) {
  DecodedCall call("write", {1, kTextAt, size});
  call.put(kTextAt, text);
  return call.leave(0).line();
}

TEST_CASE("printable characters stay, others become C escapes") {
  CHECK(quoted("plain ~") == R"("plain ~")");
  CHECK(quoted("\n\t\r\v\f\"\\") == R"("\n\t\r\v\f\"\\")");
  CHECK(quoted("\033[2J") == R"("\33[2J")");
  CHECK(quoted("\177\377") == R"("\177\377")");
}

TEST_CASE("an octal escape is as short as the next character allows") {
  CHECK(quoted(std::string_view("\0x", 2)) == R"("\0x")");
  CHECK(quoted(std::string_view("\0"
                                "1",
                                2)) == R"("\0001")");
  CHECK(quoted("\1"
               "8") == R"("\18")");
  CHECK(quoted("\33"
               "7") == R"("\0337")");
}

TEST_CASE("what is cut is followed by dots") {
  CHECK(quoted("abcdef", 3) == R"("abc"...)");
  CHECK(quoted("abc", 3) == R"("abc")");
  CHECK(quoted("abc", 3, true) == R"("abc"...)");
  CHECK(quoted("\1"
               "234",
               1) == R"("\1"...)");
}

TEST_CASE("a buffer shows the size it has, up to the limit") {
  CHECK(written("hello", 5) == R"(write(1, "hello", 5) = 0)");
  CHECK(written("hello", 0) == R"(write(1, "", 0) = 0)");
  const std::string long_text = "01234567890123456789012345678901";
  CHECK(written(long_text, 32) == "write(1, \"" + long_text + "\", 32) = 0");
  CHECK(written(long_text + "xy", 34) == "write(1, \"" + long_text + "\"..., 34) = 0");
}

TEST_CASE("a buffer that cannot be read whole is an address") {
  CHECK(line_of("write", {1, 0x1, 5}, -14) == "write(1, 0x1, 5) = -1 EFAULT (Bad address)");
  CHECK(line_of("write", {1, 0, 5}, -14) == "write(1, NULL, 5) = -1 EFAULT (Bad address)");
  DecodedCall beyond("write", {1, kTextAt, 20});
  CHECK(beyond.put(kTextAt, "short").leave(-14).line() == "write(1, 0x10000, 20) = -1 EFAULT (Bad address)");
}

TEST_CASE("file names are never cut, other strings are") {
  const std::string name(300, 'n');
  DecodedCall path("unlink", {kTextAt});
  CHECK(path.put(kTextAt, name).leave(0).line() == "unlink(\"" + name + "\") = 0");
  DecodedCall string("memfd_create", {kTextAt, 0});
  CHECK(string.put(kTextAt, name).leave(3).line() == "memfd_create(\"" + name.substr(0, 32) + "\"..., 0) = 3");
}

TEST_CASE("a file name longer than the kernel takes is cut there") {
  DecodedCall call("unlink", {kTextAt});
  const std::string line = call.put(kTextAt, std::string(10000, 'n')).leave(-36).line();
  CHECK(line == "unlink(\"" + std::string(4095, 'n') + "\"...) = -1 ENAMETOOLONG (File name too long)");
}

TEST_CASE("a string that runs into unmapped memory is an address") {
  DecodedCall call("unlink", {kTextAt});
  CHECK(call.put(kTextAt, std::array{'a', 'b'}).leave(-14).line() == "unlink(0x10000) = -1 EFAULT (Bad address)");
}

TEST_CASE("the option -s decides how much of a string is shown and captured") {
  DecodedCall call("write", {1, kTextAt, 400});
  const std::string text(400, 'y');
  CHECK(call.strings(300).put(kTextAt, text).leave(400).line() ==
        "write(1, \"" + text.substr(0, 300) + "\"..., 400) = 400");
  DecodedCall none("write", {1, kTextAt, 4});
  CHECK(none.strings(0).put(kTextAt, "abcd").leave(4).line() == R"(write(1, ""..., 4) = 4)");
}

TEST_CASE("strings in hexadecimal: those with a byte that is no text, or all") {
  const auto line = [](HexStrings which, const std::string& text) {
    DecodedCall call("write", {1, kTextAt, text.size()});
    return call.hex(which).put(kTextAt, text).leave(0).line();
  };
  CHECK(line(HexStrings::non_ascii, "a\t\"") == R"(write(1, "a\t\"", 3) = 0)");
  CHECK(line(HexStrings::non_ascii, "a\x7f") == R"(write(1, "\x61\x7f", 2) = 0)");
  CHECK(line(HexStrings::non_ascii, "a\x1b") == R"(write(1, "\x61\x1b", 2) = 0)");
  CHECK(line(HexStrings::all, "ab") == R"(write(1, "\x61\x62", 2) = 0)");
  DecodedCall open("chdir", {kTextAt});
  CHECK(open.hex(HexStrings::all).put(kTextAt, "/a").leave(0).line() == R"(chdir("\x2f\x61") = 0)");
  // Only what is shown counts.
  DecodedCall cut("write", {1, kTextAt, 3});
  CHECK(cut.hex(HexStrings::non_ascii).strings(2).put(kTextAt, "ab\xff").leave(0).line() ==
        R"(write(1, "ab"..., 3) = 0)");
}

TEST_CASE("a buffer that goes on unreadably behind what is shown is an address") {
  DecodedCall cut("write", {1, kTextAt, 5});
  CHECK(cut.strings(3).put(kTextAt, std::array{'a', 'b', 'c'}).leave(5).line() == "write(1, 0x10000, 5) = 5");
  DecodedCall longer("write", {1, kTextAt, 5});
  CHECK(longer.strings(3).put(kTextAt, std::array{'a', 'b', 'c', 'd'}).leave(5).line() ==
        R"(write(1, "abc"..., 5) = 5)");
  DecodedCall whole("write", {1, kTextAt, 3});
  CHECK(whole.strings(3).put(kTextAt, std::array{'a', 'b', 'c'}).leave(3).line() == R"(write(1, "abc", 3) = 3)");
}

}  // namespace
}  // namespace vdsotrace::testing
