// The findings are compared with what `objdump -d` shows of the same images.
#include <algorithm>

#include "model/code/disassembly.hpp"
#include "model/vdso/symbols.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::from_hex;
using testing::ImageSketch;
using testing::parse_or_throw;
using testing::saved_image;
using Offsets = std::vector<std::uint32_t>;

constexpr std::string_view kSaved[] = {
    "5.10.0-32.x86_64",    "5.10.0-32.i386",       "6.1.0-50.x86_64",    "6.1.0-50.i386",      "6.12.107+deb13.x86_64",
    "6.12.107+deb13.i386", "6.18.15+deb13.x86_64", "6.18.15+deb13.i386", "7.3.4+deb13.x86_64", "7.3.4+deb13.i386",
    "6.1.0-50.x32",        "6.12.117+deb13.x32",   "7.3.4+deb13.x32"};

VdsoImage image_of(const std::string& code) {
  ImageSketch sketch;
  sketch.code = from_hex(code);
  sketch.symbols = {{"__vdso_time", 0}, {"time", 0}};
  return parse_or_throw(sketch.elf64());
}

std::string text_for(const VdsoImage& image, std::string_view name = {}) {
  const auto functions = disassemble(image, name);
  REQUIRE(functions);
  return text_of(*functions);
}

Offsets offsets_with(const DisassembledFunction& function, std::string_view note) {
  Offsets offsets;
  for (const auto& line : function.lines) {
    const auto says = [&](const std::string& text) { return text.starts_with(note); };
    if (std::any_of(line.notes.begin(), line.notes.end(), says)) offsets.push_back(line.offset);
  }
  return offsets;
}

/// Those of `sites` that lie in the function itself, not in a helper.
Offsets offsets_of(const std::vector<CodeSite>& sites, const VdsoFunction& function) {
  Offsets offsets;
  for (const CodeSite& site : sites) {
    const auto same = [&](const CodeSite& other) { return other.offset == site.offset; };
    if (std::any_of(function.instructions.begin(), function.instructions.end(), same)) offsets.push_back(site.offset);
  }
  return offsets;
}

TEST_CASE("disassembly: a function in full") {
  const VdsoImage image = image_of(
      "8b 05 fa ef ff ff"  // 800 mov eax,[rip-0x1006]
      "a8 01"              // 806 test al,1
      "75 f6"              // 808 jne 800
      "0f 31"              // 80a rdtsc
      "e8 03 00 00 00"     // 80c call 814
      "0f 05"              // 811 syscall
      "c3"                 // 813 ret
      "f3 0f c7 f9"        // 814 rdpid rcx
      "f3 41 0f c7 f8"     // 818 rdpid r8
      "0f c7 f8"           // 81d rdseed eax
      "c3");               // 820 ret
  // clang-format off
  CHECK(text_for(image) == R"(00000800 <__vdso_time, time>:
; 7 instructions, 1 return, 1 clock read, 1 seqlock loop, 1 fallback, with helper_814
.L1:
   800:  8b 05 fa ef ff ff              mov     eax, dword ptr [rip - 0x1006] ; reads kernel data at -0x800; seqlock loop begins
   806:  a8 01                          test    al, 1
   808:  75 f6                          jne     .L1                         ; seqlock retry: .L1 again
   80a:  0f 31                          rdtsc                               ; clock read
   80c:  e8 03 00 00 00                 call    helper_814                  ; calls a helper
   811:  0f 05                          syscall                             ; fallback: enters the kernel
   813:  c3                             ret                                 ; return

00000814 <helper_814>:
; private helper, 4 instructions, 1 return
   814:  f3 0f c7 f9                    rdpid   rcx                         ; processor and node
   818:  f3 41 0f c7 f8                 rdpid   r8                          ; processor and node
   81d:  0f c7 f8                       rdseed  eax
   820:  c3                             ret                                 ; return
)");
  // clang-format on
}

TEST_CASE("disassembly: only a loop that reads kernel data is a seqlock") {
  // dec ecx; jne 800; ret
  CHECK(text_for(image_of("ff c9 75 fc c3")).find("seqlock") == std::string::npos);
  // The address comes in a register: lea rdi,[rip-0x1007]; mov eax,[rdi]; test al,1; jne back; ret
  CHECK(text_for(image_of("48 8d 3d f9 ef ff ff 8b 07 a8 01 75 fa c3")).find("seqlock retry: .L1") !=
        std::string::npos);
  // ... which then holds something else: lea; mov rdi,rsi; mov eax,[rdi]; test; jne back; ret
  CHECK(text_for(image_of("48 8d 3d f9 ef ff ff 48 89 f7 8b 07 a8 01 75 fa c3")).find("seqlock") == std::string::npos);
  // Data inside the image are not the kernel's: mov eax,[rip-6]; jmp back
  CHECK(text_for(image_of("8b 05 fa ff ff ff eb f8")).find("kernel data") == std::string::npos);
}

TEST_CASE("disassembly: bytes that nothing reaches are left out") {
  CHECK(text_for(image_of("eb 01 cc c3")) == R"(00000800 <__vdso_time, time>:
; 2 instructions, 1 return
   800:  eb 01                          jmp     .L1

.L1:
   803:  c3                             ret                                 ; return
)");
}

TEST_CASE("disassembly: why a function could not be followed is said") {
  CHECK(text_for(image_of("ff e0")).find("not followed to the end: indirect jump at 0x800") != std::string::npos);
}

TEST_CASE("disassembly: one function by any of its names") {
  const VdsoImage image = parse_or_throw(saved_image("6.18.15+deb13.x86_64"));
  const std::string text = text_for(image, "clock_gettime");
  CHECK(text == text_for(image, "__vdso_clock_gettime"));
  CHECK(text.find("<__vdso_clock_gettime, clock_gettime>:") != std::string::npos);
  CHECK(text.find("<helper_7a0>:") != std::string::npos);
  CHECK(text.find("__vdso_getcpu") == std::string::npos);
}

TEST_CASE("disassembly: an unknown function is an error with the nearest name") {
  const auto result = disassemble(parse_or_throw(saved_image("6.18.15+deb13.x86_64")), "gettimofday");
  REQUIRE_FALSE(result);
  CHECK(result.error().hint == "did you mean gettimeofday?");
}

TEST_CASE("disassembly: another machine's code is refused") {
  const auto result = disassemble(parse_or_throw(saved_image("6.1.0-50.aarch64")));
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "cannot disassemble code for aarch64");
}

TEST_CASE("disassembly: the seqlock loops of Linux 6.18") {
  const VdsoImage image = parse_or_throw(saved_image("6.18.15+deb13.x86_64"));
  const auto functions = disassemble(image);
  REQUIRE(functions);
  const auto begins = [&](std::string_view name) {
    const auto found = std::find_if(functions->begin(), functions->end(),
                                    [&](const auto& function) { return function.names.front() == name; });
    REQUIRE(found != functions->end());
    return offsets_with(*found, "seqlock loop begins");
  };
  CHECK(begins("helper_7a0") == Offsets{0x7c2});
  CHECK(begins("helper_7f0") == Offsets{0x7fd});
  CHECK(begins("__vdso_gettimeofday") == Offsets{0x898, 0x9f0});
  CHECK(begins("__vdso_time").empty());
  CHECK(begins("__vdso_getcpu").empty());
}

TEST_CASE("disassembly: agrees with the control flow, in every saved image") {
  for (const std::string_view name : kSaved) {
    CAPTURE(name);
    const VdsoImage image = parse_or_throw(saved_image(std::string(name)));
    const auto functions = disassemble(image);
    REQUIRE(functions);
    for (const DisassembledFunction& code : *functions) {
      CAPTURE(code.names.front());
      const VdsoFunction* function = image.function_at(code.entry);
      if (function == nullptr) continue;
      CHECK(code.names == function->names);
      CHECK(code.lines.size() == function->instructions.size());
      CHECK(offsets_with(code, "return") == offsets_of(function->returns, *function));
      CHECK(offsets_with(code, "clock read") == offsets_of(function->clock_reads, *function));
      CHECK(offsets_with(code, service_for(*function) != nullptr ? "fallback" : "enters") ==
            offsets_of(function->syscalls, *function));
      // A clock is read consistently or not at all.
      const bool is_gettime = function->name().find("clock_gettime") != std::string_view::npos;
      if (is_gettime) CHECK(offsets_with(code, "seqlock retry").size() >= 2);
    }
  }
}

TEST_CASE("symbols: as objdump -T has them") {
  const auto text = symbols_text(parse_or_throw(saved_image("6.1.0-50.aarch64")), "F");
  REQUIRE(text);
  CHECK(*text == R"(
F:     file format elf64-littleaarch64

DYNAMIC SYMBOL TABLE:
)"
                 "0000000000000000 g    DO *ABS*\t0000000000000000  LINUX_2.6.39 LINUX_2.6.39\n"
                 "0000000000000720 g    DF .text\t0000000000000078  LINUX_2.6.39 __kernel_clock_getres\n"
                 "00000000000007bc g    D  .text\t0000000000000008  LINUX_2.6.39 __kernel_rt_sigreturn\n"
                 "0000000000000570 g    DF .text\t00000000000001ac  LINUX_2.6.39 __kernel_gettimeofday\n"
                 "00000000000002d0 g    DF .text\t0000000000000298  LINUX_2.6.39 __kernel_clock_gettime\n");
}

TEST_CASE("symbols: an image without sections has none to list") {
  const auto text = symbols_text(image_of("c3"), "F");
  REQUIRE_FALSE(text);
  CHECK(text.error().message == "vDSO image: no section of dynamic symbols");
}

}  // namespace
}  // namespace vdsotrace
