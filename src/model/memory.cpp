#include "vdsotrace/memory.hpp"

#include <algorithm>
#include <limits>

namespace vdsotrace {
namespace {

/// How many of `size` bytes from `address` lie below the end of the address space.
std::size_t below_the_top(std::uint64_t address, std::size_t size) {
  const std::uint64_t up_to_last = std::numeric_limits<std::uint64_t>::max() - address;
  return size != 0 && size - 1 > up_to_last ? static_cast<std::size_t>(up_to_last) + 1 : size;
}

}  // namespace

void Capture::note(std::uint64_t address, std::span<const std::byte> bytes) {
  const std::size_t size = below_the_top(address, bytes.size());
  if (size == 0 || size > std::numeric_limits<std::uint32_t>::max() - bytes_.size()) return;
  pieces_.push_back({address, static_cast<std::uint32_t>(bytes_.size()),
                     static_cast<std::uint32_t>(size)});
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
}

std::size_t Capture::read(std::uint64_t address, std::span<std::byte> into) {
  const std::size_t wanted = below_the_top(address, into.size());
  std::size_t done = 0;
  while (done < wanted) {
    const std::uint64_t at = address + done;
    std::size_t run = wanted - done;
    // From the newest piece back: one that begins further on ends the run, as it
    // wins there; the first that covers `at` supplies it.
    const auto covers = [&](const Piece& piece) {
      if (at >= piece.address) return at - piece.address < piece.size;
      if (piece.address - at < run) run = static_cast<std::size_t>(piece.address - at);
      return false;
    };
    const auto piece = std::find_if(pieces_.rbegin(), pieces_.rend(), covers);
    if (piece == pieces_.rend()) break;
    const auto skip = static_cast<std::size_t>(at - piece->address);
    run = std::min(run, piece->size - skip);
    std::memcpy(into.data() + done, bytes_.data() + piece->offset + skip, run);
    done += run;
  }
  return done;
}

std::size_t Recorder::read(std::uint64_t address, std::span<std::byte> into) {
  const std::size_t size = live_.read(address, into);
  capture_.note(address, into.first(size));
  return size;
}

}  // namespace vdsotrace
