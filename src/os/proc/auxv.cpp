#include "os/proc/auxv.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace vdsotrace {
namespace {

/// argc and the pointers of argv and envp are bounded by the kernel (MAX_ARG_STRINGS);
/// a stack with more words than this before the auxiliary vector is not what it seems.
constexpr std::uint64_t kMostWords = 1 << 22;
constexpr std::uint64_t kMostEntries = 64;

/// Reads the words that the kernel laid on a new program's stack, in chunks.
class StackWords {
 public:
  StackWords(Memory& memory, std::uint64_t address, unsigned word) : memory_(memory), address_(address), word_(word) {}

  std::uint64_t address_of(std::uint64_t index) const { return address_ + index * word_; }

  std::optional<std::uint64_t> at(std::uint64_t index) {
    const std::uint64_t offset = index * word_;
    if (offset < start_ || offset + word_ > start_ + size_) {
      start_ = offset;
      size_ = memory_.read(address_ + offset, chunk_);
      if (size_ < word_) return std::nullopt;
    }
    std::uint64_t value = 0;
    std::memcpy(&value, chunk_.data() + (offset - start_), word_);
    return value;
  }

 private:
  Memory& memory_;
  std::uint64_t address_;
  unsigned word_;
  std::array<std::byte, 4096> chunk_;
  std::uint64_t start_ = 0;
  std::size_t size_ = 0;
};

/// The index behind the next zero word from `index` on.
std::optional<std::uint64_t> past_zero(StackWords& words, std::uint64_t index) {
  for (; index < kMostWords; ++index) {
    const auto word = words.at(index);
    if (!word) return std::nullopt;
    if (*word == 0) return index + 1;
  }
  return std::nullopt;
}

/// Up to AT_NULL, which has to come.
std::optional<std::vector<AuxiliaryVector::Entry>> entries_of(StackWords& words) {
  const auto argc = words.at(0);
  if (!argc || *argc >= kMostWords) return std::nullopt;
  const auto environment = past_zero(words, 1 + *argc);
  const auto start = environment ? past_zero(words, *environment) : std::nullopt;
  if (!start) return std::nullopt;
  std::vector<AuxiliaryVector::Entry> entries;
  for (std::uint64_t index = *start; entries.size() < kMostEntries; index += 2) {
    const auto type = words.at(index);
    if (type && *type == AT_NULL) return entries;
    const auto value = words.at(index + 1);
    if (!type || !value) return std::nullopt;
    entries.push_back({*type, *value, words.address_of(index)});
  }
  return std::nullopt;
}

}  // namespace

std::optional<AuxiliaryVector> AuxiliaryVector::on_stack(Memory& memory, std::uint64_t stack_pointer, bool is_64_bit) {
  for (const unsigned word : {8u, 4u}) {
    if (word == 8 && !is_64_bit) continue;
    StackWords words(memory, stack_pointer, word);
    auto entries = entries_of(words);
    if (!entries) continue;
    AuxiliaryVector vector;
    vector.entries_ = std::move(*entries);
    vector.word_size_ = word;
    // Every kernel says how large a page is; words of the wrong size do not.
    if (const auto page = vector.value(AT_PAGESZ); page && *page != 0 && (*page & (*page - 1)) == 0) return vector;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> AuxiliaryVector::value(std::uint64_t type) const {
  const auto found = std::ranges::find(entries_, type, &Entry::type);
  return found == entries_.end() ? std::nullopt : std::optional(found->value);
}

}  // namespace vdsotrace
