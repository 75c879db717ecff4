// Captured memory reads like the process did, and nothing beyond what was noted.
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// What can be read of `size` bytes at `address`, '.' behind it as far as nothing was written.
std::string text_at(Memory& memory, std::uint64_t address, std::size_t size) {
  std::string text(size, '.');
  const std::size_t got = memory.read(address, std::as_writable_bytes(std::span(text)));
  CHECK(text.substr(got) == std::string(size - got, '.'));
  return text.substr(0, got);
}

/// A live memory: one string at one address.
class OneString final : public Memory {
 public:
  OneString(std::uint64_t address, std::string text) : address_(address), text_(std::move(text)) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    if (address < address_ || address - address_ >= text_.size()) return 0;
    const std::size_t skip = address - address_;
    const std::size_t size = std::min(into.size(), text_.size() - skip);
    std::memcpy(into.data(), text_.data() + skip, size);
    return size;
  }

 private:
  std::uint64_t address_;
  std::string text_;
};

constexpr std::uint64_t kTop = ~std::uint64_t{0};

TEST_CASE("a capture gives back what was noted", "[memory]") {
  Capture capture;
  CHECK(capture.empty());
  capture.note(0x1000, bytes_of("abcdef"));
  CHECK_FALSE(capture.empty());
  CHECK(text_at(capture, 0x1000, 6) == "abcdef");
  CHECK(text_at(capture, 0x1002, 3) == "cde");
  CHECK(text_at(capture, 0x1004, 10) == "ef");
  CHECK(text_at(capture, 0x1006, 1).empty());
  CHECK(text_at(capture, 0xfff, 4).empty());
  CHECK(text_at(capture, 0x1000, 0).empty());
}

TEST_CASE("a read spans pieces that touch and stops at a hole", "[memory]") {
  Capture capture;
  capture.note(0x1003, bytes_of("def"));
  capture.note(0x1000, bytes_of("abc"));
  capture.note(0x1007, bytes_of("h"));
  CHECK(text_at(capture, 0x1000, 8) == "abcdef");
  CHECK(text_at(capture, 0x1007, 8) == "h");
}

TEST_CASE("a later piece wins over an earlier one", "[memory]") {
  Capture capture;
  capture.note(0x1000, bytes_of("abcdefgh"));
  capture.note(0x1002, bytes_of("XY"));
  CHECK(text_at(capture, 0x1000, 8) == "abXYefgh");
  capture.note(0x1003, bytes_of("123456789"));
  CHECK(text_at(capture, 0x1000, 20) == "abX123456789");
  capture.note(0x0ffe, bytes_of("----"));
  CHECK(text_at(capture, 0x0ffe, 6) == "----X1");
}

TEST_CASE("nothing wraps around the top of the address space", "[memory]") {
  Capture capture;
  capture.note(kTop - 1, bytes_of("yz+wrapped"));
  CHECK(text_at(capture, kTop - 1, 8) == "yz");
  CHECK(text_at(capture, kTop, 8) == "z");
  CHECK(text_at(capture, 0, 4).empty());
  capture.note(0, bytes_of("low"));
  CHECK(text_at(capture, kTop, 8) == "z");
  CHECK(text_at(capture, 0, 4) == "low");
}

TEST_CASE("an object is read whole or not at all", "[memory]") {
  Capture capture;
  const std::uint32_t value = 0x01020304;
  capture.note(0x2000, std::as_bytes(std::span(&value, 1)));
  CHECK(capture.object<std::uint32_t>(0x2000) == value);
  CHECK(capture.object<std::uint64_t>(0x2000) == std::nullopt);
  CHECK(capture.object<std::uint32_t>(0x2001) == std::nullopt);
}

TEST_CASE("a recorder does not grow without bound", "[memory]") {
  OneString live(0x3000, std::string(Recorder::kMost / 2 + 1, 'x'));
  Capture capture;
  Recorder recorder(live, capture);
  std::vector<std::byte> into(Recorder::kMost);
  CHECK(recorder.read(0x3000, into) == Recorder::kMost / 2 + 1);
  CHECK(recorder.read(0x3000, into) == Recorder::kMost / 2 - 1);
  CHECK(recorder.read(0x3000, into) == 0);
}

TEST_CASE("a recorder reads so many places and no more", "[memory]") {
  OneString live(0x3000, "hello");
  Capture capture;
  Recorder recorder(live, capture);
  for (std::size_t i = 0; i < Recorder::kMost / Recorder::kLeast; ++i) {
    REQUIRE(text_at(recorder, i % 2 == 0 ? 0x3000 : 0x8000, 5) == (i % 2 == 0 ? "hello" : ""));
  }
  CHECK(text_at(recorder, 0x3000, 5).empty());
}

TEST_CASE("a recorder notes what it could read", "[memory]") {
  OneString live(0x3000, "hello");
  Capture capture;
  Recorder recorder(live, capture);
  CHECK(text_at(recorder, 0x4000, 4).empty());
  CHECK(capture.empty());
  CHECK(text_at(recorder, 0x3001, 10) == "ello");
  CHECK(text_at(capture, 0x3001, 10) == "ello");
  CHECK(text_at(capture, 0x3000, 10).empty());
}

}  // namespace
}  // namespace vdsotrace
