#include "engines/inline/code/signal_frames.hpp"

#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
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

/// Of the process itself.
class OwnStack final : public Memory {
 public:
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    const iovec here{into.data(), into.size()}, there{reinterpret_cast<void*>(address), into.size()};
    return static_cast<std::size_t>(std::max<ssize_t>(::process_vm_readv(::getpid(), &here, 1, &there, 1, 0), 0));
  }
};

constexpr std::uint64_t kOlder = 0x1234567890;
std::uint64_t saved_counter = 0;
std::vector<std::uint64_t> visited;

/// Its frame is the kernel's, with what an older frame may have left in words that the kernel does not write.
void visit_own_frame(int, siginfo_t*, void* context) {
  mcontext_t& saved = static_cast<ucontext_t*>(context)->uc_mcontext;
  saved_counter = static_cast<std::uint64_t>(saved.gregs[REG_RIP]);
  const std::array<std::uint64_t, 4> older{kBase, kOlder, 0x202, 0x33};
  std::memcpy(saved.__reserved1, older.data(), sizeof older);
  OwnStack memory;
  visit_saved_counters(reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)), memory,
                       [](std::uint64_t counter, std::uint64_t) { visited.push_back(counter); });
}

}  // namespace

TEST_CASE("what an older frame has left within a frame is none") {
  struct sigaction action {
  }, before{};
  action.sa_sigaction = visit_own_frame;
  action.sa_flags = SA_SIGINFO;
  visited.clear();
  REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  REQUIRE(::raise(SIGUSR1) == 0);
  REQUIRE(::sigaction(SIGUSR1, &before, nullptr) == 0);
  CHECK(std::ranges::count(visited, saved_counter) == 1);
  CHECK(std::ranges::count(visited, kOlder) == 0);
}

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
