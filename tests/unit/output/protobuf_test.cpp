#include "output/protobuf.hpp"

#include "output/gzip.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

TEST_CASE("fields of Protocol Buffers are bytes as their guide shows them") {
  ProtobufMessage inner;
  inner.integer(1, 150);
  CHECK(inner.bytes() == std::string("\x08\x96\x01"));
  ProtobufMessage outer;
  outer.message(3, inner);
  CHECK(outer.bytes() == std::string("\x1a\x03\x08\x96\x01"));
  ProtobufMessage text;
  text.text(2, "testing");
  CHECK(text.bytes() == std::string("\x12\x07testing"));
  ProtobufMessage packed;
  packed.integers(6, {3, 270, 86942});
  CHECK(packed.bytes() == std::string("\x32\x06\x03\x8e\x02\x9e\xa7\x05"));
}

TEST_CASE("fields of Protocol Buffers at their limits") {
  ProtobufMessage message;
  message.integer(1, 0);
  message.integers(2, {});
  CHECK(message.bytes().empty());
  message.text(3, "");
  CHECK(message.bytes() == std::string("\x1a\0", 2));
  ProtobufMessage largest;
  largest.integer(16, ~std::uint64_t{0});
  CHECK(largest.bytes() == "\x80\x01" + std::string(9, '\xff') + '\x01');
}

TEST_CASE("gzip's header says what follows, and its end how much it was") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{300'000}}) {
    const std::string file = gzipped(std::string(size, 'a'));
    REQUIRE(file.size() >= 18);
    CHECK(file.substr(0, 3) == "\x1f\x8b\x08");
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length |= std::uint32_t{static_cast<unsigned char>(file[file.size() - 4 + i])} << (8 * i);
    CHECK(length == size);
    CHECK(file.size() < 1000);
    CHECK(file == gzipped(std::string(size, 'a')));
  }
}
