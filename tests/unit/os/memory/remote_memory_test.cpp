#include "os/memory/remote_memory.hpp"

#include <algorithm>
#include <vector>

#include "base/page.hpp"
#include "os/kernel.hpp"
#include "os/memory/cached_pages.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

constexpr std::uint64_t kStart = 0x10000;

/// A kernel with a process that has so many pages from kStart on; it reads as process_vm_readv(2) does.
class SomePages final : public Kernel {
 public:
  explicit SomePages(std::size_t pages) : end_(kStart + pages * kPage) {}

  ssize_t read_memory(pid_t, const iovec& into, std::span<const iovec> from) override {
    ++requests;
    std::size_t done = 0;
    for (const iovec& piece : from) {
      const auto at = reinterpret_cast<std::uint64_t>(piece.iov_base);
      if (at < kStart || at + piece.iov_len > end_) break;
      done += piece.iov_len;
    }
    std::fill_n(static_cast<char*>(into.iov_base), done, 'x');
    return done > 0 ? static_cast<ssize_t>(done) : -1;
  }
  long ptrace(long, pid_t, std::uintptr_t, std::uintptr_t) override { return -1; }
  int waitid(idtype_t, id_t, siginfo_t&, int) override { return -1; }
  pid_t wait4(pid_t, int&, int, rusage*) override { return -1; }
  int kill(pid_t, int) override { return -1; }
  int kcmp(pid_t, pid_t, int) override { return -1; }
  std::optional<std::string> proc_file(const std::string&) override { return std::nullopt; }
  std::vector<std::string> proc_folder(const std::string&) override { return {}; }

  int requests = 0;

 private:
  std::uint64_t end_;
};

/// How much is read of so many bytes.
std::size_t read_from(SomePages& kernel, std::uint64_t address, std::size_t size) {
  const KernelInstead instead(kernel);
  std::vector<std::byte> bytes(size);
  const std::size_t done = RemoteMemory(1).read(address, bytes);
  CHECK(std::ranges::count(bytes, std::byte{'x'}) == static_cast<std::ptrdiff_t>(done));
  return done;
}

}  // namespace

TEST_CASE("memory is read by few requests") {
  constexpr std::size_t kPages = 100;
  SomePages kernel(kPages);
  CHECK(read_from(kernel, kStart + 8, kPages * kPage - 8) == kPages * kPage - 8);
  CHECK(kernel.requests == 2);
}

TEST_CASE("behind a page that cannot be read nothing more is asked for") {
  SomePages kernel(3);
  CHECK(read_from(kernel, kStart + 8, 16 * kPage) == 3 * kPage - 8);
  CHECK(kernel.requests == 1);
}

TEST_CASE("pages that are kept are read by one request, and what lies behind the last is not asked for again") {
  SomePages kernel(2);
  const KernelInstead instead(kernel);
  CachedPages pages(1);
  std::vector<std::byte> bytes(2 * kPage);
  CHECK(pages.read(kStart + 8, bytes) == 2 * kPage - 8);
  CHECK(kernel.requests == 1);
  CHECK(pages.read(kStart + kPage + 8, bytes) == kPage - 8);
  CHECK(kernel.requests == 1);
}
