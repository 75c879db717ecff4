// Whether r9 is free behind a system call, or in front of it.
#include "model/code/liveness.hpp"

#include <string>

#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::from_hex;
using testing::ImageSketch;

VdsoImage image_of(const char* code, unsigned machine = EM_X86_64) {
  ImageSketch sketch;
  sketch.code = from_hex(code);
  sketch.symbols = {{"__vdso_time", 0}};
  sketch.machine = machine;
  return testing::parse_or_throw(machine == EM_386 ? sketch.elf32() : sketch.elf64());
}

bool is_dead(const char* code, std::uint32_t offset = 0) {
  const VdsoImage image = image_of(code);
  return ninth_register_is_dead(image, image.functions()[0], ImageSketch::kCode + offset);
}

TEST_CASE("a register is dead that is written before it is read, or never read", "[liveness]") {
  CHECK(is_dead("c3"));
  CHECK(is_dead("48 89 c8 c3"));           // mov %rcx, %rax
  CHECK(is_dead("49 89 c1 4c 89 c8 c3"));  // mov %rax, %r9; mov %r9, %rax
  CHECK_FALSE(is_dead("49 89 c1 4c 89 c8 c3", 3));
  CHECK(is_dead("41 b9 01 00 00 00 4c 89 c8 c3"));  // mov $1, %r9d
  CHECK(is_dead("4c 8d 48 08 4c 89 c8 c3"));        // lea 8(%rax), %r9
  CHECK(is_dead("44 0f b6 c8 4c 89 c8 c3"));        // movzbl %al, %r9d
  CHECK(is_dead("0f 31 c3"));                       // rdtsc
  CHECK(is_dead("0f 0b"));                          // ud2
}

TEST_CASE("a register is live that is read", "[liveness]") {
  for (const char* code : {"4c 89 c8 c3",     // mov %r9, %rax
                           "44 89 c8 c3",     // mov %r9d, %eax
                           "44 88 c8 c3",     // mov %r9b, %al
                           "49 8b 01 c3",     // mov (%r9), %rax
                           "4a 8b 04 08 c3",  // mov (%rax, %r9), %rax
                           "4d 8b 09 c3",     // mov (%r9), %r9
                           "49 89 01 c3",     // mov %rax, (%r9)
                           "41 51 58 c3",     // push %r9
                           "4d 85 c9 c3",     // test %r9, %r9
                           "49 83 c1 01 c3",  // add $1, %r9
                           "4c 0f af c8 c3",  // imul %rax, %r9
                           "49 91 c3"}) {     // xchg %rax, %r9
    INFO(code);
    CHECK_FALSE(is_dead(code));
  }
}

TEST_CASE("what a write leaves of a register is still live", "[liveness]") {
  for (const char* code : {"41 b1 01 c3",        // mov $1, %r9b
                           "66 41 b9 01 00 c3",  // mov $1, %r9w
                           "41 0f 94 c1 c3",     // sete %r9b
                           "4c 0f 44 c8 c3",     // cmove %rax, %r9
                           "4c 0f bc c8 c3"}) {  // bsf %rax, %r9: unchanged where rax is 0
    INFO(code);
    CHECK_FALSE(is_dead(code));
  }
}

TEST_CASE("xor of a register with itself writes it, if all of it", "[liveness]") {
  CHECK(is_dead("45 31 c9 4c 89 c8 c3"));  // xor %r9d, %r9d
  CHECK(is_dead("4d 31 c9 4c 89 c8 c3"));
  CHECK_FALSE(is_dead("66 45 31 c9 c3"));  // %r9w
  CHECK_FALSE(is_dead("45 30 c9 c3"));     // %r9b
  CHECK_FALSE(is_dead("4c 31 c8 c3"));     // xor %r9, %rax
  CHECK_FALSE(is_dead("49 31 c1 c3"));     // xor %rax, %r9
}

TEST_CASE("every way is followed to its end", "[liveness]") {
  CHECK(is_dead("74 01 c3 c3"));
  CHECK(is_dead("eb 01 cc c3"));
  CHECK(is_dead("90 75 fd c3"));                       // a loop
  CHECK_FALSE(is_dead("74 03 45 31 c9 4c 89 c8 c3"));  // je to where it is read, else it is written
  CHECK(is_dead("74 03 45 31 c9 c3"));
  CHECK_FALSE(is_dead("74 01 c3 4c 89 c8 c3"));
  CHECK_FALSE(is_dead("eb 01 cc 4c 89 c8 c3"));
  CHECK_FALSE(is_dead("4c 89 c8 75 fb c3", 3));              // around the loop
  CHECK_FALSE(is_dead("0f 84 01 00 00 00 c3 4c 89 c8 c3"));  // the long form
}

TEST_CASE("what cannot be followed may read it", "[liveness]") {
  CHECK_FALSE(is_dead("e8 00 00 00 00 c3"));  // call
  CHECK_FALSE(is_dead("ff d0 c3"));
  CHECK_FALSE(is_dead("ff e0"));
  CHECK_FALSE(is_dead("0f 05 c3"));              // syscall
  CHECK_FALSE(is_dead("b8 01 00 00 00 c3", 1));  // no instruction of the function begins there
  CHECK_FALSE(is_dead("c3", 0x1000));
  std::string endless;
  for (int i = 0; i < 5000; ++i) endless += "90 ";
  CHECK_FALSE(is_dead((endless + "c3").c_str()));
  const VdsoImage other = image_of("c3", EM_386);
  CHECK_FALSE(ninth_register_is_dead(other, other.functions()[0], ImageSketch::kCode));
}

TEST_CASE("instructions that touch a register are found in a range", "[liveness]") {
  // mov $1, %eax; mov %rax, %r9; mov %r9, %rax; ret
  const VdsoImage image = image_of("b8 01 00 00 00 49 89 c1 4c 89 c8 c3");
  const auto untouched = [&](std::uint32_t from, std::uint32_t to) {
    return ninth_register_is_untouched(image, image.functions()[0], ImageSketch::kCode + from, ImageSketch::kCode + to);
  };
  CHECK(untouched(0, 5));
  CHECK_FALSE(untouched(0, 6));
  CHECK_FALSE(untouched(5, 8));
  CHECK_FALSE(untouched(8, 11));
  CHECK(untouched(11, 12));
}

}  // namespace
}  // namespace vdsotrace
