// Reading a traced program's memory, live or as it was captured at a stop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace vdsotrace {

/// Something that can be read like a process's memory. The reader does not know
/// whether it looks at a stopped process or at bytes noted earlier.
class Memory {
 public:
  virtual ~Memory() = default;

  /// Reads up to into.size() bytes from `address`. Returns how many bytes could
  /// be read, from the front; 0 when the address is not mapped. Never fails
  /// otherwise: unreadable memory is an ordinary fact about a traced program.
  virtual std::size_t read(std::uint64_t address, std::span<std::byte> into) = 0;

  /// One object of a plain type, or nothing unless all its bytes were readable.
  template <class T>
  std::optional<T> object(std::uint64_t address) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    auto bytes = std::as_writable_bytes(std::span(&value, 1));
    if (read(address, bytes) != bytes.size()) return std::nullopt;
    return value;
  }
};

/// Memory as it was: the pieces that were noted at a stop and nothing else.
/// A later piece wins over an earlier one at the same address.
class Capture final : public Memory {
 public:
  void note(std::uint64_t address, std::span<const std::byte> bytes);
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override;
  bool empty() const { return kept().empty(); }

 private:
  /// Stands behind its bytes, so that what is kept can be gone through from the newest back.
  struct Piece {
    std::uint64_t address;
    std::uint64_t size;
  };
  std::span<const std::byte> kept() const {
    return heap_bytes_.empty() ? std::span<const std::byte>(inline_bytes_).first(inline_used_)
                               : std::span<const std::byte>(heap_bytes_);
  }
  std::byte* room_for(std::size_t size);

  /// What a vDSO call leaves fits here: such a call is kept without asking for memory.
  std::array<std::byte, 64> inline_bytes_;  // as far as it is used
  std::size_t inline_used_ = 0;
  std::vector<std::byte> heap_bytes_;  ///< everything, once that is too small
};

/// Reads through to another memory and notes in a Capture all that was read, so
/// that code which runs over it once can run over the capture again later. From kMost bytes on nothing can be read, and
/// a read counts as kLeast even if it finds nothing: the arguments of one call may point to the same long string
/// thousands of times, or to a million places, and its thread waits meanwhile.
class Recorder final : public Memory {
 public:
  static constexpr std::size_t kMost = 4u << 20;
  static constexpr std::size_t kLeast = 1024;

  Recorder(Memory& live, Capture& into) : live_(live), capture_(into) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override;

 private:
  Memory& live_;
  Capture& capture_;
  std::size_t room_ = kMost;
};

}  // namespace vdsotrace
