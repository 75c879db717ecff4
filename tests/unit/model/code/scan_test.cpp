// Following the control flow, on a few bytes of code at a time.
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::from_hex;
using testing::ImageSketch;
using testing::parse_or_throw;
using Offsets = std::vector<std::uint32_t>;

/// The function that begins with the first byte of `code`.
VdsoFunction scan(std::string_view code, unsigned machine = EM_X86_64) {
  const ImageSketch sketch{.code = from_hex(code), .symbols = {{.name = "f"}}, .machine = machine};
  return parse_or_throw(machine == EM_386 ? sketch.elf32() : sketch.elf64()).functions()[0];
}

/// Offsets in the code, not in the image.
Offsets in_code(Offsets offsets) {
  for (auto& offset : offsets) offset -= ImageSketch::kCode;
  return offsets;
}
Offsets in_code(const std::vector<CodeSite>& sites) {
  Offsets offsets;
  for (const CodeSite& site : sites) offsets.push_back(site.offset);
  return in_code(offsets);
}

TEST_CASE("both sides of a branch are followed", "[vdso]") {
  // 0: test edi, edi; 2: je 7; 4: xor eax, eax; 6: ret; 7: je 0xf (near); d: syscall; f: ret
  const auto f = scan("85 ff 74 03 31 c0 c3 0f 84 02 00 00 00 0f 05 c3");
  CHECK(f.incomplete.empty());
  CHECK(in_code(f.instructions) == Offsets{0, 2, 4, 6, 7, 0xd, 0xf});
  CHECK(in_code(f.returns) == Offsets{6, 0xf});
  CHECK(in_code(f.syscalls) == Offsets{0xd});
  CHECK(in_code(f.branch_targets) == Offsets{7, 0xf});
}

TEST_CASE("a stub leads to the body, before or behind it", "[vdso]") {
  // 0: jmp 8; 5: ret (another's); 8: rdtscp; b: jmp 6; 6: ret
  const auto f = scan("e9 03 00 00 00 c3 c3 90 0f 01 f9 eb f9");
  CHECK(f.incomplete.empty());
  CHECK(in_code(f.instructions) == Offsets{0, 6, 8, 0xb});
  CHECK(in_code(f.returns) == Offsets{6});
  CHECK(in_code(f.clock_reads) == Offsets{8});
}

TEST_CASE("a loop is followed once", "[vdso]") {
  // 0: rdtsc; 2: jne 0; 4: loop 0; 6: jrcxz 0; 8: rep ret
  const auto f = scan("0f 31 75 fc e2 fa e3 f8 f3 c3");
  CHECK(f.incomplete.empty());
  CHECK(in_code(f.instructions) == Offsets{0, 2, 4, 6, 8});
  CHECK(in_code(f.branch_targets) == Offsets{0});
  CHECK(f.returns.at(0).length == 2);
}

TEST_CASE("a helper's system calls count, its returns do not", "[vdso]") {
  // 0: call 6; 5: ret; 6: call d; b: syscall... d: rdtsc; f: ret
  const auto f = scan("e8 01 00 00 00 c3 e8 02 00 00 00 0f 05 0f 31 c3");
  CHECK(f.incomplete.empty());
  CHECK(in_code(f.instructions) == Offsets{0, 5});
  CHECK(in_code(f.returns) == Offsets{5});
  CHECK(in_code(f.syscalls) == Offsets{0xb});
  CHECK(in_code(f.clock_reads) == Offsets{0xd});
  CHECK(in_code(f.helpers) == Offsets{6, 0xd});
}

TEST_CASE("functions that call each other end", "[vdso]") {
  // 0: call 0; 5: call b; a: ret; b: call 0; 10: ret
  const auto f = scan("e8 fb ff ff ff e8 01 00 00 00 c3 e8 f0 ff ff ff c3");
  CHECK(f.incomplete.empty());
  CHECK(in_code(f.returns) == Offsets{0xa});
  CHECK(in_code(f.helpers) == Offsets{0, 0xb});
}

TEST_CASE("i386: a call to the next instruction only reads the pc", "[vdso]") {
  // 0: call 5; 5: pop eax; 6: mov ebp, esp; 8: sysenter; a: int 0x80; c: ret
  const auto f = scan("e8 00 00 00 00 58 89 e5 0f 34 cd 80 c3", EM_386);
  CHECK(f.incomplete.empty());
  CHECK(f.helpers.empty());
  CHECK(in_code(f.syscalls) == Offsets{8, 0xa});
  CHECK(in_code(f.returns) == Offsets{0xc});
}

TEST_CASE("code is read as the machine reads it", "[vdso]") {
  // 64-bit: a syscall with a REX prefix; 32-bit: dec eax, then syscall.
  CHECK(in_code(scan("48 0f 05 c3").syscalls) == Offsets{0});
  CHECK(in_code(scan("48 0f 05 c3", EM_386).syscalls) == Offsets{1});
  const ImageSketch x32{.code = from_hex("48 0f 05 c3"), .symbols = {{.name = "f"}}};
  CHECK(in_code(parse_or_throw(x32.elf32()).functions()[0].syscalls) == Offsets{0});
}

TEST_CASE("opcodes that Capstone 4 misnames are ordinary", "[vdso]") {
  // rdpid rax; endbr64; lfence; rdtsc; vmovd xmm0, eax; lsl eax, eax; ret
  const auto f = scan("f3 0f c7 f8 f3 0f 1e fa 0f ae e8 0f 31 c5 f9 6e c0 0f 03 c0 c3");
  CHECK(f.incomplete.empty());
  CHECK(in_code(f.instructions) == Offsets{0, 4, 8, 0xb, 0xd, 0x11, 0x14});
}

TEST_CASE("nothing comes behind ud2", "[vdso]") {
  const auto f = scan("0f 0b 0f 05 c3");
  CHECK(f.incomplete.empty());
  CHECK(in_code(f.instructions) == Offsets{0});
  CHECK(f.returns.empty());
}

TEST_CASE("what cannot be followed is said", "[vdso]") {
  struct Row {
    std::string_view code;
    std::string_view reason;
  };
  const Row rows[] = {
      {"ff e0", "indirect jump at 0x800"},                 // jmp *rax
      {"3e ff e0", "indirect jump at 0x800"},              // notrack jmp *rax
      {"41 ff 24 c4", "indirect jump at 0x800"},           // jmp *(r12 + rax * 8)
      {"90 ff d0 c3", "indirect call at 0x801"},           // call *rax
      {"ff 15 00 00 00 00 c3", "indirect call at 0x800"},  // call *(rip)
      {"74 7f c3", "branch out of the image at 0x800"},
      {"e9 00 00 00 80", "branch out of the image at 0x800"},
      {"e8 00 f0 ff ff c3", "branch out of the image at 0x800"},
      {"90 90", "runs out of the code at 0x802"},
      {"90 48", "unknown instruction at 0x801"},                    // cut short
      {"06 c3", "unknown instruction at 0x800"},                    // push es
      {"cc c3", "unexpected instruction at 0x800"},                 // int3
      {"cd 81 c3", "unexpected instruction at 0x800"},              // int 0x81
      {"cb", "unexpected instruction at 0x800"},                    // retf
      {"c7 f8 00 00 00 00 c3", "unexpected instruction at 0x800"},  // xbegin
      {"eb ff c0 c3", "overlapping instructions at 0x801"},         // jmp into itself: inc eax
      {"e8 01 00 00 00 c3 ff e0", "indirect jump at 0x806"},        // in a helper
  };
  for (const Row& row : rows) {
    INFO(row.code);
    CHECK(scan(row.code).incomplete == row.reason);
  }
}

TEST_CASE("hostile amounts of code are bounded", "[vdso]") {
  const auto reason = [](const testing::Bytes& code) {
    const ImageSketch sketch{.code = code, .symbols = {{.name = "f"}}};
    const VdsoFunction f = parse_or_throw(sketch.elf64()).functions()[0];
    CHECK(f.helpers.size() <= 65);
    return f.incomplete;
  };
  CHECK(reason(testing::Bytes(10000, std::byte{0x90})) == "too many instructions to follow");

  // 100 calls of five bytes, each to a ret of its own behind them.
  testing::Bytes calls;
  for (unsigned i = 0; i < 100; ++i) {
    const unsigned displacement = 500 + i - 5 * (i + 1);
    for (const unsigned byte : {0xe8u, displacement & 0xff, displacement >> 8, 0u, 0u}) {
      calls.push_back(static_cast<std::byte>(byte));
    }
  }
  calls.resize(600, std::byte{0xc3});
  CHECK(reason(calls) == "too many calls to follow");
}

}  // namespace
}  // namespace vdsotrace
