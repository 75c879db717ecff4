#include "symbols/perf_map.hpp"

#include <optional>

#include "base/number.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kLongestMapName = 1024;
constexpr std::size_t kMostCodes = 1'000'000;

/// Cuts off a hexadecimal number and the blank behind it.
std::optional<std::uint64_t> take_address(std::string_view& text) {
  std::string_view digits = text;
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  const auto value = take_number<std::uint64_t>(digits, 16);
  if (!value || !digits.starts_with(' ')) return std::nullopt;
  text = digits.substr(1);
  return value;
}

}  // namespace

void PerfMap::add(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto piece = text.substr(0, end);
    if (rest_.size() + piece.size() <= kLongestLine) {
      rest_.append(piece);
    } else {
      rest_.assign(kLongestLine, ' ');  // no longer a line of that form
    }
    if (end == std::string_view::npos) return;
    add_line(rest_);
    rest_.clear();
    text.remove_prefix(end + 1);
  }
}

void PerfMap::add_line(std::string_view line) {
  const auto start = take_address(line);
  const auto size = start ? take_address(line) : std::nullopt;
  if (!size || *size == 0 || line.empty() || *start + *size < *start || codes_.size() >= kMostCodes) return;
  make_room(*start, *start + *size);
  codes_[*start] = {*start + *size, std::string(line.substr(0, kLongestMapName))};
}

void PerfMap::make_room(std::uint64_t start, std::uint64_t end) {
  auto code = codes_.upper_bound(start);
  if (code != codes_.begin() && std::prev(code)->second.end > start) --code;
  while (code != codes_.end() && code->first < end) code = codes_.erase(code);
}

PerfMap::Code PerfMap::find(std::uint64_t address) const {
  auto code = codes_.upper_bound(address);
  if (code == codes_.begin()) return {};
  --code;
  return address < code->second.end ? Code{code->first, code->second.name} : Code{};
}

}  // namespace vdsotrace
