// Moves hostile bytes: the first byte chooses the machine, the next eight the distance.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "vdsotrace/vdso_image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vdsotrace;
  constexpr std::size_t kHeader = 9;
  if (size < kHeader) return 0;
  std::uint64_t distance;
  std::memcpy(&distance, data + 1, sizeof distance);
  const Machine machine = data[0] & 1 ? Machine::i386 : Machine::x86_64;
  const auto run = std::as_bytes(std::span(data + kHeader, size - kHeader));
  const auto code = relocate(machine, run, 0x10000000, 0x10000000 + distance);
  if (!code) return 0;
  if (code->map.back().original != run.size()) std::abort();
  // Each instruction grows by at most the widening of a branch; then the jump back.
  if (code->bytes.size() > 4 * run.size() + 5) std::abort();
  return 0;
}
