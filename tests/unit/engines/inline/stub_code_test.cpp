// Jumps, padding and templates of the stubs.
#include <algorithm>
#include <limits>
#include <set>

#include "arch/stubs.hpp"
#include "model/code/x86.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using arch::StubKind;
using arch::StubShape;
using testing::Bytes;
using testing::from_hex;

template <class Code>
Bytes bytes_of(const std::optional<Code>& code) {
  REQUIRE(code);
  return {code->begin(), code->end()};
}

TEST_CASE("jumps reach as far as their displacements", "[stub_code]") {
  constexpr std::uint64_t kFrom = 0x7fff'0000'0000;
  CHECK(bytes_of(arch::jump(kFrom, kFrom)) == from_hex("e9 fb ff ff ff"));
  CHECK(bytes_of(arch::jump(kFrom, kFrom + 5 + 0x7fffffff)) == from_hex("e9 ff ff ff 7f"));
  CHECK_FALSE(arch::jump(kFrom, kFrom + 5 + 0x80000000));
  CHECK(bytes_of(arch::jump(kFrom, kFrom + 5 - 0x80000000)) == from_hex("e9 00 00 00 80"));
  CHECK_FALSE(arch::jump(kFrom, kFrom + 4 - 0x80000000));

  CHECK(bytes_of(arch::short_jump(kFrom, kFrom)) == from_hex("eb fe"));
  CHECK(bytes_of(arch::short_jump(kFrom, kFrom + 2 + 127)) == from_hex("eb 7f"));
  CHECK_FALSE(arch::short_jump(kFrom, kFrom + 2 + 128));
  CHECK(bytes_of(arch::short_jump(kFrom, kFrom + 2 - 128)) == from_hex("eb 80"));
  CHECK_FALSE(arch::short_jump(kFrom, kFrom + 1 - 128));
  CHECK_FALSE(arch::short_jump(kFrom, kFrom + (std::uint64_t{1} << 32)));
  CHECK_FALSE(arch::short_jump(0, std::numeric_limits<std::uint64_t>::max() / 2));
}

TEST_CASE("padding is int3 and every nop that assemblers make", "[stub_code]") {
  const char* const nops[] = {"cc",
                              "90",
                              "66 90",
                              "0f 1f 00",
                              "0f 1f 40 00",
                              "0f 1f 44 00 00",
                              "66 0f 1f 44 00 00",
                              "0f 1f 80 00 00 00 00",
                              "0f 1f 84 00 00 00 00 00",
                              "66 0f 1f 84 00 00 00 00 00",
                              "66 2e 0f 1f 84 00 00 00 00 00",
                              "66 66 2e 0f 1f 84 00 00 00 00 00",
                              "66 66 66 66 66 66 2e 0f 1f 84 00 00 00 00 00"};
  auto decoder = X86Decoder::open(Machine::x86_64);
  REQUIRE(decoder);
  Bytes all;
  for (const char* text : nops) {
    INFO(text);
    const Bytes nop = from_hex(text);
    CHECK(arch::padding_at(nop) == nop.size());
    // As the processor sees it: one instruction, and none if a byte is missing.
    const auto instruction = decoder->decode(nop);
    REQUIRE(instruction);
    CHECK(instruction->length == nop.size());
    const std::size_t part = arch::padding_at(std::span(nop).first(nop.size() - 1));
    CHECK(part == 0);
    Bytes followed = nop;
    followed.push_back(std::byte{0x55});  // push %rbp
    CHECK(arch::padding_at(followed) == nop.size());
    all.insert(all.end(), nop.begin(), nop.end());
  }
  CHECK(arch::padding_at(all) == all.size());
}

TEST_CASE("what is no padding is not taken for it", "[stub_code]") {
  CHECK(arch::padding_at({}) == 0);
  // ret; pause; endbr64; mov %ax, %ax; prefixes alone; nop of another register; wait
  for (const char* code :
       {"c3", "f3 90", "f3 0f 1e fa", "66 89 c0", "66", "66 66", "0f 1f c0", "0f 1e 00", "9b", "00 00"}) {
    INFO(code);
    CHECK(arch::padding_at(from_hex(code)) == 0);
  }
  CHECK(arch::padding_at(from_hex("90 cc f3 90")) == 2);
}

TEST_CASE("templates are slots and whole instructions", "[stub_code]") {
  auto decoder = X86Decoder::open(Machine::x86_64);
  REQUIRE(decoder);
  std::set<const std::byte*> different;
  for (int kind = 0; kind <= static_cast<int>(StubKind::close_getrandom); ++kind) {
    for (const StubShape shape : {StubShape::plain, StubShape::clocked, StubShape::three}) {
      CAPTURE(kind, static_cast<int>(shape));
      const arch::StubTemplate stub = arch::stub_template(static_cast<StubKind>(kind), shape);
      different.insert(stub.bytes.data());
      REQUIRE(stub.code % 8 == 0);
      CHECK(stub.slots() >= 1);
      CHECK(std::ranges::all_of(stub.bytes.first(stub.code), [](std::byte byte) { return byte == std::byte{0}; }));
      for (std::size_t at = stub.code; at < stub.bytes.size();) {
        const auto instruction = decoder->decode(stub.bytes.subspan(at));
        REQUIRE(instruction);
        // All that leads out of it is `jmp *` and the close stubs' `ret`.
        const auto target = static_cast<std::int64_t>(at) + instruction->length + instruction->displacement;
        const bool leads_somewhere = instruction->flow == Flow::jump || instruction->flow == Flow::branch;
        if (leads_somewhere)
          CHECK((target >= static_cast<std::int64_t>(stub.code) &&
                 target < static_cast<std::int64_t>(stub.bytes.size())));
        if (instruction->flow == Flow::ret) CHECK(kind >= static_cast<int>(StubKind::close));
        CHECK(instruction->flow != Flow::call);
        CHECK(instruction->flow != Flow::strange);
        at += instruction->length;
      }
    }
  }
  CHECK(different.size() == 23);
}

}  // namespace
}  // namespace vdsotrace
