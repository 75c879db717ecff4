#include "engines/inline/signal_frames.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "arch/registers.hpp"
#include "support/catch.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kBase = 0x10000, kBytes = 0x10000;
constexpr std::uint64_t kSaved = 0x7000;  // the program counter in a frame

/// Stacks that lie side by side.
class Stacks final : public Memory {
 public:
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    const std::uint64_t offset = address - kBase;
    if (offset >= kBytes) return 0;
    const std::size_t size = std::min<std::size_t>(into.size(), kBytes - offset);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), size, into.begin());
    return size;
  }

  /// The registers of a handler's frame at `address`, of a thread with that alternate stack.
  void put_frame(std::uint64_t address, std::uint64_t alternate, std::uint64_t size) {
    put(address - 24, {alternate, 0, size});
    // Stack pointer, counter, flags, code segment (struct sigcontext).
    put(address + (arch::kSavedCounter - 1) * 8, {kBase + kBytes, kSaved, 0x202, 0x33});
  }

  std::size_t visited_from(std::uint64_t stack_pointer) {
    std::size_t found = 0;
    visit_saved_counters(stack_pointer, *this, [&](std::uint64_t counter, std::uint64_t) {
      CHECK(counter == kSaved);
      ++found;
    });
    return found;
  }

 private:
  void put(std::uint64_t address, std::initializer_list<std::uint64_t> words) {
    std::memcpy(bytes_.data() + (address - kBase), std::data(words), words.size() * 8);
  }

  std::vector<std::byte> bytes_ = std::vector<std::byte>(kBytes);
};

}  // namespace

TEST_CASE("a handler's frame is found above the stack pointer") {
  Stacks stacks;
  stacks.put_frame(kBase + 0x9000, 0, 0);
  CHECK(stacks.visited_from(kBase + 0x2000) == 1);
  CHECK(stacks.visited_from(kBase + 0xa000) == 0);
}

TEST_CASE("a frame on an alternate stack is found from that stack only") {
  Stacks stacks;
  stacks.put_frame(kBase + 0x9000, kBase + 0x8000, 0x2000);
  CHECK(stacks.visited_from(kBase + 0x8100) == 1);
  CHECK(stacks.visited_from(kBase + 0x2000) == 0);
}

TEST_CASE("a frame beside the alternate stack is found") {
  Stacks stacks;
  stacks.put_frame(kBase + 0x9000, kBase + 0xc000, 0x2000);
  CHECK(stacks.visited_from(kBase + 0x2000) == 1);
}

}  // namespace vdsotrace
