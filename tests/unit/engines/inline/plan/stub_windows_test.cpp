// Where jumps fit in made-up functions.
#include "engines/inline/plan/stub_windows.hpp"

#include <optional>

#include "arch/stubs.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::ImageSketch;

constexpr std::uint32_t kCode = ImageSketch::kCode;

/// An image of one function at the beginning of its code, and others; places in it are offsets in the code.
class Sketched {
 public:
  explicit Sketched(Bytes code, const std::vector<std::uint32_t>& others = {})
      : image_(made(std::move(code), others)), windows(image_) {}
  explicit Sketched(const char* code, const std::vector<std::uint32_t>& others = {})
      : Sketched(from_hex(code), others) {}

  const VdsoFunction& function() const { return image_.functions()[0]; }
  static CodeSite site(std::uint32_t at, std::uint8_t length) { return {kCode + at, length}; }
  std::optional<Window> from(std::uint32_t at) const { return relative(windows.from(function(), kCode + at)); }
  std::optional<Window> wide_from(std::uint32_t at) const {
    return relative(windows.wide_from(function(), kCode + at));
  }
  std::optional<Window> up_to(CodeSite last) const { return relative(windows.up_to(function(), last)); }
  std::optional<Window> before(std::uint32_t at) const { return relative(windows.before(function(), kCode + at)); }
  std::optional<Window> around(CodeSite call) const { return relative(windows.around(function(), call)); }
  void take(Window window) { windows.take({window.start + kCode, window.end + kCode, window.room}); }
  void take_narrow(Window window) { windows.take_narrow({window.start + kCode, window.end + kCode, window.room}); }
  std::optional<std::uint32_t> take_hole(std::uint32_t from) {
    const auto hole = windows.take_hole(kCode + from);
    return hole ? std::optional(*hole - kCode) : std::nullopt;
  }

 private:
  static VdsoImage made(Bytes code, const std::vector<std::uint32_t>& others) {
    ImageSketch sketch;
    sketch.code = std::move(code);
    sketch.symbols = {{"__vdso_time", 0}};
    for (const std::uint32_t at : others) sketch.symbols.push_back({"other_" + std::to_string(at), at});
    return testing::parse_or_throw(sketch.elf64());
  }
  static std::optional<Window> relative(std::optional<Window> window) {
    if (window) window->start -= kCode, window->end -= kCode;
    return window;
  }
  VdsoImage image_;

 public:
  StubWindows windows;
};

bool is(const std::optional<Window>& window, std::uint32_t start, std::uint32_t end, std::uint32_t room) {
  if (!window) return false;
  CAPTURE(window->start, window->end, window->room);
  CHECK(window->start == start);
  CHECK(window->end == end);
  CHECK(window->room == room);
  return true;
}

// mov $1, %eax; mov $2, %ecx; mov $3, %edx; ret
constexpr const char* kStraight = "b8 01 00 00 00 b9 02 00 00 00 ba 03 00 00 00 c3";

TEST_CASE("a window is as many whole instructions as a jump takes", "[stub_windows]") {
  const Sketched straight(kStraight);
  CHECK(is(straight.from(0), 0, 5, 5));
  CHECK(is(straight.from(5), 5, 10, 5));
  // push %rbp; mov %rsp, %rbp; mov $1, %eax; mov $1, %ecx; ret
  CHECK(is(Sketched("55 48 89 e5 b8 01 00 00 00 b9 01 00 00 00 c3").from(0), 0, 9, 9));
  CHECK_FALSE(straight.from(1));  // in the middle of an instruction
}

TEST_CASE("a window takes in the return that would have no room for its own jump", "[stub_windows]") {
  const Sketched straight(kStraight);
  CHECK(is(straight.from(10), 10, 16, 6));
  CHECK(is(straight.wide_from(0), 0, 16, 16));
  CHECK(is(straight.wide_from(5), 5, 16, 11));
  // mov $1, %eax; pop x4; ret, and with one more
  CHECK(is(Sketched("b8 01 00 00 00 5d 5d 5d 5d c3").from(0), 0, 10, 10));
  CHECK(is(Sketched("b8 01 00 00 00 5d 5d 5d 5d 5d c3").from(0), 0, 5, 5));
  // Not where something jumps in between: mov; pop; pop; ret; jmp to the second pop
  CHECK(is(Sketched("b8 01 00 00 00 74 01 5d 5d c3").from(0), 0, 5, 5));
  // Nor when it has gone to another.
  Sketched taken("b8 01 00 00 00 5d 5d 5d c3");
  taken.take({5, 9, 4});
  CHECK(is(taken.from(0), 0, 5, 5));
}

TEST_CASE("a window ends where something jumps", "[stub_windows]") {
  // je 4; nop; nop; (4) nop...; ret
  const Sketched branches("74 02 90 90 90 90 90 90 90 90 90 90 90 90 90 90 c3");
  CHECK(is(branches.from(0), 0, 4, 4));  // room for a short jump
  CHECK(is(branches.from(4), 4, 9, 5));
  CHECK_FALSE(branches.from(3));  // one byte
  // Another function's entry, and a jump from another function
  CHECK(is(Sketched("90 90 90 90 90 90 90 90 90 90 90 c3", {3}).from(0), 0, 3, 3));
  CHECK(is(Sketched("90 90 90 90 90 90 90 90 90 90 90 c3 eb f5", {12}).from(0), 0, 3, 3));
  CHECK_FALSE(Sketched("90 90 90 90 90 90 90 90 90 90 90 c3 eb f3", {12}).from(0));
  // A function that is entered in the middle of an instruction
  CHECK_FALSE(Sketched(kStraight, {1}).from(0));
  CHECK(is(Sketched(kStraight, {1}).from(5), 5, 10, 5));
  // A helper that the function calls is entered where it begins.
  CHECK(is(Sketched("e8 02 00 00 00 c3 cc 90 90 c3").from(0), 0, 6, 6));
}

TEST_CASE("padding is as good as code behind a return or a jump, and only there", "[stub_windows]") {
  CHECK(is(Sketched("31 c0 c3 cc cc cc cc").from(0), 0, 3, 5));
  CHECK(is(Sketched("31 c0 c3 66 90 cc").from(0), 0, 3, 5));
  CHECK(is(Sketched("31 c0 c3 cc").from(0), 0, 3, 4));
  CHECK(is(Sketched("31 c0 c3 cc 55 cc").from(0), 0, 3, 4));       // something else behind
  CHECK(is(Sketched("31 c0 c3 90 90 c3", {4}).from(0), 0, 3, 4));  // a function begins in it
  CHECK(is(Sketched("eb 03 cc cc cc c3").from(0), 0, 2, 5));       // jmp over it
  CHECK(is(Sketched("0f 0b cc cc cc").from(0), 0, 2, 5));          // ud2
  // Behind a call, it runs: nops are instructions.
  CHECK(is(Sketched("74 02 90 90 c3 cc cc cc cc").from(0), 0, 4, 4));
}

TEST_CASE("a return's window reaches back as far as it must", "[stub_windows]") {
  const auto at = Sketched::site;
  // mov $1, %eax; pop %rbp; ret; padding
  CHECK(is(Sketched("b8 01 00 00 00 5d c3").up_to(at(6, 1)), 0, 7, 7));
  CHECK(is(Sketched("b8 01 00 00 00 5d c3 cc cc cc").up_to(at(6, 1)), 5, 7, 5));
  CHECK(is(Sketched("b8 01 00 00 00 5d c3 cc cc cc cc").up_to(at(6, 1)), 6, 7, 5));
  CHECK(is(Sketched("b8 01 00 00 00 5d c3 cc cc cc cc cc cc").up_to(at(6, 1)), 6, 7, 5));
  // je to the pop: a short jump fits; je to the ret: none
  CHECK(is(Sketched("74 05 b8 01 00 00 00 5d c3").up_to(at(8, 1)), 7, 9, 2));
  CHECK_FALSE(Sketched("74 06 b8 01 00 00 00 5d c3").up_to(at(8, 1)));
  CHECK(is(Sketched("74 06 b8 01 00 00 00 5d c3 cc").up_to(at(8, 1)), 8, 9, 2));
  // No further than what another has.
  Sketched taken("b8 01 00 00 00 5d c3");
  taken.take({0, 5, 5});
  CHECK(is(taken.up_to(at(6, 1)), 5, 7, 2));
}

TEST_CASE("in front of a system call there is a window if everybody comes through it", "[stub_windows]") {
  CHECK(is(Sketched("b8 c9 00 00 00 0f 05 c3").before(5), 0, 5, 5));
  CHECK(is(Sketched("90 89 f8 b0 c9 90 0f 05 c3").before(6), 1, 6, 5));
  CHECK_FALSE(Sketched("74 05 b8 c9 00 00 00 0f 05 c3").before(7));         // je to the call
  CHECK_FALSE(Sketched("74 02 89 f8 90 b0 c9 0f 05 c3").before(7));         // je into the window
  CHECK(is(Sketched("74 00 b8 c9 00 00 00 0f 05 c3").before(7), 2, 7, 5));  // je to where it begins
  CHECK_FALSE(Sketched("b0 c9 0f 05 c3").before(2));                        // too little
  Sketched taken("b8 c9 00 00 00 0f 05 c3");
  taken.take({0, 1, 1});
  CHECK_FALSE(taken.before(5));
}

TEST_CASE("around a system call its number goes along", "[stub_windows]") {
  const auto at = Sketched::site;
  // mov $201, %eax; syscall; cltq; ret
  CHECK(is(Sketched("b8 c9 00 00 00 0f 05 48 98 c3").around(at(5, 2)), 0, 10, 10));
  CHECK(is(Sketched("b8 c9 00 00 00 0f 05 48 98 48 98 48 98 c3").around(at(5, 2)), 0, 7, 7));
  // je to the call itself: what is in front of it stays
  CHECK(is(Sketched("74 05 b8 c9 00 00 00 0f 05 48 98 c3").around(at(7, 2)), 7, 12, 5));
  CHECK(is(Sketched("74 07 b8 c9 00 00 00 0f 05 48 98 c3").around(at(7, 2)), 2, 9, 7));
}

TEST_CASE("no byte is given away twice", "[stub_windows]") {
  Sketched straight(kStraight);
  straight.take({5, 10, 5});
  CHECK(is(straight.from(0), 0, 5, 5));
  CHECK_FALSE(straight.from(5));
  CHECK_FALSE(straight.wide_from(0));
  // Nor the padding that belongs to a window.
  Sketched padded("31 c0 c3 cc cc cc cc cc cc cc 31 c0 c3", {10});
  padded.take({0, 3, 5});
  CHECK(padded.take_hole(0) == 5);
  CHECK_FALSE(padded.take_hole(0));
}

TEST_CASE("holes are padding in which a near jump fits, taken from the end", "[stub_windows]") {
  // xor; ret; 12 bytes of padding; another function
  Sketched sketch("31 c0 c3 cc cc cc cc cc cc cc cc cc cc cc cc 31 c0 c3", {15});
  const auto before = sketch.windows.state();
  CHECK(sketch.take_hole(0) == 10);
  CHECK(sketch.take_hole(0) == 5);
  CHECK_FALSE(sketch.take_hole(0));
  CHECK_FALSE(sketch.windows.from(sketch.function(), kCode)->room > 5);
  sketch.windows.restore(before);
  CHECK(sketch.take_hole(15) == 10);
  CHECK_FALSE(Sketched("31 c0 c3 cc cc cc cc 31 c0 c3", {7}).take_hole(0));     // four bytes
  CHECK_FALSE(Sketched("31 c0 90 90 90 90 90 90 31 c0 c3", {8}).take_hole(0));  // code runs through it
  CHECK_FALSE(Sketched("31 c0 c3 90 90 90 90 90 c3", {3}).take_hole(0));        // it is a function
}

TEST_CASE("a hole is taken within a short jump's reach only", "[stub_windows]") {
  constexpr std::uint32_t kHole = 400;
  Bytes code(kHole - 1, std::byte{0x90});
  for (const std::byte byte : from_hex("c3 cc cc cc cc cc")) code.push_back(byte);
  code.resize(800, std::byte{0x90});
  code.push_back(std::byte{0xc3});
  const auto hole_from = [&](std::uint32_t from) { return Sketched(code, {kHole + 5}).take_hole(from); };
  CHECK(hole_from(kHole - 2 - 127) == kHole);
  CHECK_FALSE(hole_from(kHole - 2 - 128));
  CHECK(hole_from(kHole - 2 + 128) == kHole);
  CHECK_FALSE(hole_from(kHole - 2 + 129));
}

TEST_CASE("what a wide entry's jump does not need is a hole", "[stub_windows]") {
  Sketched straight(kStraight);
  CHECK_FALSE(straight.take_hole(0));
  straight.take_narrow(*straight.wide_from(0));
  CHECK(straight.take_hole(0) == 11);
  CHECK(straight.take_hole(0) == 6);
  CHECK_FALSE(straight.take_hole(0));
  CHECK_FALSE(straight.from(0));
  // One of five bytes, or six, leaves none.
  Sketched narrow(kStraight);
  narrow.take_narrow({0, 5, 5});
  narrow.take_narrow({5, 11, 6});
  CHECK_FALSE(narrow.take_hole(0));
}

}  // namespace
}  // namespace vdsotrace
