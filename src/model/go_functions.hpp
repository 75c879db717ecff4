// The table by which Go's runtime knows its own functions (pclntab, runtime/symtab.go): names and sizes of frames, also
// in programs that have neither symbols nor unwind information. Of Go 1.2 and newer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace vdsotrace {

struct GoFunction {
  std::uint64_t entry = 0;
  std::uint64_t end = 0;             ///< where the next one begins
  std::string_view name;             ///< empty if the table is broken there; lies in the table
  bool is_outermost = false;         ///< nothing called it (since Go 1.17)
  bool moves_stack_pointer = false;  ///< to a place that the table cannot say; before Go 1.18 it may
  std::uint32_t frame_sizes = 0;     ///< where the table has them
};

/// Where Go's functions lie.
struct GoCode {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
};

/// Addresses are those of the image before relocation. Every access is checked: the bytes are untrusted.
class GoFunctions {
 public:
  /// Bytes at the front of a table without which it is none.
  static constexpr std::size_t kHeaderSize = 8 + 8 * 8;

  /// Whether a table may begin with these bytes: 64-bit, little endian, of the x86's alignment.
  static bool is_header(std::span<const std::byte> bytes);

  /// `table` reaches at least to its end and stays the caller's. `text_start`: where Go's code begins, for a table in
  /// which only a relocation says so. Nothing if it is none.
  static std::optional<GoFunctions> read(std::span<const std::byte> table,
                                         std::optional<std::uint64_t> text_start = {});

  /// Offset in the table of the word that a relocation may fill; nothing if this version of Go has none.
  static std::optional<std::size_t> text_start_at(std::span<const std::byte> table);

  std::optional<GoFunction> find(std::uint64_t address) const;
  /// Where each function begins, in order, and behind them where the last one ends.
  std::vector<std::uint64_t> boundaries() const;
  /// Where all its functions are.
  std::optional<GoCode> code() const;
  /// Whether a register is the goroutine's g in Go's own code (its internal ABI, Go 1.17; recorded from 1.18 on).
  bool keeps_g_in_register() const { return version_ >= Version::go1_18; }
  /// How many bytes the stack pointer is below the return address at that place of the function.
  std::optional<std::uint32_t> frame_size(const GoFunction& function, std::uint64_t address) const;

 private:
  enum class Version : std::uint8_t { go1_2, go1_16, go1_18, go1_20 };
  struct Row {
    std::uint64_t entry = 0;
    std::uint64_t function = 0;  ///< offset in functions_
  };

  static std::optional<Version> version_of(std::span<const std::byte> bytes);
  bool relative() const { return version_ >= Version::go1_18; }
  std::optional<Row> row(std::uint64_t index) const;
  std::optional<GoFunction> function(const Row& row, std::uint64_t end) const;

  Version version_ = Version::go1_2;
  std::uint64_t count_ = 0;
  std::uint64_t text_start_ = 0;
  std::span<const std::byte> rows_;
  std::span<const std::byte> functions_;
  std::span<const std::byte> names_;
  std::span<const std::byte> sizes_;
};

}  // namespace vdsotrace
