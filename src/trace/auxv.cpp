#include <elf.h>

#include "os/remote_memory.hpp"
#include "trace/family.hpp"

namespace vdsotrace {
namespace {

/// argc and the pointers of argv and envp are bounded by the kernel (MAX_ARG_STRINGS);
/// a stack with more words than this before the auxiliary vector is not what it seems.
constexpr std::uint64_t kMostWords = 1 << 22;
constexpr std::uint64_t kMostEntries = 64;

/// Reads the words that the kernel laid on a new program's stack, in chunks.
class StackWords {
 public:
  StackWords(Memory& memory, std::uint64_t address, unsigned word)
      : memory_(memory), address_(address), word_(word) {}

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
  std::array<std::byte, 1024> chunk_;
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

}  // namespace

bool hide_vdso(StoppedThread& stopped, Abi abi) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  const unsigned word = word_size(abi);
  StackWords words(stopped.memory(), arch::stack_pointer(*registers), word);
  const auto argc = words.at(0);
  if (!argc || *argc >= kMostWords) return false;
  const auto environment = past_zero(words, 1 + *argc);
  const auto auxv = environment ? past_zero(words, *environment) : std::nullopt;
  if (!auxv) return false;
  for (std::uint64_t entry = 0; entry < kMostEntries; ++entry) {
    const std::uint64_t index = *auxv + 2 * entry;
    const auto type = words.at(index);
    if (!type) return false;
    if (*type == AT_NULL) return true;
    if (*type != AT_SYSINFO_EHDR && *type != AT_SYSINFO) continue;
    const std::uint64_t ignore = AT_IGNORE;
    if (!write_remote(stopped.tid(), words.address_of(index), std::as_bytes(std::span(&ignore, 1)).first(word)))
      return false;
  }
  return false;
}

}  // namespace vdsotrace
