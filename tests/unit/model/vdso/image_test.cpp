// Taking images apart: our own, made-up ones, truncated and damaged ones.
#include <dlfcn.h>

#include <algorithm>
#include <memory>
#include <random>

#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::ImageSketch;
using testing::own_mapping;
using testing::parse_or_throw;
using testing::saved_image;

std::vector<std::string> names_in(const VdsoImage& image) {
  std::vector<std::string> names;
  for (const VdsoFunction& function : image.functions()) {
    names.insert(names.end(), function.names.begin(), function.names.end());
  }
  return names;
}

bool inside(const std::vector<CodeSite>& sites, std::size_t size) {
  return std::all_of(sites.begin(), sites.end(),
                     [&](const CodeSite& site) { return site.length > 0 && site.offset + site.length <= size; });
}

ImageSketch one_function() {
  return {.code = from_hex("31 c0 c3"), .symbols = {{.name = "__vdso_time", .at = 0, .size = 3}}};
}

TEST_CASE("our own vDSO is complete", "[vdso]") {
  const auto mapping = own_mapping();
  if (mapping.empty()) {
    WARN("this process has no vDSO");
    return;
  }
  const VdsoImage image = parse_or_throw(mapping);
  CHECK(image.bytes().size() == mapping.size());
  CHECK(image.unused_from() > 0x200);
  CHECK(image.unused_from() <= mapping.size());
  CHECK_FALSE(image.build_id().empty());
  for (const std::string name : {"clock_gettime", "gettimeofday"}) {
    const VdsoFunction* function = image.function_named("__vdso_" + name);
    if (function == nullptr) function = image.function_named("__kernel_" + name);
    REQUIRE(function != nullptr);
#if defined(__x86_64__) || defined(__i386__)
    CHECK(function->incomplete.empty());
    CHECK_FALSE(function->returns.empty());
    CHECK_FALSE(function->syscalls.empty());
    CHECK_FALSE(function->clock_reads.empty());
#endif
    // The dynamic linker reads the same symbols.
    if (void* vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD)) {
      const void* address = dlsym(vdso, std::string(function->name()).c_str());
      CHECK(static_cast<const std::byte*>(address) - mapping.data() == function->entry);
    }
  }
}

TEST_CASE("aliases are one function, preferred name first", "[vdso]") {
  const ImageSketch sketch{.code = from_hex("31 c0 c3 90 31 c0 c3"),
                           .symbols = {{.name = "time", .at = 4, .size = 2},
                                       {.name = "__a_time", .at = 4, .size = 3},
                                       {.name = "__vdso_time", .at = 4, .size = 3},
                                       {.name = "getcpu", .at = 0}}};
  const VdsoImage image = parse_or_throw(sketch.elf64());
  REQUIRE(image.functions().size() == 2);
  CHECK(image.functions()[0].names == std::vector<std::string>{"getcpu"});
  CHECK(image.functions()[1].names == std::vector<std::string>{"__vdso_time", "__a_time", "time"});
  CHECK(image.functions()[1].size == 3);
  CHECK(image.function_named("time") == &image.functions()[1]);
  CHECK(image.function_named("tim") == nullptr);
  CHECK(image.function_at(ImageSketch::kCode + 4) == &image.functions()[1]);
  CHECK(image.function_at(ImageSketch::kCode + 3) == nullptr);
  CHECK(image.function_at(ImageSketch::kCode + 5) == nullptr);
}

TEST_CASE("a function is found by any byte of its instructions", "[vdso]") {
  // 0: jmp 8; 2: (nothing); 4: ret; 8: xor eax, eax; ret
  const ImageSketch sketch{.code = from_hex("eb 06 90 90 c3 90 90 90 31 c0 c3"),
                           .symbols = {{.name = "stub", .at = 0, .size = 2},
                                       {.name = "other", .at = 4, .size = 1},
                                       {.name = "body", .at = 8, .size = 3}}};
  const VdsoImage image = parse_or_throw(sketch.elf64());
  const auto name_at = [&](std::uint32_t at) -> std::string_view {
    const auto* function = image.function_containing(ImageSketch::kCode + at);
    return function ? function->name() : "";
  };
  CHECK(name_at(0) == "stub");
  CHECK(name_at(1) == "stub");
  CHECK(name_at(2).empty());
  CHECK(name_at(4) == "other");
  CHECK(name_at(5).empty());
  CHECK(name_at(9) == "body");
  CHECK(name_at(10) == "body");
  CHECK(name_at(11).empty());
  CHECK(name_at(0x7ffffff0).empty());
}

TEST_CASE("only symbols that can be functions count", "[vdso]") {
  ImageSketch sketch = one_function();
  sketch.symbols.push_back({.name = "untyped", .at = 2, .type = STT_NOTYPE});
  sketch.symbols.push_back({.name = "data", .at = 1, .type = STT_OBJECT});
  sketch.symbols.push_back({.name = "undefined", .at = 1, .section = SHN_UNDEF});
  sketch.symbols.push_back({.name = "absolute", .at = 1, .type = STT_NOTYPE, .section = SHN_ABS});
  sketch.symbols.push_back({.name = "outside", .at = 3});
  sketch.symbols.push_back({.name = "far_outside", .at = 0xffffffff00000000});
  sketch.symbols.push_back({.name = "", .at = 1});
  sketch.symbols.push_back({.name = "\x1b[31mred", .at = 1});
  sketch.symbols.push_back({.name = "two words", .at = 1});
  sketch.symbols.push_back({.name = std::string(128, 'x'), .at = 1});
  CHECK(names_in(parse_or_throw(sketch.elf64())) == std::vector<std::string>{"__vdso_time", "untyped"});
}

TEST_CASE("the number of symbols comes from either hash table", "[vdso]") {
  ImageSketch sketch = one_function();
  sketch.symbols.push_back({.name = "__vdso_getcpu", .at = 2});
  for (const auto hash : {ImageSketch::Hash::sysv, ImageSketch::Hash::gnu}) {
    sketch.hash = hash;
    CHECK(names_in(parse_or_throw(sketch.elf64())).size() == 2);
    CHECK(names_in(parse_or_throw(sketch.elf32())).size() == 2);
  }
  sketch.hash = ImageSketch::Hash::none;
  const auto image = VdsoImage::parse(sketch.elf64());
  REQUIRE_FALSE(image);
  CHECK(image.error().message == "vDSO image: no usable hash table gives the number of dynamic symbols");
}

TEST_CASE("section headers are needed only where the dynamic segment says too little", "[vdso]") {
  const Bytes whole = saved_image("6.18.15+deb13.x86_64");
  const auto expected = names_in(parse_or_throw(whole));
  Elf64_Ehdr header;
  std::memcpy(&header, whole.data(), sizeof header);

  Bytes without_sections = whole;
  header.e_shoff = header.e_shnum = header.e_shstrndx = 0;
  std::memcpy(without_sections.data(), &header, sizeof header);
  CHECK(names_in(parse_or_throw(without_sections)) == expected);

  Bytes without_dynamic = whole;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::byte* at = without_dynamic.data() + header.e_phoff + i * sizeof segment;
    std::memcpy(&segment, at, sizeof segment);
    if (segment.p_type == PT_DYNAMIC) segment.p_type = PT_NULL;
    std::memcpy(at, &segment, sizeof segment);
  }
  CHECK(names_in(parse_or_throw(without_dynamic)) == expected);
}

TEST_CASE("class and machine together name the processor", "[vdso]") {
  ImageSketch sketch = one_function();
  CHECK(parse_or_throw(sketch.elf64()).machine() == Machine::x86_64);
  CHECK(parse_or_throw(sketch.elf32()).machine() == Machine::x32);
  sketch.machine = EM_386;
  CHECK(parse_or_throw(sketch.elf32()).machine() == Machine::i386);
  CHECK(parse_or_throw(sketch.elf64()).machine() == Machine::other);
  sketch.machine = EM_ARM;
  CHECK(parse_or_throw(sketch.elf32()).machine() == Machine::arm);
  sketch.machine = EM_RISCV;
  CHECK(parse_or_throw(sketch.elf64()).machine() == Machine::riscv64);
  sketch.machine = EM_S390;
  CHECK(parse_or_throw(sketch.elf64()).machine() == Machine::other);
  CHECK(name_of(Machine::x86_64) == "x86_64");
  CHECK(name_of(Machine::other) == "other");
}

TEST_CASE("an image linked to an address has the same offsets", "[vdso]") {
  ImageSketch sketch = one_function();
  sketch.address = 0xffffffffff700000;
  const VdsoImage image = parse_or_throw(sketch.elf64());
  REQUIRE(image.functions().size() == 1);
  CHECK(image.functions()[0].entry == ImageSketch::kCode);
  CHECK(image.functions()[0].instructions.size() == 2);
}

TEST_CASE("padding behind the file is unused", "[vdso]") {
  Bytes bytes = saved_image("6.18.15+deb13.x86_64");
  const auto size = bytes.size();
  bytes.resize(0x2000);
  const VdsoImage image = parse_or_throw(bytes);
  CHECK(image.unused_from() == size);
  CHECK(image.bytes().size() == 0x2000);
  CHECK(parse_or_throw(one_function().elf64()).unused_from() == ImageSketch::kCode + 3);
}

TEST_CASE("an image outlives its bytes and can be copied and moved", "[vdso]") {
  auto bytes = std::make_unique<Bytes>(one_function().elf64());
  VdsoImage image = parse_or_throw(*bytes);
  bytes.reset();
  VdsoImage copy = image;
  const VdsoImage moved = std::move(image);
  CHECK(copy.function_named("__vdso_time")->name() == "__vdso_time");
  CHECK(moved.bytes()[0] == std::byte{0x7f});
  CHECK(copy.bytes().data() != moved.bytes().data());
}

TEST_CASE("what is no image gets an error that says so", "[vdso]") {
  const auto message = [](const Bytes& bytes) {
    const auto image = VdsoImage::parse(bytes);
    return image ? std::string("parsed") : image.error().message;
  };
  CHECK(message({}) == "vDSO image: not an ELF file");
  CHECK(message(from_hex("7f 45 4c")) == "vDSO image: not an ELF file");
  CHECK(message(Bytes(4096)) == "vDSO image: not an ELF file");
  CHECK(message(from_hex("7f 45 4c 46")) == "vDSO image: the ELF header is truncated or damaged");

  Bytes bytes = one_function().elf64();
  bytes.resize(bytes.size() - 1);
  CHECK(message(bytes) == "vDSO image: truncated: a segment lies outside its 2050 bytes");
  bytes = one_function().elf64();
  bytes[16] = std::byte{ET_EXEC};
  CHECK(message(bytes) == "vDSO image: not a shared object");
  bytes = one_function().elf64();
  bytes.resize(256 * 1024 + 1);
  CHECK(message(bytes) == "vDSO image: 262145 bytes are too many for a vDSO");
  ImageSketch empty = one_function();
  empty.symbols.clear();
  CHECK(message(empty.elf64()) == "vDSO image: it exports no function");
}

TEST_CASE("an image cut at any length is an error", "[vdso]") {
  for (const std::string name : {"6.18.15+deb13.x86_64", "6.1.0-50.i386", "6.1.0-50.aarch64"}) {
    const Bytes whole = saved_image(name);
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      INFO(name << " cut to " << size);
      // A copy of its own, so that a sanitizer sees a read beyond the end.
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto image = VdsoImage::parse(cut);
      REQUIRE_FALSE(image);
      REQUIRE(image.error().message.starts_with("vDSO image: "));
    }
  }
}

TEST_CASE("damaged images keep what the model promises", "[vdso]") {
  std::mt19937 random(20240229);
  std::size_t parsed = 0;
  for (const std::string name : {"6.18.15+deb13.x86_64", "6.1.0-50.i386", "7.3.4+deb13.x86_64"}) {
    const Bytes whole = saved_image(name);
    for (int round = 0; round < 300; ++round) {
      Bytes bytes = whole;
      // Half the rounds damage the headers and tables, where a bit matters most.
      const std::size_t range = round % 2 == 0 ? 0x500 : bytes.size();
      for (unsigned i = 0; i < 1 + random() % 8; ++i) {
        bytes[random() % range] = static_cast<std::byte>(random());
      }
      const auto image = VdsoImage::parse(bytes);
      if (!image) continue;
      ++parsed;
      REQUIRE(image->unused_from() <= bytes.size());
      for (const VdsoFunction& function : image->functions()) {
        REQUIRE_FALSE(function.name().empty());
        REQUIRE(function.entry < bytes.size());
        REQUIRE(inside(function.instructions, bytes.size()));
        REQUIRE(inside(function.returns, bytes.size()));
        REQUIRE(inside(function.syscalls, bytes.size()));
        REQUIRE(inside(function.clock_reads, bytes.size()));
      }
    }
  }
  CHECK(parsed > 100);
}

}  // namespace
}  // namespace vdsotrace
