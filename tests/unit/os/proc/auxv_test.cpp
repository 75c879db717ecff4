// Where a new program's vDSO is, from what the kernel laid on its stack, and how large it is, from its headers.
#include "os/proc/auxv.hpp"

#include <elf.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "os/memory/vdso_mapping.hpp"
#include "os/proc/proc.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

using testing::Bytes;

constexpr std::uint64_t kStack = 0x7ffd'0000'0ff8, kBase = 0x7fff'f7fc'1000;

/// A stack, and an image somewhere else.
class FakeMemory final : public Memory {
 public:
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    for (const auto& [start, bytes] : pieces) {
      if (address < start || address - start >= bytes.size()) continue;
      const auto from = std::span(bytes).subspan(address - start);
      const std::size_t size = std::min(from.size(), into.size());
      std::ranges::copy(from.first(size), into.begin());
      return size;
    }
    return 0;
  }
  std::vector<std::pair<std::uint64_t, Bytes>> pieces;
};

template <class Word>
Bytes stack_of(std::initializer_list<std::uint64_t> words) {
  Bytes bytes;
  for (const std::uint64_t word : words) {
    const auto narrow = static_cast<Word>(word);
    const auto raw = std::as_bytes(std::span(&narrow, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  }
  return bytes;
}

FakeMemory with_stack(Bytes stack) {
  FakeMemory memory;
  memory.pieces.emplace_back(kStack, std::move(stack));
  return memory;
}

template <class Word>
FakeMemory usual_stack(std::uint64_t base) {
  return with_stack(
      stack_of<Word>({2, 0x1000, 0x1010, 0, 0x1020, 0, AT_SYSINFO_EHDR, base, AT_PAGESZ, 4096, AT_NULL, 0}));
}

TEST_CASE("auxv: of 64-bit, 32-bit and x32 programs") {
  auto wide = usual_stack<std::uint64_t>(kBase);
  const auto vector = AuxiliaryVector::on_stack(wide, kStack, true);
  REQUIRE(vector);
  CHECK(vector->word_size() == 8);
  CHECK(vector->value(AT_SYSINFO_EHDR) == kBase);
  CHECK(vector->value(AT_PAGESZ) == 4096);
  CHECK_FALSE(vector->value(AT_SYSINFO));
  CHECK(vector->entries()[0].address == kStack + 6 * 8);

  auto narrow = usual_stack<std::uint32_t>(0xf7fc'1000);
  // An x32 program runs 64-bit code, and has words of 32 bits.
  for (const bool is_64_bit : {false, true}) {
    const auto found = AuxiliaryVector::on_stack(narrow, kStack, is_64_bit);
    REQUIRE(found);
    CHECK(found->word_size() == 4);
    CHECK(found->value(AT_SYSINFO_EHDR) == 0xf7fc'1000);
  }
}

TEST_CASE("auxv: a stack that is not as the kernel lays it out has none") {
  auto none = with_stack({});
  CHECK_FALSE(AuxiliaryVector::on_stack(none, kStack, true));
  // Ends in the middle.
  auto cut = with_stack(stack_of<std::uint64_t>({1, 0x1000, 0, 0, AT_PAGESZ, 4096, AT_SYSINFO_EHDR}));
  CHECK_FALSE(AuxiliaryVector::on_stack(cut, kStack, true));
  // Never ends.
  Bytes endless = stack_of<std::uint64_t>({1, 0x1000, 0, 0, AT_PAGESZ, 4096});
  for (int i = 0; i < 1000; ++i) {
    const auto more = stack_of<std::uint64_t>({AT_SYSINFO_EHDR, kBase});
    endless.insert(endless.end(), more.begin(), more.end());
  }
  auto long_one = with_stack(std::move(endless));
  CHECK_FALSE(AuxiliaryVector::on_stack(long_one, kStack, true));
  // More arguments than there can be.
  auto many = with_stack(stack_of<std::uint64_t>({1ull << 40, 0, 0, AT_PAGESZ, 4096, AT_NULL, 0}));
  CHECK_FALSE(AuxiliaryVector::on_stack(many, kStack, true));
  // No page size.
  auto odd = with_stack(stack_of<std::uint64_t>({1, 0x1000, 0, 0, AT_SYSINFO_EHDR, kBase, AT_NULL, 0}));
  CHECK_FALSE(AuxiliaryVector::on_stack(odd, kStack, true));
}

TEST_CASE("vDSO size: the headers of every saved image tell that of its mapping") {
  for (const std::string& kernel : testing::kSavedKernels) {
    for (const std::string& machine : testing::machines_saved_of(kernel)) {
      CAPTURE(kernel, machine);
      const Bytes image = testing::saved_image(kernel + machine);
      FakeMemory memory;
      memory.pieces.emplace_back(kBase, image);
      CHECK(mapped_size(memory, kBase) == (image.size() + 4095) / 4096 * 4096);
    }
  }
}

TEST_CASE("vDSO size: headers that are none, or speak of too much, tell none") {
  FakeMemory memory;
  CHECK_FALSE(mapped_size(memory, kBase));
  const Bytes image = testing::ImageSketch{.code = Bytes(64)}.elf64();
  const auto spoilt = [&](auto spoil) {
    Bytes bytes = image;
    spoil(*reinterpret_cast<Elf64_Ehdr*>(bytes.data()),
          *reinterpret_cast<Elf64_Phdr*>(bytes.data() + sizeof(Elf64_Ehdr)));
    FakeMemory spoilt_memory;
    spoilt_memory.pieces.emplace_back(kBase, std::move(bytes));
    return mapped_size(spoilt_memory, kBase);
  };
  CHECK(spoilt([](auto&, auto&) {}) == 4096);
  CHECK_FALSE(spoilt([](auto& header, auto&) { header.e_ident[0] = 0; }));
  CHECK_FALSE(spoilt([](auto& header, auto&) { header.e_ident[EI_CLASS] = 7; }));
  CHECK_FALSE(spoilt([](auto& header, auto&) { header.e_phnum = 0xffff; }));
  CHECK_FALSE(spoilt([](auto& header, auto&) { header.e_phoff = ~0ull; }));
  CHECK_FALSE(spoilt([](auto& header, auto&) { header.e_phoff = 0x10000; }));
  CHECK_FALSE(spoilt([](auto& header, auto&) { header.e_phentsize = 1; }));
  CHECK_FALSE(spoilt([](auto& header, auto&) {
    header.e_shoff = 64;
    header.e_shnum = header.e_shentsize = 0xffff;
  }));
  CHECK_FALSE(spoilt([](auto&, auto& segment) { segment.p_memsz = ~0ull; }));
  CHECK_FALSE(spoilt([](auto&, auto& segment) { segment.p_offset = ~0ull - 5; }));
}

TEST_CASE("vDSO: that of a new program is read by its stack") {
  auto memory = usual_stack<std::uint64_t>(kBase);
  Bytes image = testing::ImageSketch{.code = Bytes(64)}.elf64();
  image.resize(4096);
  memory.pieces.emplace_back(kBase, image);
  const auto vdso = read_executed_vdso(memory, kStack, true);
  REQUIRE(vdso.has_value());
  CHECK(vdso->base == kBase);
  CHECK(vdso->bytes == image);
}

TEST_CASE("vDSO: none is told from one that is not known") {
  auto none = with_stack(stack_of<std::uint64_t>({1, 0x1000, 0, 0, AT_PAGESZ, 4096, AT_NULL, 0}));
  const auto has_none = read_executed_vdso(none, kStack, true);
  REQUIRE_FALSE(has_none.has_value());
  CHECK(says_none(has_none.error()));

  auto elsewhere = usual_stack<std::uint64_t>(kBase);
  FakeMemory unreadable;
  for (Memory* memory : {static_cast<Memory*>(&elsewhere), static_cast<Memory*>(&unreadable)}) {
    const auto unknown = read_executed_vdso(*memory, kStack, true);
    REQUIRE_FALSE(unknown.has_value());
    CHECK_FALSE(says_none(unknown.error()));
  }
}

TEST_CASE("vDSO: our own is the same by getauxval and by /proc") {
  const auto mapping = testing::own_mapping();
  if (mapping.empty()) {
    WARN("this process has no vDSO, or no /proc");
    return;
  }
  const auto own = read_own_vdso();
  REQUIRE(own.has_value());
  CHECK(own->base == ::getauxval(AT_SYSINFO_EHDR));
  CHECK(std::ranges::equal(own->bytes, mapping));
}

}  // namespace
}  // namespace vdsotrace
