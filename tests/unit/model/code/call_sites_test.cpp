// Plans for system calls in code that is made here, rule by rule, and patched code that is carried out.
#include "model/code/call_sites.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "model/code/jumps.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::Bytes;
using testing::from_hex;

constexpr std::uint64_t kCode = 0x401000;
constexpr std::uint64_t kStub = 0x800000;

/// The code as one function, as far as it is said to reach.
CallSites sites_of(const std::string& hex, std::optional<std::vector<AddressRange>> functions = {}) {
  Bytes code = from_hex(hex);
  const std::vector<AddressRange> whole{{kCode, kCode + code.size()}};
  auto sites = CallSites::open(std::move(code), kCode, FunctionTable(functions.value_or(whole)));
  if (!sites) throw std::runtime_error(sites.error().message);
  return std::move(*sites);
}

CallSite site_in(const std::string& hex, std::uint64_t offset,
                 std::optional<std::vector<AddressRange>> functions = {}) {
  return sites_of(hex, std::move(functions)).at(kCode + offset);
}

std::string reason_in(const std::string& hex, std::uint64_t offset,
                      std::optional<std::vector<AddressRange>> functions = {}) {
  const CallSite site = site_in(hex, offset, std::move(functions));
  CHECK(site.original.empty());
  CHECK_FALSE(site.patch(kStub).has_value());
  CHECK_FALSE(site.tail(kStub).has_value());
  return site.shape == SiteShape::unpatched ? site.reason : "patched";
}

const std::string kCall = "6a 6e 58 66 90 0f 05 ";        // push $110; pop %rax; xchg %ax, %ax; syscall
const std::string kHeadedCall = "b8 6e 00 00 00 0f 05 ";  // mov $110, %eax; syscall
const std::string kCompare = "48 3d 01 f0 ff ff ";        // cmp $-4095, %rax
const std::string kPadding = "0f 1f 84 00 00 00 00 00 ";  // nopl 0(%rax,%rax,1)

TEST_CASE("a call with padding nearby becomes a short jump", "[call_sites]") {
  const CallSite site = site_in(kCall + "c3 " + kPadding + "c3", 5, {{{kCode, kCode + 8}, {kCode + 16, kCode + 17}}});
  REQUIRE(site.shape == SiteShape::padded);
  CHECK(site.padding == kCode + 11);
  CHECK(site.displaced.empty());
  CHECK(site.resumes_at() == kCode + 7);
  CHECK(site.original ==
        std::vector<CodeWrite>{{kCode + 11, from_hex("00 00 00 00 00")}, {kCode + 5, from_hex("0f 05")}});
  const auto patch = site.patch(kStub);
  REQUIRE(patch);
  // 0x401010 + 0x3feff0 is the stub; 0x401007 + 4 the jump to it.
  CHECK(*patch == std::vector<CodeWrite>{{kCode + 11, from_hex("e9 f0 ef 3f 00")}, {kCode + 5, from_hex("eb 04")}});
  const auto tail = site.tail(kStub + 0x40);
  REQUIRE(tail);
  CHECK(tail->bytes == from_hex("e9 c2 0f c0 ff"));
  CHECK_FALSE(site.covers(site.resumes_at()));
}

TEST_CASE("a call without padding gives way with what follows", "[call_sites]") {
  const CallSite site = site_in(kCall + kCompare + "77 01 c3 31 c0 c3", 5);
  REQUIRE(site.shape == SiteShape::widened);
  CHECK(site.displaced == from_hex(kCompare));
  CHECK(site.resumes_at() == kCode + 13);
  CHECK(site.original == std::vector<CodeWrite>{{kCode + 5, from_hex("0f 05 " + kCompare)}});
  CHECK(site.patch(kStub).value() == std::vector<CodeWrite>{{kCode + 5, from_hex("e9 f6 ef 3f 00 cc cc cc")}});
  const auto tail = site.tail(kStub + 0x40);
  REQUIRE(tail);
  CHECK(tail->bytes == from_hex(kCompare + "e9 c2 0f c0 ff"));
  CHECK(site.covers(kCode + 7));
  CHECK_FALSE(site.covers(kCode + 5));
  CHECK_FALSE(site.covers(kCode + 13));
  CHECK(site.place_in_tail(*tail, kCode + 7) == 0);
  CHECK_FALSE(site.place_in_tail(*tail, kCode + 8));
}

TEST_CASE("a return and the padding behind it give way together", "[call_sites]") {
  const CallSite site = site_in(kCall + "c3 90 90", 5);
  REQUIRE(site.shape == SiteShape::widened);
  CHECK(site.displaced == from_hex("c3"));
  CHECK(site.patch(kStub).value().front().bytes.size() == 5);
  CHECK(reason_in(kCall + "c3 90", 5) == "its function ends too soon behind it");
  // What is behind the function's end is another's.
  CHECK(reason_in(kCall + "c3 31 c0 c3", 5, {{{kCode, kCode + 8}, {kCode + 8, kCode + 11}}}) ==
        "its function ends too soon behind it");
  CHECK(reason_in(kCall + "90 48 31 c0 c3", 5, {{{kCode, kCode + 8}, {kCode + 8, kCode + 12}}}) ==
        "no whole instruction follows in its function");
}

TEST_CASE("nothing leads into what changes", "[call_sites]") {
  // jne to behind what is displaced is one thing, into it another.
  CHECK(site_in("75 0a 31 c0 0f 05 " + kCompare + "c3", 4).shape == SiteShape::widened);
  const std::string two = "48 89 d0 48 89 d1 ";  // mov %rdx, %rax; mov %rdx, %rcx
  CHECK(site_in("75 08 31 c0 0f 05 " + two + "c3", 4).shape == SiteShape::widened);
  CHECK(reason_in("75 04 31 c0 0f 05 " + two + "c3", 4) == "something leads into what follows");
  CHECK(site_in("75 02 31 c0 0f 05 " + two + "c3", 4).shape == SiteShape::widened);
  CHECK(reason_in("75 03 31 c0 0f 05 " + two + "c3", 4) == "something leads into the middle of it");
  // The same from another function nearby, of 8 bits, and far away, of 32.
  const std::string call = "31 c0 0f 05 " + two + "c3 ";
  CHECK(reason_in(call + "eb f7", 2, {{{kCode, kCode + 11}, {kCode + 11, kCode + 13}}}) ==
        "something leads into what follows");
  std::string far = call;
  for (int i = 0; i < 400; ++i) far += "c3 ";
  const std::vector<AddressRange> functions{{kCode, kCode + 11}, {kCode + 11, kCode + 411 + 5}};
  CHECK(site_in(far + "e9 67 fe ff ff", 2, functions).shape == SiteShape::widened);
  CHECK(reason_in(far + "e9 64 fe ff ff", 2, functions) == "something leads into what follows");
  CHECK(reason_in(far + "e8 64 fe ff ff", 2, functions) == "something leads into what follows");
  CHECK(reason_in(far + "0f 84 63 fe ff ff", 2, functions) == "something leads into what follows");
}

TEST_CASE("a second entry of a function is one", "[call_sites]") {
  const std::string code = "31 c0 0f 05 48 89 d0 48 89 d1 c3";
  const auto entered = [&](std::uint64_t at) {
    return site_in(code, 2, {{{kCode, kCode + 11}, {kCode + at, kCode + at}}}).shape;
  };
  CHECK(entered(4) == SiteShape::unpatched);
  CHECK(entered(3) == SiteShape::unpatched);
  CHECK(entered(7) == SiteShape::widened);
  CHECK(entered(2) == SiteShape::widened);
}

TEST_CASE("branches count that only a table leads to", "[call_sites]") {
  // jmp *%rdx; syscall; ...; ret; jmp to the second mov: nothing that is known leads to that jump.
  const std::string code = "ff e2 31 c0 0f 05 48 89 d0 48 89 d1 c3 ";
  CHECK(reason_in(code, 4) == "its function jumps to where a register or a table says");
  CHECK(reason_in("31 c0 0f 05 48 89 d0 48 89 d1 c3 eb f7", 2) == "something leads into what follows");
  // Through a slot of a linkage table it leaves for another function.
  CHECK(site_in("74 06 ff 25 00 01 00 00 31 c0 0f 05 48 89 d0 48 89 d1 c3", 10).shape == SiteShape::widened);
}

TEST_CASE("padding is only what nothing leads to", "[call_sites]") {
  const std::vector<AddressRange> alone{{kCode, kCode + 8}};
  const std::string code = kCall + "c3 ";
  CHECK(site_in(code + "cc cc cc cc cc cc cc cc", 5, alone).shape == SiteShape::padded);
  // Too small; not up to where compilers align; something else.
  CHECK(site_in(code + "90 90 90 90 c3 c3 c3 c3", 5, alone).shape != SiteShape::padded);
  CHECK(site_in(code + "90 90 90 90 90 90 c3 c3", 5, alone).shape != SiteShape::padded);
  CHECK(site_in(code + "00 00 00 00 00 00 00 00", 5, alone).shape == SiteShape::unpatched);
  // A function begins in it, or a branch leads there.
  CHECK(site_in(code + kPadding, 5, {{{kCode, kCode + 8}, {kCode + 12, kCode + 16}}}).shape != SiteShape::padded);
  CHECK(site_in("74 06 90 90 90 0f 05 c3 90 90 90 90 90 90 90 90", 5).shape != SiteShape::padded);
  CHECK(site_in("74 03 90 90 90 0f 05 c3 90 90 90 90 90 90 90 90", 5).shape == SiteShape::padded);
  // It is gone through: the call before it may return.
  CHECK(site_in("0f 05 e8 00 10 00 00 90 90 90 90 90 90 90 90 90 c3", 0).shape == SiteShape::unpatched);
}

TEST_CASE("a short jump reaches 127 bytes ahead and 128 back", "[call_sites]") {
  const auto shape_ahead = [](int between) {
    std::string code = "0f 05 e8 00 10 00 00 ";  // call: nothing can be displaced
    for (int i = 0; i < between; ++i) code += "50 ";
    code += "c3 ";
    // From 9 + between on up to the next multiple of 8.
    const int start = 8 + between;
    const int end = (start + 5 + 7) / 8 * 8;
    for (int i = start; i < end; ++i) code += "cc ";
    const CallSite site = site_in(code, 0, {{{kCode, kCode + static_cast<std::uint64_t>(start)}}});
    if (site.shape == SiteShape::padded) CHECK(site.padding - kCode - 2 <= 127);
    return site.shape;
  };
  CHECK(shape_ahead(0) == SiteShape::padded);
  CHECK(shape_ahead(121) == SiteShape::padded);
  CHECK(shape_ahead(122) == SiteShape::unpatched);
  const auto shape_back = [&](int between) {
    std::string code = "90 90 c3 cc cc cc cc cc ";
    for (int i = 0; i < between; ++i) code += "50 ";
    const auto offset = static_cast<std::uint64_t>(8 + between);
    return site_in(code + "0f 05 e8 00 10 00 00 c3", offset, {{{kCode, kCode + 3}, {kCode + 8, kCode + offset + 8}}})
        .shape;
  };
  CHECK(shape_back(121) == SiteShape::padded);
  CHECK(shape_back(122) == SiteShape::unpatched);
}

TEST_CASE("the instruction before a call gives way if it is large enough", "[call_sites]") {
  const CallSite site = site_in(kHeadedCall + "e8 00 10 00 00 c3", 5);
  REQUIRE(site.shape == SiteShape::headed);
  CHECK(site.head == from_hex("b8 6e 00 00 00"));
  CHECK(site.displaced.empty());
  CHECK_FALSE(site.keeps_code());
  CHECK(site.resumes_at() == kCode + 7);
  CHECK_FALSE(site.covers(kCode + 7));
  CHECK(site.original == std::vector<CodeWrite>{{kCode, from_hex("b8 6e 00 00 00")}});
  CHECK(site.patch(kStub).value() == std::vector<CodeWrite>{{kCode, from_hex("e9 fb ef 3f 00")}});
  CHECK(site.front(kStub).value() == from_hex("b8 6e 00 00 00"));
  CHECK(site.tail(kStub + 0x40).value().bytes == from_hex("e9 c2 0f c0 ff"));

  // A larger one, which refers to a place beside itself: mov 0x100(%rip), %eax.
  const CallSite larger = site_in("8b 05 00 01 00 00 0f 05 e8 00 10 00 00 c3", 6);
  REQUIRE(larger.shape == SiteShape::headed);
  CHECK(larger.patch(kStub).value().front().bytes == from_hex("e9 fb ef 3f 00 cc"));
  CHECK(larger.front(kCode + 0x1000).value() == from_hex("8b 05 00 f1 ff ff"));
  CHECK(larger.front(larger.stubs.start).has_value());
  CHECK_FALSE(larger.front(larger.stubs.end).has_value());
  CHECK(site_in(kCall + kCompare + "c3", 5).front(kStub).value().empty());

  // A branch may lead to the call, or to what is before it, but not into that.
  const std::string call = "b8 6e 00 00 00 0f 05 e8 00 10 00 00 c3";
  CHECK(site_in("75 05 " + call, 7).shape == SiteShape::headed);
  CHECK(site_in("75 00 " + call, 7).shape == SiteShape::headed);
  CHECK(site_in("75 03 " + call, 7).shape == SiteShape::unpatched);
  // Too small; a call; not known to be an instruction, as nothing but a table leads there, or no entry is known.
  CHECK(site_in("90 90 90 66 90 0f 05 e8 00 10 00 00 c3", 5).shape == SiteShape::unpatched);
  CHECK(site_in("e8 00 10 00 00 0f 05 e8 00 10 00 00 c3", 5).shape == SiteShape::unpatched);
  CHECK(site_in("ff e2 " + call, 7).shape == SiteShape::unpatched);
  CHECK(site_in(call, 5, std::vector<AddressRange>{}).shape == SiteShape::unpatched);
}

TEST_CASE("functions of which nothing is known are read from where others call them", "[call_sites]") {
  // At 0 a known function calls 8, which calls 16: mov $110, %eax; syscall; call.
  const std::string code = "e8 03 00 00 00 c3 00 00 e8 03 00 00 00 c3 00 00 " + kHeadedCall + "e8 00 10 00 00 c3";
  const std::vector<AddressRange> first{{kCode, kCode + 6}};
  CHECK(site_in(code, 21, first).shape == SiteShape::headed);
  CHECK(site_in(code, 21, std::vector<AddressRange>{}).shape == SiteShape::unpatched);
  // Nothing calls it; the call goes to the middle of it.
  CHECK(site_in("e8 03 00 00 00 c3 00 00 c3 03 00 00 00 c3 00 00 " + kHeadedCall + "e8 00 10 00 00 c3", 21, first)
            .shape == SiteShape::unpatched);
  CHECK(site_in("e8 03 00 00 00 c3 00 00 e8 08 00 00 00 c3 00 00 " + kHeadedCall + "e8 00 10 00 00 c3", 21, first)
            .shape == SiteShape::unpatched);
}

TEST_CASE("short jumps lead on where only small paddings are near", "[call_sites]") {
  // A call behind it: nothing can be displaced. Paddings of 2 bytes, 100 bytes apart; then one of 8.
  const auto code_with = [](int small) {
    std::string code = "0f 05 e8 00 10 00 00 ";
    for (int i = 0; i < small; ++i) {
      for (int byte = 0; byte < 94; ++byte) code += "50 ";
      code += "eb 02 66 90 ";
      while (code.size() / 3 % 8 != 0) code.insert(code.size() - 12, "50 ");
    }
    for (int byte = 0; byte < 94; ++byte) code += "50 ";
    code += "c3 ";
    while (code.size() / 3 % 8 != 3) code.insert(code.size() - 3, "50 ");
    return code + "cc cc cc cc cc";
  };
  CHECK(site_in(code_with(0), 0).shape == SiteShape::padded);
  const std::string code = code_with(2);
  const CallSite site = site_in(code, 0);
  REQUIRE(site.shape == SiteShape::relayed);
  REQUIRE(site.relays.size() == 2);
  CHECK(site.keeps_code());
  CHECK(site.displaced.empty());
  const auto patch = site.patch(kStub);
  REQUIRE(patch);
  // Follow the jumps, which are written from the end on.
  REQUIRE(patch->size() == 4);
  const std::vector<std::uint64_t> places{site.padding, site.relays[1], site.relays[0], site.address};
  for (std::size_t i = 0; i < places.size(); ++i) {
    CHECK((*patch)[i].address == places[i]);
    CHECK(site.original[i].address == places[i]);
    CHECK(site.original[i].bytes.size() == (*patch)[i].bytes.size());
    if (i == 0) continue;
    const auto displacement = std::to_integer<int>((*patch)[i].bytes[1]);
    CHECK((*patch)[i].bytes[0] == std::byte{0xeb});
    CHECK(places[i] + 2 + displacement == places[i - 1]);
  }
  const StubParts stub{kStub, kStub + 0x22, kStub + 0x40};
  const auto tail = site.tail(stub.tail).value();
  for (const std::uint64_t place : places) CHECK(site.own_place(place, stub, tail) == OwnPlace{kCode, false, true});
  const CallSite moved = site.moved_by(0x1000);
  CHECK(moved.relays[1] == site.relays[1] + 0x1000);
  CHECK(moved.original[1].address == moved.relays[1]);
  CHECK(moved.jumps_from(site.relays[0] + 0x1000));
  CHECK_FALSE(moved.jumps_from(site.relays[0]));
  CHECK(site_in(code_with(3), 0).shape == SiteShape::relayed);
  CHECK(site_in(code_with(4), 0).shape == SiteShape::unpatched);
}

TEST_CASE("no two patches write over the same bytes", "[call_sites]") {
  const std::string code = "0f 05 e8 00 10 00 00 0f 05 e8 00 10 00 00 0f 05 e8 00 10 00 00 90 90 c3 ";
  CallSites sites = sites_of(code + "cc cc cc cc cc cc cc cc cc cc cc cc cc cc cc cc", {{{kCode, kCode + 24}}});
  CHECK(sites.at(kCode).padding == kCode + 35);
  CHECK(sites.at(kCode + 7).padding == kCode + 30);
  CHECK(sites.at(kCode + 14).padding == kCode + 25);
  CHECK(sites.at(kCode).padding == kCode + 35);
  CallSites narrow = sites_of(code + "cc cc cc cc cc cc cc cc", {{{kCode, kCode + 24}}});
  CHECK(narrow.at(kCode).shape == SiteShape::padded);
  CHECK(narrow.at(kCode + 7).shape == SiteShape::unpatched);
  // What would be displaced is another call.
  CHECK(reason_in("0f 05 0f 05 90 90 90 c3", 0) == "another system call follows");
}

TEST_CASE("what is displaced does the same elsewhere", "[call_sites]") {
  // lea 0x10(%rip), %rdx: what it refers to stays.
  const CallSite site = site_in("0f 05 48 8d 15 10 00 00 00 c3", 0);
  REQUIRE(site.shape == SiteShape::widened);
  const auto tail = site.tail(kCode + 0x1000);
  REQUIRE(tail);
  CHECK(tail->bytes == from_hex("48 8d 15 12 f0 ff ff e9 fd ef ff ff"));
  // What it refers to has to be in reach, too.
  const CallSite wide = site_in("0f 05 48 8d 15 00 00 00 40 c3", 0);
  CHECK(wide.stubs.start > site.stubs.start);
  CHECK(wide.stubs.end == site.stubs.end);
  CHECK(site_in("0f 05 85 c0 78 01 50 c3", 0).displaced == from_hex("85 c0 78 01"));
  CHECK(reason_in("0f 05 e8 00 10 00 00 c3", 0).ends_with("is a call: its return address would change"));
  CHECK(reason_in("0f 05 e3 00 90 90 c3", 0).find("leads into") != std::string::npos);
  CHECK(reason_in("0f 05 e3 10 90 90 c3", 0).ends_with("is a branch of 8 bits that has no longer form"));
}

TEST_CASE("what unwinders know by its bytes is left alone", "[call_sites]") {
  for (const char* bytes : {"48 c7 c0 0f 00 00 00 ", "b8 0f 00 00 00 ", "6a 0f 58 "}) {
    const std::string number(bytes);
    const auto offset = number.size() / 3;
    CHECK(reason_in(number + "0f 05 " + kCompare + "c3", offset) == "it returns from signal handlers");
  }
  CHECK(site_in("b8 0e 00 00 00 0f 05 " + kCompare + "c3", 5).shape == SiteShape::headed);
}

TEST_CASE("ends of the code are ends", "[call_sites]") {
  CHECK(reason_in("0f 05", 0) == "no whole instruction follows in its function");
  CHECK(reason_in("0f 05 48 3d 01", 0, {{{kCode, kCode + 100}}}) == "its function cannot be read to its end");
  CHECK(reason_in("0f", 0) == "no system call is made there");
  CHECK(reason_in("0f 05 90 90 90 c3", 6) == "no system call is made there");
  CHECK(reason_in("0f 05 90 90 90 c3", 1) == "no system call is made there");
  CHECK(reason_in("0f 05 90 90 90 c3", static_cast<std::uint64_t>(-8)) == "no system call is made there");
  CHECK(reason_in("cd 80 90 90 90 c3", 0) == "no system call is made there");
  CHECK_FALSE(CallSites::open(from_hex("0f 05"), static_cast<std::uint64_t>(-4), {}).has_value());
}

TEST_CASE("code that belongs to no known function is patched if whatever could lead there is known", "[call_sites]") {
  const std::vector<AddressRange> none;
  CHECK(site_in(kCall + "c3 " + kPadding, 5, none).shape == SiteShape::padded);
  CHECK(site_in(kCall + kCompare + "77 01 c3 31 c0 c3", 5, none).shape == SiteShape::widened);
  // Bytes that look like a jump there, or like one by a table, in what nothing is known to lead to.
  CHECK(reason_in(kCall + kCompare + "c3 eb f7", 5, none) == "something leads into what follows");
  CHECK(reason_in(kCall + kCompare + "c3 00 ff e0", 5, none) ==
        "its function jumps to where a register or a table says");
}

TEST_CASE("stubs reach from where they may lie", "[call_sites]") {
  for (const std::string& code : {kCall + "c3 " + kPadding, kCall + kCompare + "77 01 c3 31 c0 c3"}) {
    const CallSite site = site_in(code, 5).moved_by(0x7f0000000000);
    CHECK(site.address == 0x7f0000000000 + kCode + 5);
    CHECK(site.stubs.contains(site.address));
    CHECK(site.stubs.size() > 0xffff0000);
    CHECK(site.patch(site.stubs.start).has_value());
    CHECK(site.tail(site.stubs.start).has_value());
    CHECK(site.patch(site.stubs.end - 1).has_value());
    CHECK(site.tail(site.stubs.end - 1).has_value());
    CHECK_FALSE(site.patch(site.stubs.end).has_value());
    CHECK_FALSE(site.patch(site.stubs.start - 1).has_value());
    CHECK_FALSE(site.tail(site.stubs.end).has_value());
    for (std::size_t i = 0; i < site.original.size(); ++i) {
      CHECK(site.original[i].address == site.patch(site.stubs.start).value()[i].address);
      CHECK(site.original[i].bytes.size() == site.patch(site.stubs.start).value()[i].bytes.size());
    }
  }
  // A program at a fixed low address: nothing lies below 0.
  CHECK(site_in(kCall + kCompare + "77 01 c3 31 c0 c3", 5).moved_by(0).stubs.start == 0);
}

TEST_CASE("a thread in a stub is somewhere in its own code", "[call_sites]") {
  const StubParts stub{kStub, kStub + 0x22, kStub + 0x40};
  const CallSite padded = site_in(kCall + "c3 " + kPadding, 5);
  const auto back = padded.tail(stub.tail).value();
  CHECK(padded.own_place(kCode + 5, stub, back) == OwnPlace{kCode + 5, false, true});
  CHECK(padded.own_place(padded.padding, stub, back) == OwnPlace{kCode + 5, false, true});
  CHECK(padded.own_place(kStub, stub, back) == OwnPlace{kCode + 5, false, true});
  CHECK(padded.own_place(kStub + 0x20, stub, back) == OwnPlace{kCode + 5, false, true});
  CHECK(padded.own_place(kStub + 0x22, stub, back) == OwnPlace{kCode + 7, true, true});
  CHECK(padded.own_place(kStub + 0x40, stub, back) == OwnPlace{kCode + 7, true, true});
  CHECK_FALSE(padded.own_place(kStub + 0x45, stub, back));
  CHECK_FALSE(padded.own_place(kStub - 1, stub, back));
  CHECK_FALSE(padded.own_place(kCode + 7, stub, back));

  // test %eax, %eax; js: widened by 4 bytes; the jump back.
  const CallSite widened = site_in("0f 05 85 c0 78 01 50 c3", 0);
  const auto tail = widened.tail(stub.tail).value();
  CHECK(widened.own_place(kStub + 0x20, stub, tail) == OwnPlace{kCode, false, true});
  CHECK(widened.own_place(kStub + 0x22, stub, tail) == OwnPlace{kCode + 2, true, false});
  CHECK(widened.own_place(kStub + 0x40, stub, tail) == OwnPlace{kCode + 2, true, false});
  CHECK(widened.own_place(kStub + 0x42, stub, tail) == OwnPlace{kCode + 4, true, false});
  CHECK(widened.own_place(kStub + 0x48, stub, tail) == OwnPlace{kCode + 6, true, true});
  CHECK(widened.place_in_tail(tail, kCode + 4) == 2);

  const CallSite headed = site_in(kHeadedCall + "e8 00 10 00 00 c3", 5);
  const auto end = headed.tail(stub.tail).value();
  CHECK(headed.own_place(kCode, stub, end) == OwnPlace{kCode, false, true});
  CHECK(headed.own_place(kStub, stub, end) == OwnPlace{kCode, false, true});
  // What was before the call has been done: the call is next.
  CHECK(headed.own_place(kStub + 5, stub, end) == OwnPlace{kCode + 5, false, true});
  CHECK(headed.own_place(kStub + 0x22, stub, end) == OwnPlace{kCode + 7, true, true});
  CHECK_FALSE(headed.own_place(kCode + 5, stub, end));
}

/// Memory with code that can be carried out.
class Area {
 public:
  static constexpr std::size_t kSize = 8192;
  Area() : start_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (start_ == MAP_FAILED) throw std::runtime_error("no memory for code");
  }
  ~Area() { munmap(start_, kSize); }
  Area(const Area&) = delete;
  Area& operator=(const Area&) = delete;
  std::uint64_t at(std::size_t offset) const { return reinterpret_cast<std::uint64_t>(start_) + offset; }
  static void write(std::uint64_t address, std::span<const std::byte> bytes) {
    std::memcpy(reinterpret_cast<void*>(address), bytes.data(), bytes.size());
  }
  long call(long argument) const { return reinterpret_cast<long (*)(long)>(start_)(argument); }

 private:
  void* start_;
};

/// Counts in its own last word, makes the call, and does what was displaced.
void write_stub(std::uint64_t at, std::uint64_t counter, const CallSite& site) {
  // movabs counter, %rcx; mov (%rcx), %r11; lea 1(%r11), %r11; mov %r11, (%rcx); syscall
  Bytes count = from_hex("48 b9 00 00 00 00 00 00 00 00 4c 8b 19 4d 8d 5b 01 4c 89 19 0f 05");
  std::memcpy(count.data() + 2, &counter, sizeof counter);
  const auto front = site.front(at);
  REQUIRE(front);
  Bytes stub = *front;
  stub.insert(stub.end(), count.begin(), count.end());
  const auto tail = site.tail(at + stub.size());
  REQUIRE(tail);
  Area::write(at, stub);
  Area::write(at + stub.size(), tail->bytes);
}

TEST_CASE("patched code does what it did", "[call_sites]") {
  const std::vector<std::string> codes = {
      kCall + "c3 " + kPadding,
      kCall + kCompare + "77 01 c3 31 c0 c3",
      kCall + "c3 90 90",
      // test %eax, %eax; jns to ret; or $-1, %rax; ret
      kCall + "85 c0 79 04 48 83 c8 ff c3",
      // lea 2(%rip), %rdx; mov (%rdx), %dl; ret
      kCall + "48 8d 15 02 00 00 00 8a 12 c3",
      // mov to %eax what stands behind the return; syscall; mov %edx, %edx; ret
      "8b 05 05 00 00 00 0f 05 89 d2 c3 6e 00 00 00",
      kHeadedCall + kCompare + "77 01 c3 31 c0 c3",
  };
  std::size_t widened = 0;
  std::size_t headed = 0;
  for (const std::string& hex : codes) {
    INFO(hex);
    const Area area;
    const Bytes code = from_hex(hex);
    Area::write(area.at(0), code);
    REQUIRE(area.call(0) == getppid());
    auto sites = CallSites::open(code, 0, FunctionTable({{0, code.size()}}));
    REQUIRE(sites);
    const CallSite site = sites->at(code[5] == std::byte{0x0f} ? 5 : 6).moved_by(area.at(0));
    REQUIRE(site.shape != SiteShape::unpatched);
    widened += site.shape == SiteShape::widened;
    headed += site.shape == SiteShape::headed;
    write_stub(area.at(4096), area.at(Area::kSize - 8), site);
    const auto patch = site.patch(area.at(4096));
    REQUIRE(patch);
    for (const CodeWrite& write : *patch) Area::write(write.address, write.bytes);
    CHECK(area.call(0) == getppid());
    CHECK(area.call(0) == getppid());
    CHECK(*reinterpret_cast<const std::uint64_t*>(area.at(Area::kSize - 8)) == 2);
    for (const CodeWrite& write : site.original) Area::write(write.address, write.bytes);
    CHECK(std::memcmp(reinterpret_cast<const void*>(area.at(0)), code.data(), code.size()) == 0);
  }
  CHECK(widened == 4);
  CHECK(headed == 2);
}

TEST_CASE("no code makes plans that lead out of it", "[call_sites]") {
  std::mt19937 random(20261126);
  // What plans are made of comes often.
  const std::vector<std::string> pieces = {"0f 05",    "c3", "90", "cc",       "eb", "74", "e9", "e8",   "0f 84",
                                           "48 3d 01", "ff", "25", "66 0f 1f", "00", "0f", "05", "89 c0"};
  std::size_t patched = 0;
  for (int round = 0; round < 3000; ++round) {
    Bytes code;
    while (code.size() < 200) {
      const Bytes piece = random() % 3 == 0 ? Bytes{static_cast<std::byte>(random())}
                                            : from_hex(pieces[random() % pieces.size()]);
      code.insert(code.end(), piece.begin(), piece.end());
    }
    std::vector<AddressRange> functions;
    for (auto count = random() % 4; count > 0; --count)
      functions.push_back({kCode - 20 + random() % 240, kCode - 20 + random() % 240});
    auto sites = CallSites::open(code, kCode, FunctionTable(functions));
    REQUIRE(sites);
    std::vector<bool> written(code.size());
    for (std::uint64_t at = kCode - 20; at < kCode + code.size() + 20; ++at) {
      const CallSite& site = sites->at(at);
      if (site.shape == SiteShape::unpatched) continue;
      ++patched;
      const auto patch = site.patch(kStub);
      if (!patch || !site.tail(kStub) || !site.front(kStub)) FAIL(round << " " << at);
      for (std::size_t i = 0; i < patch->size(); ++i) {
        const CodeWrite& write = (*patch)[i];
        if (write.bytes.size() != site.original.at(i).bytes.size() || write.address < kCode ||
            write.address + write.bytes.size() > kCode + code.size())
          FAIL(round << " " << at);
        for (std::size_t byte = 0; byte < write.bytes.size(); ++byte) {
          const std::size_t offset = write.address - kCode + byte;
          if (written[offset] || site.original[i].bytes[byte] != code[offset]) FAIL(round << " " << at);
          written[offset] = true;
        }
      }
    }
  }
  CHECK(patched > 100);
}

}  // namespace
}  // namespace vdsotrace
