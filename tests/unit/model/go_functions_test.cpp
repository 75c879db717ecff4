// Tables are made here as Go's linker makes them (cmd/link/internal/ld/pcln.go), version by version.
#include "model/go_functions.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kText = 0x401000;

struct Table {
  std::vector<std::byte> bytes;

  template <class T>
  void put(std::size_t at, T value) {
    if (bytes.size() < at + sizeof value) bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  void text(std::size_t at, const std::string& what) {
    if (bytes.size() < at + what.size() + 1) bytes.resize(at + what.size() + 1);
    std::memcpy(bytes.data() + at, what.c_str(), what.size() + 1);
  }
  void numbers(std::size_t at, std::initializer_list<unsigned> what) {
    for (const unsigned byte : what) put(at++, static_cast<std::uint8_t>(byte));
  }
  std::optional<GoFunctions> read() const { return GoFunctions::read(bytes); }
};

// Three functions: "main.work" at 0 with a frame of 0x18 bytes between its bytes 4 and 0x38, "time.now" at 0x40, which
// leaves its stack, and "runtime.goexit" at 0x60 up to 0x70.
struct Shape {
  std::uint32_t magic;
  bool relative;
  std::size_t flag;  ///< in _func, behind the entry; 0: none
};
constexpr Shape kGo1_2{0xfffffffb, false, 0};
constexpr Shape kGo1_16{0xfffffffa, false, 33};
constexpr Shape kGo1_18{0xfffffff0, true, 33};
constexpr Shape kGo1_20{0xfffffff1, true, 37};

constexpr std::size_t kNames = 0x80;
constexpr std::size_t kSizes = 0xc0;
constexpr std::size_t kRows = 0x100;
constexpr std::size_t kFunctions = 0x180;
constexpr std::size_t kEach = 0x40;

void header(Table& table, const Shape& shape) {
  table.put(0, shape.magic);
  table.numbers(6, {1, 8});
  table.put(8, std::uint64_t{3});
  if (shape.magic == kGo1_2.magic) return;
  std::size_t at = 24;
  if (shape.relative) table.put(at, kText), at += 8;
  const std::uint64_t parts[] = {kNames, 0, 0, kSizes, kRows};
  for (const std::uint64_t part : parts) table.put(at, part), at += 8;
}

Table make(const Shape& shape) {
  Table table;
  const bool old = shape.magic == kGo1_2.magic;
  const std::size_t base = old ? 0 : kRows;  // what offsets of functions count from
  const std::size_t rows = old ? 16 : kRows;
  header(table, shape);
  const std::uint32_t entries[] = {0, 0x40, 0x60, 0x70};
  const std::uint32_t names[] = {1, 0x11, 0x21};
  const std::uint8_t flags[] = {0, 2 | 4, 1};
  table.text(kNames + 1, "main.work");
  table.text(kNames + 0x11, "time.now");
  table.text(kNames + 0x21, "runtime.goexit");
  // 0 up to 4, 0x18 up to 0x38, 0 up to 0x40: zigzag of the differences, the first one to -1.
  table.numbers(kSizes + 1, {2, 4, 0x30, 0x34, 0x2f, 8, 0});
  const std::size_t entry_size = shape.relative ? 4 : 8;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t row = rows + i * 2 * entry_size;
    const std::size_t function = kFunctions + i * kEach;
    if (shape.relative) {
      table.put(row, entries[i]);
      if (i < 3) table.put(row + 4, static_cast<std::uint32_t>(function - base));
    } else {
      table.put(row, kText + entries[i]);
      if (i < 3) table.put(row + 8, std::uint64_t{function - base});
    }
    if (i == 3) break;
    table.put(function + entry_size, static_cast<std::uint32_t>(names[i] + (old ? kNames : 0)));
    table.put(function + entry_size + 12, static_cast<std::uint32_t>(1 + (old ? kSizes : 0)));
    if (shape.flag != 0) table.put(function + entry_size + shape.flag, flags[i]);
    table.put(function + kEach - 1, std::uint8_t{0});
  }
  return table;
}

/// Asks everything of a table that may be anything.
void ask(std::span<const std::byte> bytes) {
  const auto functions = GoFunctions::read(bytes);
  if (!functions) return;
  for (std::uint64_t address : {kText, kText + 0x40, kText + 0x6f, kText + 0x70, std::uint64_t{0}, ~std::uint64_t{0}}) {
    const auto found = functions->find(address);
    if (!found) continue;
    CHECK(found->entry <= address);
    CHECK(address < found->end);
    CHECK(found->name.size() <= bytes.size());
    functions->frame_size(*found, address);
  }
}

}  // namespace

TEST_CASE("functions of Go are found in the tables of each version") {
  for (const Shape& shape : {kGo1_2, kGo1_16, kGo1_18, kGo1_20}) {
    CAPTURE(shape.magic);
    const Table table = make(shape);
    const auto functions = table.read();
    REQUIRE(functions.has_value());
    const auto work = functions->find(kText + 0x3f);
    REQUIRE(work.has_value());
    CHECK(work->name == "main.work");
    CHECK(work->entry == kText);
    CHECK(work->end == kText + 0x40);
    CHECK_FALSE(work->is_outermost);
    CHECK(work->moves_stack_pointer == !shape.relative);
    const auto now = functions->find(kText + 0x40);
    REQUIRE(now.has_value());
    CHECK(now->name == "time.now");
    CHECK(now->moves_stack_pointer);
    const auto exit = functions->find(kText + 0x61);
    REQUIRE(exit.has_value());
    CHECK(exit->name == "runtime.goexit");
    CHECK(exit->is_outermost == (shape.flag != 0));
    CHECK(functions->boundaries() == std::vector<std::uint64_t>{kText, kText + 0x40, kText + 0x60, kText + 0x70});
    CHECK_FALSE(functions->find(kText - 1).has_value());
    CHECK_FALSE(functions->find(kText + 0x70).has_value());
  }
}

TEST_CASE("sizes of Go's frames are those of the place") {
  for (const Shape& shape : {kGo1_2, kGo1_16, kGo1_18, kGo1_20}) {
    CAPTURE(shape.magic);
    const Table table = make(shape);
    const auto functions = table.read();
    REQUIRE(functions.has_value());
    const auto work = functions->find(kText).value();
    const auto size_at = [&](std::uint64_t offset) { return functions->frame_size(work, kText + offset); };
    CHECK(size_at(0) == std::optional<std::uint32_t>(0));
    CHECK(size_at(3) == std::optional<std::uint32_t>(0));
    CHECK(size_at(4) == std::optional<std::uint32_t>(0x18));
    CHECK(size_at(0x37) == std::optional<std::uint32_t>(0x18));
    CHECK(size_at(0x38) == std::optional<std::uint32_t>(0));
    CHECK(size_at(0x40) == std::nullopt);
    CHECK(functions->frame_size(work, kText - 1) == std::nullopt);
  }
}

TEST_CASE("where Go's code begins may be said by a relocation only") {
  Table table = make(kGo1_20);
  REQUIRE(GoFunctions::text_start_at(table.bytes) == std::optional<std::size_t>(24));
  table.put(24, std::uint64_t{0});
  const auto functions = GoFunctions::read(table.bytes, 0x7000);
  REQUIRE(functions.has_value());
  CHECK(functions->find(0x7041).value().name == "time.now");
  CHECK(GoFunctions::text_start_at(make(kGo1_16).bytes) == std::nullopt);
  CHECK(GoFunctions::text_start_at({}) == std::nullopt);
}

TEST_CASE("what is no table of Go's functions is refused") {
  CHECK_FALSE(GoFunctions::read({}).has_value());
  Table table = make(kGo1_20);
  table.put(7, std::uint8_t{4});  // 32-bit
  CHECK_FALSE(table.read().has_value());
  table = make(kGo1_20);
  table.put(0, std::uint32_t{0xfffffff2});
  CHECK_FALSE(table.read().has_value());
  table = make(kGo1_20);
  for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{100}, ~std::uint64_t{0}, std::uint64_t{1} << 61}) {
    table.put(8, count);
    CHECK_FALSE(table.read().has_value());
  }
  table = make(kGo1_20);
  table.put(64, ~std::uint64_t{0});  // the rows
  CHECK_FALSE(table.read().has_value());
}

TEST_CASE("broken tables of Go's functions are read within their bounds") {
  for (const Shape& shape : {kGo1_2, kGo1_16, kGo1_18, kGo1_20}) {
    const Table whole = make(shape);
    for (std::size_t size = 0; size <= whole.bytes.size(); ++size) {
      // In memory of its own, so that a sanitizer sees a byte too much.
      const std::vector<std::byte> cut(whole.bytes.begin(), whole.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      ask(cut);
    }
    for (std::size_t at = 0; at < whole.bytes.size(); ++at) {
      for (const unsigned value : {0x00U, 0x7fU, 0x80U, 0xffU}) {
        Table spoiled = whole;
        spoiled.put(at, static_cast<std::uint8_t>(value));
        ask(spoiled.bytes);
      }
    }
  }
}

TEST_CASE("a number of Go's tables that does not end is none") {
  Table table = make(kGo1_20);
  table.numbers(kSizes + 1, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  auto functions = table.read();
  REQUIRE(functions.has_value());
  CHECK(functions->frame_size(functions->find(kText).value(), kText) == std::nullopt);
  table.numbers(kSizes + 1, {1, 4, 0});  // one less than -1
  functions = table.read();
  CHECK(functions->frame_size(functions->find(kText).value(), kText) == std::nullopt);
}

}  // namespace vdsotrace
