// Relocation: bytes in, bytes out.
#include <sys/mman.h>
#include <time.h>

#include <fmt/core.h>

#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::from_hex;

constexpr std::uint64_t kFrom = 0x7fff00001000;
constexpr std::uint64_t kTo = 0x7fff00000000;

std::string to_hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", std::to_integer<unsigned>(byte));
  }
  return text;
}

/// The moved bytes, or the error behind the address.
std::string moved(std::string_view run, std::uint64_t from = kFrom, std::uint64_t to = kTo,
                  Machine machine = Machine::x86_64) {
  const auto code = relocate(machine, from_hex(run), from, to);
  if (code) return to_hex(code->bytes);
  return code.error().message.substr(code.error().message.find(": ") + 2);
}

TEST_CASE("plain instructions are copied, a jump back follows", "[vdso]") {
  // push rbp; mov rbp, rsp; push r14. e9 at to+6 leads to from+6.
  CHECK(moved("55 48 89 e5 41 56") == "55 48 89 e5 41 56 e9 fb 0f 00 00");
  CHECK(moved("55", kTo, kFrom) == "55 e9 fb ef ff ff");
  CHECK(moved("") == "e9 fb 0f 00 00");
  CHECK(moved("0f 05 0f 01 f9 f3 0f c7 f8") == "0f 05 0f 01 f9 f3 0f c7 f8 e9 fb 0f 00 00");
  CHECK(moved("c3") == "c3 e9 fb 0f 00 00");
}

TEST_CASE("PC-relative operands keep what they refer to", "[vdso]") {
  // lea r10, [rip - 0x6818] moved down by 0x1000.
  CHECK(moved("4c 8d 15 e8 97 ff ff") == "4c 8d 15 e8 a7 ff ff e9 fb 0f 00 00");
  // cmp dword [rip - 0x6ac6], 0x7fffffff: an immediate stands behind the displacement.
  CHECK(moved("81 3d 3a 95 ff ff ff ff ff 7f") == "81 3d 3a a5 ff ff ff ff ff 7f e9 fb 0f 00 00");
  // cmp byte [rip + 0x10], 1; mov eax, fs:[rip]; vmovdqu ymm0, [rip]; jmp [rip]; nop [rip]
  CHECK(moved("80 3d 10 00 00 00 01") == "80 3d 10 10 00 00 01 e9 fb 0f 00 00");
  CHECK(moved("64 8b 05 00 00 00 00") == "64 8b 05 00 10 00 00 e9 fb 0f 00 00");
  CHECK(moved("c5 fe 6f 05 00 00 00 00") == "c5 fe 6f 05 00 10 00 00 e9 fb 0f 00 00");
  CHECK(moved("ff 25 00 00 00 00") == "ff 25 00 10 00 00 e9 fb 0f 00 00");
  CHECK(moved("0f 1f 05 00 00 00 00") == "0f 1f 05 00 10 00 00 e9 fb 0f 00 00");
  // An absolute address (SIB) and a base register stay.
  CHECK(moved("8b 04 25 10 00 00 00") == "8b 04 25 10 00 00 00 e9 fb 0f 00 00");
  CHECK(moved("41 f6 42 04 01") == "41 f6 42 04 01 e9 fb 0f 00 00");
}

TEST_CASE("an operand behind a widened branch is adjusted by what it moved", "[vdso]") {
  // je +0x10 (2 bytes to 6); lea rax, [rip - 0x5ad1]
  CHECK(moved("74 10 48 8d 05 2f a5 ff ff") == "0f 84 0c 10 00 00 48 8d 05 2b b5 ff ff e9 f7 0f 00 00");
}

TEST_CASE("branches are widened and lead where they led", "[vdso]") {
  CHECK(moved("74 10") == "0f 84 0c 10 00 00 e9 f7 0f 00 00");
  CHECK(moved("7f 80") == "0f 8f 7c 0f 00 00 e9 f7 0f 00 00");
  CHECK(moved("0f 87 d2 00 00 00") == "0f 87 d2 10 00 00 e9 fb 0f 00 00");
  CHECK(moved("eb 10") == "e9 0d 10 00 00 e9 f8 0f 00 00");
  CHECK(moved("e9 13 ff ff ff") == "e9 13 0f 00 00 e9 fb 0f 00 00");
  // To the end of the run: the instruction that the jump back leads to.
  CHECK(moved("74 01 90") == "0f 84 fd 0f 00 00 90 e9 f7 0f 00 00");
}

TEST_CASE("the map tells where each instruction went", "[vdso]") {
  const auto code = relocate(Machine::x86_64, from_hex("55 74 10 48 89 e5"), kFrom, kTo);
  REQUIRE(code);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> map;
  for (const auto& pair : code->map) map.emplace_back(pair.original, pair.moved);
  CHECK(map == std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 0}, {1, 1}, {3, 7}, {6, 10}});
}

TEST_CASE("i386 code has absolute operands and wraps around", "[vdso]") {
  const auto i386 = [](std::string_view run, std::uint64_t from, std::uint64_t to) {
    return moved(run, from, to, Machine::i386);
  };
  // mov eax, [0x1000]
  CHECK(i386("8b 05 00 10 00 00", 0x2000, 0x1000) == "8b 05 00 10 00 00 e9 fb 0f 00 00");
  CHECK(i386("40", 0xfffff000, 0x1000) == "40 e9 fb df ff ff");
  CHECK(i386("eb 10", 0xf7f00000, 0x1000) == "e9 0d f0 ef f7 e9 f8 ef ef f7");
  CHECK(i386("cd 80", 0x2000, 0x1000) == "cd 80 e9 fb 0f 00 00");
}

TEST_CASE("x32 code is 64-bit code", "[vdso]") {
  CHECK(moved("48 8d 05 00 00 00 00", 0x2000, 0x1000, Machine::x32) == "48 8d 05 00 10 00 00 e9 fb 0f 00 00");
}

TEST_CASE("what cannot be moved is refused", "[vdso]") {
  CHECK(moved("e8 00 00 00 00") == "what is at +0x0 is a call: its return address would change");
  // 32-bit: call the next instruction, add what is missing to the pushed address, jump to the call's target, back.
  CHECK(moved("e8 10 00 00 00", 0x2000, 0x1000, Machine::i386) ==
        "e8 00 00 00 00 81 04 24 00 10 00 00 e9 04 10 00 00 e9 ef 0f 00 00");
  CHECK(moved("90 ff d0") == "what is at +0x1 is a call: its return address would change");
  CHECK(moved("e2 10") == "what is at +0x0 is a branch of 8 bits that has no longer form");
  CHECK(moved("e3 10") == "what is at +0x0 is a branch of 8 bits that has no longer form");
  CHECK(moved("90 eb fd") == "what is at +0x1 is a branch into what is moved");
  CHECK(moved("74 01 90 90") == "what is at +0x0 is a branch into what is moved");
  CHECK(moved("2e 74 10") == "what is at +0x0 is a branch with a prefix");
  CHECK(moved("cc") == "what is at +0x0 is not expected in a vDSO function");
  CHECK(moved("55 48 89") == "what is at +0x1 is no whole instruction");
  CHECK(moved("67 8b 05 00 00 00 00") == "what is at +0x0 has an address that cannot be adjusted");
  CHECK(moved("0f 34", 0x2000, 0x1000, Machine::i386) ==
        "what is at +0x0 is sysenter: the kernel returns to a fixed address");
  CHECK_FALSE(relocate(Machine::aarch64, from_hex("c0 03 5f d6"), kFrom, kTo));
}

TEST_CASE("32 bits of reach are the limit", "[vdso]") {
  // The jump back ends at 6 and leads to from + 1.
  CHECK(moved("55", 0x80000004, 0) == "55 e9 ff ff ff 7f");
  CHECK(moved("55", 0x80000005, 0) == "what is at +0x1 leads to a target out of reach");
  CHECK(moved("55", 0, 0x7ffffffb) == "55 e9 00 00 00 80");
  CHECK(moved("55", 0, 0x7ffffffc) == "what is at +0x1 leads to a target out of reach");
  // lea rax, [rip + 0x7fffffff] has no room to grow, but can shrink.
  CHECK(moved("48 8d 05 ff ff ff 7f", 0x2000, 0x1000) == "what is at +0x0 refers to an address out of reach");
  CHECK(moved("48 8d 05 ff ff ff 7f", 0x1000, 0x2000) == "48 8d 05 ff ef ff 7f e9 fb ef ff ff");
}

#if defined(__x86_64__)
/// An executable page within reach of the vDSO, or null.
std::byte* page_near(const std::byte* vdso) {
  const auto base = reinterpret_cast<std::uintptr_t>(vdso);
  for (std::uintptr_t below = 1u << 20; below < 1u << 30; below <<= 1) {
    void* page = mmap(reinterpret_cast<void*>(base - below), 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page != MAP_FAILED) return static_cast<std::byte*>(page);
  }
  return nullptr;
}

TEST_CASE("moved code of our own vDSO works", "[vdso]") {
  const auto mapping = testing::own_mapping();
  std::byte* page = mapping.empty() ? nullptr : page_near(mapping.data());
  if (page == nullptr) {
    WARN("no vDSO, or no room near it");
    return;
  }
  const VdsoImage image = testing::parse_or_throw(mapping);
  const VdsoFunction* function = image.function_named("__vdso_clock_gettime");
  REQUIRE(function != nullptr);
  // As much as a jump needs room for.
  std::size_t length = 0;
  for (const CodeSite& site : function->instructions) {
    if (site.offset == function->entry + length && length < 5) length += site.length;
  }
  const auto code = relocate(image.machine(), mapping.subspan(function->entry, length),
                             reinterpret_cast<std::uint64_t>(mapping.data()) + function->entry,
                             reinterpret_cast<std::uint64_t>(page));
  REQUIRE(code);
  std::memcpy(page, code->bytes.data(), code->bytes.size());
  REQUIRE(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);

  const auto moved_clock_gettime = reinterpret_cast<int (*)(clockid_t, timespec*)>(page);
  const auto nanoseconds = [](const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
  timespec before{}, between{}, after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  CHECK(moved_clock_gettime(CLOCK_MONOTONIC, &between) == 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  CHECK(nanoseconds(before) <= nanoseconds(between));
  CHECK(nanoseconds(between) <= nanoseconds(after));
  munmap(page, 4096);
}
#endif

TEST_CASE("every instruction of the services of saved images can be moved, or is known not to", "[vdso]") {
  for (const std::string& kernel : testing::kSavedKernels) {
    for (const std::string& machine : testing::machines_saved_of(kernel)) {
      const VdsoImage image = testing::parse_or_throw(testing::saved_image(kernel + machine));
      const std::uint64_t from = machine == ".i386" ? 0xf7fc1000 : kFrom;
      const std::uint64_t to = machine == ".i386" ? 0xf7f00000 : kTo;
      for (const VdsoFunction& function : image.functions()) {
        if (service_for(function) == nullptr) continue;
        for (const CodeSite& site : function.instructions) {
          const auto run = image.bytes().subspan(site.offset, site.length);
          const auto code = relocate(image.machine(), run, from + site.offset, to);
          INFO(kernel << machine << " " << function.name() << fmt::format("+{:#x}: ", site.offset) << to_hex(run));
          // Calls of helpers in 64-bit code: the return address would be another one.
          const bool refused = machine != ".i386" && run[0] == std::byte{0xe8};
          CHECK(code.has_value() == !refused);
        }
      }
    }
  }
}

TEST_CASE("the first instructions of the services of saved images can be moved together", "[vdso]") {
  for (const std::string name :
       {"5.10.0-32.x86_64", "6.1.0-50.x86_64", "6.12.107+deb13.x86_64", "6.18.15+deb13.x86_64", "7.3.4+deb13.x86_64"}) {
    const VdsoImage image = testing::parse_or_throw(testing::saved_image(name));
    for (const VdsoFunction& function : image.functions()) {
      if (service_for(function) == nullptr) continue;
      INFO(name << " " << function.name());
      std::size_t length = 0;
      for (const CodeSite& site : function.instructions) {
        if (site.offset == function.entry + length && length < 5) length += site.length;
      }
      const auto code =
          relocate(image.machine(), image.bytes().subspan(function.entry, length), kFrom + function.entry, kTo);
      CHECK(code);
    }
  }
}

}  // namespace
}  // namespace vdsotrace
