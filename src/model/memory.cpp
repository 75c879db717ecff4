#include "vdsotrace/memory.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace vdsotrace {
namespace {

/// How many of `size` bytes from `address` lie below the end of the address space.
std::size_t below_the_top(std::uint64_t address, std::size_t size) {
  const std::uint64_t up_to_last = std::numeric_limits<std::uint64_t>::max() - address;
  return size != 0 && size - 1 > up_to_last ? static_cast<std::size_t>(up_to_last) + 1 : size;
}

}  // namespace

std::byte* Capture::room_for(std::size_t size) {
  const std::size_t used = kept().size();
  if (heap_bytes_.empty() && size <= inline_bytes_.size() - inline_used_) {
    inline_used_ += size;
    return inline_bytes_.data() + used;
  }
  if (heap_bytes_.empty())
    heap_bytes_.assign(inline_bytes_.begin(), inline_bytes_.begin() + static_cast<std::ptrdiff_t>(inline_used_));
  heap_bytes_.resize(used + size);
  return heap_bytes_.data() + used;
}

void Capture::note(std::uint64_t address, std::span<const std::byte> bytes) {
  const std::size_t size = below_the_top(address, bytes.size());
  if (size == 0) return;
  const Piece piece{address, size};
  std::byte* room = room_for(size + sizeof piece);
  std::memcpy(room, bytes.data(), size);
  std::memcpy(room + size, &piece, sizeof piece);
}

std::size_t Capture::read(std::uint64_t address, std::span<std::byte> into) {
  const std::size_t wanted = below_the_top(address, into.size());
  std::size_t done = 0;
  while (done < wanted) {
    const std::uint64_t at = address + done;
    std::size_t run = wanted - done;
    const std::byte* found = nullptr;
    // From the newest piece back: one that begins further on ends the run, as it
    // wins there; the first that covers `at` supplies it.
    for (auto older = kept(); !older.empty() && found == nullptr;) {
      Piece piece;
      std::memcpy(&piece, older.data() + older.size() - sizeof piece, sizeof piece);
      older = older.first(older.size() - sizeof piece - piece.size);
      const std::uint64_t skip = at - piece.address;
      if (at >= piece.address && skip < piece.size) {
        found = older.data() + older.size() + skip;
        run = std::min<std::size_t>(run, piece.size - skip);
      } else if (at < piece.address) {
        run = std::min<std::size_t>(run, piece.address - at);
      }
    }
    if (found == nullptr) break;
    std::memcpy(into.data() + done, found, run);
    done += run;
  }
  return done;
}

std::size_t Recorder::read(std::uint64_t address, std::span<std::byte> into) {
  const std::size_t size = live_.read(address, into.first(std::min(into.size(), room_)));
  room_ -= std::min(room_, std::max(size, kLeast));
  capture_.note(address, into.first(size));
  return size;
}

}  // namespace vdsotrace
