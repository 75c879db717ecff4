// The system call table: names, numbers, and what holds for every row.
#include <cstdlib>
#include <memory>
#include <random>
#include <set>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::int64_t kFirstX32 = 0x40000000;

/// Every byte of memory holds the same value, or nothing can be read at all.
class UniformMemory final : public Memory {
 public:
  explicit UniformMemory(std::optional<unsigned char> value) : value_(value) {}
  std::size_t read(std::uint64_t, std::span<std::byte> into) override {
    if (!value_) return 0;
    std::fill(into.begin(), into.end(), std::byte{*value_});
    return into.size();
  }

 private:
  std::optional<unsigned char> value_;
};

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void check_text(const Call& call) {
  constexpr std::size_t kMuchTooLong = 1u << 22;  // select can show 65536 descriptors thrice
  const CallText text = render(call, {});
  const std::string all = text.beginning() + text.remainder() + std::string(text.result());
  INFO(display_name(call) << " " << name_of(call.abi) << " " << all.substr(0, 300));
  CHECK(printable(all));
  CHECK(all.size() < kMuchTooLong);
}

TEST_CASE("every ABI has the row that its value counts to, and a table of calls", "[table]") {
  for (std::size_t i = 0; i < kAbis.size(); ++i) {
    INFO(kAbiRows[i].name);
    CHECK(static_cast<std::size_t>(kAbis[i]) == i);
    CHECK(kAbiRows[i].abi == kAbis[i]);
    const std::int64_t nr = number_of(kAbis[i], "getcpu");
    REQUIRE(nr >= 0);
    CHECK((static_cast<std::uint64_t>(nr) & number_bit(kAbis[i])) == number_bit(kAbis[i]));
    CHECK((static_cast<std::uint64_t>(nr) & ~number_bit(kAbis[i])) < kCallNumbers);
  }
}

TEST_CASE("rows are sorted and each name occurs once") {
  const auto rows = all_specs();
  REQUIRE(rows.size() > 350);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    INFO(rows[i].name);
    CHECK(rows[i - 1].name < rows[i].name);
  }
}

TEST_CASE("rows have no more kinds than arguments") {
  for (const CallSpec& spec : all_specs()) {
    INFO(spec.name);
    REQUIRE(spec.arguments <= spec.kinds.size());
    for (std::size_t i = spec.arguments; i < spec.kinds.size(); ++i) CHECK(spec.kinds[i] == nullptr);
  }
}

TEST_CASE("numbers are those of the ABI") {
  CHECK(number_of(Abi::x86_64, "read") == 0);
  CHECK(number_of(Abi::i386, "read") == 3);
  CHECK(number_of(Abi::x32, "read") == kFirstX32);
  CHECK(number_of(Abi::x32, "execve") == kFirstX32 + 520);
  CHECK(number_of(Abi::x86_64, "stat64") == -1);
  CHECK(number_of(Abi::i386, "stat64") == 195);
  CHECK(number_of(Abi::x86_64, "no_such_call") == -1);
  CHECK(spec_of(Abi::x86_64, 59)->name == "execve");
  CHECK(spec_of(Abi::i386, 11)->name == "execve");
  CHECK(spec_of(Abi::x32, 0) == nullptr);
}

TEST_CASE("a call's number leads back to it") {
  for (const Abi abi : kAbis) {
    const std::int64_t first = abi == Abi::x32 ? kFirstX32 : 0;
    int known = 0;
    for (std::int64_t nr = first; nr < first + 640; ++nr) {
      const CallSpec* spec = spec_of(abi, nr);
      if (spec == nullptr) continue;
      ++known;
      INFO(name_of(abi) << " " << nr << " " << spec->name);
      CHECK(number_of(abi, spec->name) == nr);
    }
    CHECK(known > 300);
  }
}

TEST_CASE("recent calls have the same number everywhere") {
  CHECK(number_of(Abi::x86_64, "mseal") == 462);
  CHECK(number_of(Abi::i386, "mseal") == 462);
  CHECK(number_of(Abi::x32, "mseal") == kFirstX32 + 462);
  CHECK(spec_of(Abi::x86_64, 458)->name == "listmount");
}

TEST_CASE("numbers out of range have no row") {
  for (const Abi abi : kAbis) {
    for (const std::int64_t nr :
         {std::int64_t{-1}, std::int64_t{511}, std::int64_t{100000}, INT64_MAX, INT64_MIN, kFirstX32 + 511}) {
      INFO(name_of(abi) << " " << nr);
      CHECK(spec_of(abi, nr) == nullptr);
    }
  }
}

TEST_CASE("a row and its number lead to each other") {
  for (const Abi abi : kAbis) {
    for (const CallSpec& spec : all_specs()) {
      const std::int64_t nr = number_of(abi, spec.name);
      if (nr < 0) continue;
      INFO(spec.name);
      CHECK(spec_of(abi, nr) == &spec);
    }
  }
}

TEST_CASE("every number of x86-64 and i386 has a name") {
  // Holes in the tables: numbers that were reserved and never used, or removed.
  const std::set<std::int64_t> i386_holes{222, 223, 251, 285, 415};
  for (std::int64_t nr = 0; nr <= 334; ++nr) {
    INFO(nr);
    CHECK(spec_of(Abi::x86_64, nr) != nullptr);
  }
  for (std::int64_t nr = 0; nr <= 469; ++nr) {
    INFO(nr);
    if (nr >= 424) CHECK(spec_of(Abi::x86_64, nr) != nullptr);
    const bool hole = i386_holes.contains(nr) || (nr >= 387 && nr <= 392);
    if (!hole) CHECK(spec_of(Abi::i386, nr) != nullptr);
  }
}

TEST_CASE("no row is upset by memory that cannot be read or holds only garbage") {
  std::mt19937_64 random(1);
  const std::optional<unsigned char> contents[] = {std::nullopt, 0, 1, 0x1b, 0x7f, 0xff};
  for (const Abi abi : kAbis) {
    for (const CallSpec& spec : all_specs()) {
      for (const auto& content : contents) {
        UniformMemory memory(content);
        Call call;
        call.abi = abi;
        call.nr = number_of(abi, spec.name);
        if (call.nr < 0) break;
        call.stack_pointer = random();
        // Small numbers choose commands, large ones are pointers and sizes.
        for (auto& arg : call.args) arg = random() >> (random() % 64);
        // Sets of all 65536 descriptors are megabytes of text; a few hundred take the same ways.
        if (spec.name.find("select") != std::string_view::npos) call.args[0] &= 0xfff;
        capture_entry(call, memory, {});
        check_text(call);
        call.ending = Ending::returned;
        call.result = static_cast<std::int64_t>(random() >> (40 + random() % 24));
        capture_exit(call, memory, {});
        check_text(call);
      }
    }
  }
}

}  // namespace
}  // namespace vdsotrace::testing
