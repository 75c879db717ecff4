// Whatever has been found out of addresses is only kept as long as it is little: programs can invent any number of
// them.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>

namespace vdsotrace {

inline constexpr std::size_t kMostKnown = 64 * 1024;

template <class Value>
Value& keep(std::unordered_map<std::uint64_t, Value>& known, std::uint64_t address, Value value) {
  if (known.size() >= kMostKnown) known.clear();
  return known[address] = std::move(value);
}

}  // namespace vdsotrace
