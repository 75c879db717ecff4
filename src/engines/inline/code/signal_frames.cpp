#include "engines/inline/code/signal_frames.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "arch/signal_frame.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kSearched = 64 * 1024;
/// Handlers on a stack of their own that interrupt each other.
constexpr int kMostStacks = 8;
constexpr std::size_t kWord = sizeof(std::uint64_t);
/// More than any has before the state of the floating point unit.
constexpr std::uint64_t kLargestFrame = 1024;

/// Stacks of threads may lie close to each other, as those of Go do. So what a frame on an alternate stack has saved
/// counts only for a thread that is on that stack.
bool is_of_another_stack(std::uint64_t counter_at, std::uint64_t from, Memory& memory) {
  const AddressRange alternate = arch::alternate_stack_in_frame(counter_at, memory);
  return alternate.contains(counter_at) && !alternate.contains(from);
}

/// A frame has words that the kernel does not write, where an older frame may show that lay there. No frame lies within
/// another one that is whole.
bool is_within_frame(std::uint64_t counter_at, std::uint64_t outer_counter_at, Memory& memory) {
  return counter_at - outer_counter_at < kLargestFrame &&
         arch::whole_frame_around(outer_counter_at, memory).contains(counter_at);
}

struct FoundContext {
  arch::SavedContext saved;
  std::uint64_t counter_at;
};

/// What looks like a frame's among the words of a stack, the innermost first.
std::vector<FoundContext> contexts_in(std::span<const std::uint64_t> words, std::uint64_t from, Memory& memory) {
  std::vector<FoundContext> found;
  for (std::size_t i = 0; i + arch::kSavedContextWords <= words.size(); ++i) {
    const auto saved = arch::saved_context(words.subspan(i).first<arch::kSavedContextWords>());
    if (!saved) continue;
    const std::uint64_t counter_at = from + (i + saved->counter_at) * kWord;
    if (!found.empty() && is_within_frame(counter_at, found.back().counter_at, memory)) continue;
    if (!is_of_another_stack(counter_at, from, memory)) found.push_back({*saved, counter_at});
  }
  return found;
}

}  // namespace

void visit_saved_counters(std::uint64_t stack_pointer, Memory& memory,
                          const std::function<void(std::uint64_t counter, std::uint64_t at)>& visit) {
  std::uint64_t from = stack_pointer & ~std::uint64_t{kWord - 1};
  // Not cleared, nor got anew for each of many threads that all wait.
  thread_local const auto kept = std::make_unique_for_overwrite<std::uint64_t[]>(kSearched / kWord);
  const std::span words(kept.get(), kSearched / kWord);
  for (int stack = 0; stack < kMostStacks; ++stack) {
    const std::size_t count = memory.read(from, std::as_writable_bytes(words)) / kWord;
    std::optional<std::uint64_t> elsewhere;
    for (const auto& [saved, counter_at] : contexts_in(words.first(count), from, memory)) {
      visit(saved.program_counter, counter_at);
      if (saved.stack_pointer - from >= kSearched) elsewhere = saved.stack_pointer & ~std::uint64_t{kWord - 1};
    }
    if (!elsewhere) return;
    from = *elsewhere;
  }
}

void visit_saved_counters(StoppedThread& stopped,
                          const std::function<std::optional<std::uint64_t>(std::uint64_t)>& visit) {
  const auto* registers = stopped.registers();
  if (registers == nullptr || !arch::runs_64_bit(*registers)) return;
  visit_saved_counters(arch::stack_pointer(*registers), stopped.memory(), [&](std::uint64_t counter, std::uint64_t at) {
    if (const auto instead = visit(counter)) write_remote(stopped.tid(), at, std::as_bytes(std::span(&*instead, 1)));
  });
}

}  // namespace vdsotrace
