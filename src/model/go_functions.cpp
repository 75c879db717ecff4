#include "model/go_functions.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/object_at.hpp"

namespace vdsotrace {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint32_t kMagicGo12 = 0xfffffffb;
constexpr std::uint32_t kMagicGo116 = 0xfffffffa;
constexpr std::uint32_t kMagicGo118 = 0xfffffff0;
constexpr std::uint32_t kMagicGo120 = 0xfffffff1;

constexpr std::size_t kWord = 8;
constexpr std::size_t kLongestName = 4096;
constexpr std::uint32_t kLargestFrame = 1 << 30;

// Of struct pcHeader, by words behind the magic.
constexpr std::size_t kCount = 0;
constexpr std::size_t kTextStart = 2;
/// Of funcnameOffset, pctabOffset, pclnOffset: since Go 1.16, and since textStart stands before them.
constexpr std::array<std::size_t, 3> kPartsGo116 = {2, 5, 6};
constexpr std::array<std::size_t, 3> kPartsGo118 = {3, 6, 7};

// Of struct _func, behind its entry.
constexpr std::size_t kName = 0;
constexpr std::size_t kFrameSizes = 12;
constexpr std::size_t kFlagGo117 = 33;  ///< a byte of padding before
constexpr std::size_t kFlagGo120 = 37;

constexpr std::uint8_t kTopFrame = 1;
constexpr std::uint8_t kWritesStackPointer = 2;

std::optional<std::uint64_t> header_word(Bytes table, std::size_t index) {
  return object_at<std::uint64_t>(table, kWord + index * kWord);
}

Bytes from(Bytes bytes, std::uint64_t offset) { return offset < bytes.size() ? bytes.subspan(offset) : Bytes{}; }

/// Takes a number of up to 32 bits, seven bits a byte, off the front.
std::optional<std::uint32_t> take_varint(Bytes& bytes) {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 32; shift += 7) {
    if (bytes.empty()) return std::nullopt;
    const auto byte = std::to_integer<std::uint32_t>(bytes.front());
    bytes = bytes.subspan(1);
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// A row of a table of values by program counter: how the value changes, and for how many bytes of code that holds.
struct ValueStep {
  std::uint32_t change = 0;
  std::uint32_t length = 0;
};

/// Nothing at the table's end, which is a change of 0 that is not the first.
std::optional<ValueStep> take_step(Bytes& steps, bool first) {
  const auto change = take_varint(steps);
  if (!change || (*change == 0 && !first)) return std::nullopt;
  const auto length = take_varint(steps);
  if (!length) return std::nullopt;
  // Zigzag: the sign is the lowest bit.
  return ValueStep{(*change & 1) != 0 ? ~(*change >> 1) : *change >> 1, *length};
}

std::string_view text_at(Bytes bytes, std::uint64_t offset) {
  const Bytes rest = from(bytes, offset);
  const auto* text = reinterpret_cast<const char*>(rest.data());
  const std::size_t most = std::min(rest.size(), kLongestName);
  const void* end = most == 0 ? nullptr : std::memchr(text, 0, most);
  return end == nullptr ? std::string_view()
                        : std::string_view(text, static_cast<std::size_t>(static_cast<const char*>(end) - text));
}

}  // namespace

std::optional<GoFunctions::Version> GoFunctions::version_of(Bytes bytes) {
  constexpr std::pair<std::uint32_t, Version> kVersions[] = {{kMagicGo12, Version::go1_2},
                                                             {kMagicGo116, Version::go1_16},
                                                             {kMagicGo118, Version::go1_18},
                                                             {kMagicGo120, Version::go1_20}};
  constexpr std::uint32_t kRest = 0x08010000;  // two bytes of padding, instructions of any length, pointers of 8 bytes
  const auto magic = object_at<std::uint32_t>(bytes, 0);
  const auto rest = object_at<std::uint32_t>(bytes, sizeof(std::uint32_t));
  if (!magic || rest != kRest) return std::nullopt;
  for (const auto& [known, version] : kVersions) {
    if (known == *magic) return version;
  }
  return std::nullopt;
}

bool GoFunctions::is_header(Bytes bytes) { return version_of(bytes).has_value(); }

std::optional<std::size_t> GoFunctions::text_start_at(Bytes table) {
  const auto version = version_of(table);
  if (!version || *version < Version::go1_18) return std::nullopt;
  return kWord + kTextStart * kWord;
}

std::optional<GoFunctions> GoFunctions::read(Bytes table, std::optional<std::uint64_t> text_start) {
  const auto version = version_of(table);
  const auto count = header_word(table, kCount);
  if (!version || !count || *count == 0) return std::nullopt;
  GoFunctions found;
  found.version_ = *version;
  found.count_ = *count;
  found.functions_ = found.names_ = found.sizes_ = table;
  found.rows_ = from(table, kWord + kWord);
  if (*version >= Version::go1_16) {
    const auto& words = found.relative() ? kPartsGo118 : kPartsGo116;
    const auto names = header_word(table, words[0]);
    const auto sizes = header_word(table, words[1]);
    const auto functions = header_word(table, words[2]);
    if (!names || !sizes || !functions) return std::nullopt;
    found.names_ = from(table, *names);
    found.sizes_ = from(table, *sizes);
    found.functions_ = found.rows_ = from(table, *functions);
  }
  if (found.relative()) found.text_start_ = text_start ? *text_start : header_word(table, kTextStart).value_or(0);
  // The end of the last function stands behind the rows.
  const std::size_t number = found.relative() ? sizeof(std::uint32_t) : kWord;
  if (found.rows_.size() < number || found.count_ > (found.rows_.size() - number) / (2 * number)) return std::nullopt;
  return found;
}

std::optional<GoFunctions::Row> GoFunctions::row(std::uint64_t index) const {
  const bool last = index == count_;
  if (!relative()) {
    const auto entry = object_at<std::uint64_t>(rows_, index * 2 * kWord);
    const auto place = last ? std::optional<std::uint64_t>(0)
                            : object_at<std::uint64_t>(rows_, index * 2 * kWord + kWord);
    return entry && place ? std::optional(Row{*entry, *place}) : std::nullopt;
  }
  constexpr std::uint64_t kHalf = sizeof(std::uint32_t);
  const auto entry = object_at<std::uint32_t>(rows_, index * 2 * kHalf);
  const auto place = last ? std::optional<std::uint32_t>(0)
                          : object_at<std::uint32_t>(rows_, index * 2 * kHalf + kHalf);
  return entry && place ? std::optional(Row{text_start_ + *entry, *place}) : std::nullopt;
}

std::vector<std::uint64_t> GoFunctions::boundaries() const {
  std::vector<std::uint64_t> found;
  for (std::uint64_t index = 0; index <= count_; ++index) {
    if (const auto at = row(index)) found.push_back(at->entry);
  }
  return found;
}

std::optional<GoCode> GoFunctions::code() const {
  const auto first = row(0), last = row(count_);
  if (!first || !last || last->entry <= first->entry) return std::nullopt;
  return GoCode{first->entry, last->entry - first->entry};
}

std::optional<GoFunction> GoFunctions::find(std::uint64_t address) const {
  std::uint64_t first = 0;
  std::uint64_t behind = count_;
  while (behind - first > 1) {
    const std::uint64_t middle = first + (behind - first) / 2;
    const auto at = row(middle);
    if (!at) return std::nullopt;
    (at->entry <= address ? first : behind) = middle;
  }
  const auto at = row(first);
  const auto next = row(first + 1);
  if (!at || !next || address < at->entry || address >= next->entry) return std::nullopt;
  return function(*at, next->entry);
}

std::optional<GoFunction> GoFunctions::function(const Row& row, std::uint64_t end) const {
  const std::uint64_t entry_size = relative() ? sizeof(std::uint32_t) : kWord;
  const Bytes bytes = from(functions_, row.function);
  const auto name = object_at<std::uint32_t>(bytes, entry_size + kName);
  const auto sizes = object_at<std::uint32_t>(bytes, entry_size + kFrameSizes);
  if (!name || !sizes) return std::nullopt;
  GoFunction found{row.entry, end, text_at(names_, *name), false, version_ < Version::go1_18, *sizes};
  if (version_ < Version::go1_16) return found;
  const auto flag =
      object_at<std::uint8_t>(bytes, entry_size + (version_ >= Version::go1_20 ? kFlagGo120 : kFlagGo117));
  if (!flag) return std::nullopt;
  found.is_outermost = (*flag & kTopFrame) != 0;
  if ((*flag & kWritesStackPointer) != 0) found.moves_stack_pointer = true;
  return found;
}

std::optional<std::uint32_t> GoFunctions::frame_size(const GoFunction& function, std::uint64_t address) const {
  if (function.frame_sizes == 0 || address < function.entry || address >= function.end) return std::nullopt;
  Bytes steps = from(sizes_, function.frame_sizes);
  std::uint64_t end = function.entry;
  std::uint32_t value = ~std::uint32_t{0};
  for (bool first = true;; first = false) {
    const auto step = take_step(steps, first);
    if (!step) return std::nullopt;
    value += step->change;
    end += step->length;
    if (address < end) return value < kLargestFrame ? std::optional(value) : std::nullopt;
  }
}

}  // namespace vdsotrace
