#include "model/code/function_table.hpp"

#include <algorithm>
#include <limits>

namespace vdsotrace {

FunctionTable::FunctionTable(std::vector<AddressRange> functions) {
  std::ranges::sort(functions, {}, &AddressRange::start);
  for (const AddressRange& function : functions) {
    if (function.end < function.start) continue;
    if (entries_.empty() || entries_.back() != function.start) entries_.push_back(function.start);
    if (function.size() == 0) continue;
    if (functions_.empty() || functions_.back().end <= function.start) {
      functions_.push_back(function);
    } else {
      functions_.back().end = std::max(functions_.back().end, function.end);
    }
  }
}

std::optional<AddressRange> FunctionTable::around(std::uint64_t address) const {
  const auto next = std::ranges::upper_bound(functions_, address, {}, &AddressRange::start);
  if (next == functions_.begin() || !std::prev(next)->contains(address)) return std::nullopt;
  return *std::prev(next);
}

AddressRange FunctionTable::gap(std::uint64_t address) const {
  const auto next = std::ranges::upper_bound(functions_, address, {}, &AddressRange::start);
  return {next != functions_.begin() ? std::prev(next)->end : 0,
          next != functions_.end() ? next->start : std::numeric_limits<std::uint64_t>::max()};
}

std::span<const AddressRange> FunctionTable::within(AddressRange range) const {
  if (range.end <= range.start) return {};
  const auto first = std::ranges::upper_bound(functions_, range.start, {}, &AddressRange::end);
  const auto last = std::ranges::lower_bound(functions_, range.end, {}, &AddressRange::start);
  return first < last ? std::span(first, last) : std::span<const AddressRange>();
}

std::span<const std::uint64_t> FunctionTable::entries(AddressRange range) const {
  if (range.end <= range.start) return {};
  return {std::ranges::lower_bound(entries_, range.start), std::ranges::lower_bound(entries_, range.end)};
}

}  // namespace vdsotrace
