// Objects out of bytes that others have written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace vdsotrace {

/// The trivial object that lies at that offset; nothing if the bytes end before it does.
template <class T>
std::optional<T> object_at(std::span<const std::byte> bytes, std::uint64_t offset = 0) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace vdsotrace
