#include "os/memory/remote_memory.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/page.hpp"
#include "base/unique_fd.hpp"
#include "os/kernel.hpp"
#include "os/memory/remote_writes.hpp"
#include "os/procfs.hpp"
#include "os/tracing/ptrace.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kPagesPerRead = 64;

/// The innermost that lives.
RemoteWrites* writes = nullptr;

UniqueFd open_memory(pid_t tid, int mode) { return procfs::open(fmt::format("{}/mem", tid), mode); }

/// What one system call reads at most.
std::size_t most_at_once(std::uint64_t address) { return kPagesPerRead * kPage - address % kPage; }

/// By one system call, split at page boundaries. Less than all ends where the next page cannot be read.
std::size_t read_pages(pid_t tid, std::uint64_t address, std::span<std::byte> into) {
  std::array<iovec, kPagesPerRead> remote;
  std::size_t pieces = 0;
  for (std::size_t planned = 0; planned < into.size();) {
    const std::uint64_t at = address + planned;
    const std::size_t size = std::min<std::size_t>(kPage - at % kPage, into.size() - planned);
    remote[pieces++] = {reinterpret_cast<void*>(at), size};
    planned += size;
  }
  const iovec local{into.data(), into.size()};
  const ssize_t n = kernel().read_memory(tid, local, std::span(remote).first(pieces));
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::size_t peek_bytes(pid_t tid, std::uint64_t address, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t at = address + done;
    const auto word = ptrace::peek(tid, at & ~std::uint64_t{7});
    if (!word) break;
    const std::size_t skip = at % 8;
    const std::size_t count = std::min(8 - skip, into.size() - done);
    std::memcpy(into.data() + done, reinterpret_cast<const std::byte*>(&*word) + skip, count);
    done += count;
  }
  return done;
}

/// A word at a time, across a boundary of words if need be: PTRACE_POKEDATA asks for no alignment
/// (generic_ptrace_pokedata, kernel/ptrace.c).
bool poke_bytes(pid_t tid, std::uint64_t address, std::span<const std::byte> bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  while (!bytes.empty()) {
    const std::uint64_t page_end = address - address % kPage + kPage;
    const std::size_t count = std::min<std::size_t>({kWord, bytes.size(), page_end - address});
    const std::uint64_t aligned = address - address % kWord;
    const std::uint64_t at = address + count <= aligned + kWord ? aligned : address;
    auto word = ptrace::peek(tid, at);
    if (!word) return false;
    std::memcpy(reinterpret_cast<std::byte*>(&*word) + (address - at), bytes.data(), count);
    if (!ptrace::poke(tid, at, *word)) return false;
    address += count;
    bytes = bytes.subspan(count);
  }
  return true;
}

}  // namespace

std::size_t RemoteMemory::read(std::uint64_t address, std::span<std::byte> into) {
  std::size_t done = 0;
  bool all = true;
  while (all && done < into.size()) {
    const auto piece = into.subspan(done, std::min(into.size() - done, most_at_once(address + done)));
    const std::size_t n = read_pages(tid_, address + done, piece);
    all = n == piece.size();
    done += n;
  }
  if (done > 0 || into.empty()) return done;
  const UniqueFd memory = open_memory(tid_, O_RDONLY);
  if (!memory) return peek_bytes(tid_, address, into);
  const ssize_t n = ::pread(memory.get(), into.data(), into.size(), static_cast<off_t>(address));
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

RemoteWrites::RemoteWrites(pid_t tid) : tid_(tid), outer_(std::exchange(writes, this)) {}

RemoteWrites::~RemoteWrites() { writes = outer_; }

UniqueFd* RemoteWrites::of(pid_t tid) {
  UniqueFd* memory = nullptr;
  for (RemoteWrites* one = writes; one != nullptr && one->tid_ == tid; one = one->outer_) memory = &one->memory_;
  return memory;
}

bool write_remote(pid_t tid, std::uint64_t address, std::span<const std::byte> bytes) {
  UniqueFd own;
  UniqueFd* const shared = RemoteWrites::of(tid);
  UniqueFd& memory = shared != nullptr ? *shared : own;
  if (!memory) memory = open_memory(tid, O_WRONLY);
  if (memory) {
    const ssize_t n = ::pwrite(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(address));
    if (n == static_cast<ssize_t>(bytes.size())) return true;
  }
  return poke_bytes(tid, address, bytes);
}

bool clear_remote(pid_t tid, std::uint64_t address, std::size_t size) {
  const std::vector<std::byte> zeros(size);
  const std::size_t first = std::min(size, sizeof(std::uint64_t));
  return write_remote(tid, address + first, std::span(zeros).subspan(first)) &&
         write_remote(tid, address, std::span(zeros).first(first));
}

}  // namespace vdsotrace
