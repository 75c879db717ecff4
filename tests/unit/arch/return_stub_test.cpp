#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "arch/return_stub.hpp"
#include "os/proc/proc.hpp"
#include "os/tracing/ptrace.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

/// A child that stops itself and then ends with status 7.
class Child {
 public:
  explicit Child(void* code) : pid_(::fork()) {
    if (pid_ == 0) {
      ::mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      ::_exit(7);
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    REQUIRE(WIFSTOPPED(status));
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

}  // namespace

namespace {

/// A child whose thread makes calls in a return stub, and is not taken back from the last of them.
class Alone {
 public:
  Alone() : page_(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)), child_(page_) {
    const auto registers = ptrace::registers(child_.pid());
    const auto mask = ptrace::signal_mask(child_.pid());
    REQUIRE((page_ != MAP_FAILED && registers && mask));
    registers_ = *registers;
    mask_ = *mask;
    stub_ = arch::make_return_stub(registers_, mask_);
    for (std::size_t at = 0; at < stub_.bytes.size(); at += sizeof(long)) {
      long word = 0;
      std::memcpy(&word, stub_.bytes.data() + at, std::min(sizeof word, stub_.bytes.size() - at));
      REQUIRE(::ptrace(PTRACE_POKEDATA, child_.pid(), static_cast<char*>(page_) + at, word) == 0);
    }
    REQUIRE(ptrace::set_signal_mask(child_.pid(), ~std::uint64_t{0}));
  }
  ~Alone() { ::munmap(page_, 4096); }
  pid_t pid() const { return child_.pid(); }

  /// An empty string in it.
  std::uint64_t no_name() const { return reinterpret_cast<std::uint64_t>(page_) + stub_.bytes.size(); }

  /// Its result; the thread stands behind it.
  std::int64_t call(std::int64_t nr, const std::array<std::uint64_t, 6>& args, arch::OrphanCleanup alone) {
    const auto at = reinterpret_cast<std::uint64_t>(page_) + stub_.call(alone);
    REQUIRE(ptrace::set_registers(pid(), arch::for_system_call(registers_, at, nr, args)));
    const auto now = step();
    REQUIRE(arch::program_counter(now) == at + arch::kSystemCall.size());
    return arch::return_value(now);
  }

  /// It goes on by itself, and is as before.
  void come_back() {
    const auto returns_to = arch::program_counter(registers_);
    arch::Registers after{};
    for (int steps = 0; steps < 40 && arch::program_counter(after) != returns_to; ++steps) after = step();
    after.orig_rax = registers_.orig_rax;
    CHECK(std::memcmp(&after, &registers_, sizeof after) == 0);
    CHECK(ptrace::signal_mask(pid()) == mask_);
  }

  void end() {
    ::ptrace(PTRACE_CONT, pid(), nullptr, nullptr);
    int status = 0;
    REQUIRE(::waitpid(pid(), &status, 0) == pid());
    CHECK(WEXITSTATUS(status) == 7);
  }

 private:
  arch::Registers step() {
    REQUIRE(::ptrace(PTRACE_SINGLESTEP, pid(), nullptr, nullptr) == 0);
    int status = 0;
    REQUIRE(::waitpid(pid(), &status, 0) == pid());
    REQUIRE(WIFSTOPPED(status));
    return *ptrace::registers(pid());
  }

  void* page_;
  Child child_;
  arch::Registers registers_{};
  std::uint64_t mask_ = 0;
  arch::ReturnStub stub_;
};

bool has_file(pid_t pid, std::int64_t fd) {
  return ::access(("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd)).c_str(), F_OK) == 0;
}

bool has_mapped(pid_t pid, std::uint64_t address) {
  return std::ranges::any_of(proc::mappings(pid), [&](const auto& mapping) { return mapping.start == address; });
}

}  // namespace

TEST_CASE("a thread that runs into a return stub comes back with its registers and signal mask") {
  Alone alone;
  alone.call(SYS_getppid, {}, arch::OrphanCleanup::keep);
  alone.come_back();
  alone.end();
}

TEST_CASE("a thread that is left in a return stub gives back what its call has made") {
  using arch::OrphanCleanup;
  constexpr std::uint64_t kLength = 16384, kNone = ~std::uint64_t{0};
  constexpr std::array<std::uint64_t, 6> kAnywhere{0, kLength, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, kNone, 0};
  Alone alone;
  SECTION("memory") {
    const auto address = alone.call(SYS_mmap, kAnywhere, OrphanCleanup::unmap);
    REQUIRE(has_mapped(alone.pid(), static_cast<std::uint64_t>(address)));
    alone.come_back();
    CHECK_FALSE(has_mapped(alone.pid(), static_cast<std::uint64_t>(address)));
  }
  SECTION("a descriptor") {
    const auto fd = alone.call(SYS_eventfd2, {}, OrphanCleanup::close);
    REQUIRE(has_file(alone.pid(), fd));
    alone.come_back();
    CHECK_FALSE(has_file(alone.pid(), fd));
  }
  SECTION("a descriptor, but not what was mapped of it") {
    const auto fd = alone.call(SYS_memfd_create, {alone.no_name(), 0}, OrphanCleanup::close);
    REQUIRE(has_file(alone.pid(), fd));
    const auto file = static_cast<std::uint64_t>(fd);
    const auto address =
        alone.call(SYS_mmap, {0, kLength, PROT_READ, MAP_SHARED, file, 0}, OrphanCleanup::close_mapped);
    alone.come_back();
    CHECK_FALSE(has_file(alone.pid(), fd));
    CHECK(has_mapped(alone.pid(), static_cast<std::uint64_t>(address)));
  }
  SECTION("nothing, where the call failed") {
    CHECK(alone.call(SYS_memfd_create, {0, 0}, OrphanCleanup::close) == -EFAULT);
    alone.come_back();
  }
  alone.end();
}

TEST_CASE("a return stub begins an interrupted system call again") {
  constexpr std::uint64_t kNumber = 230, kAfter = 0x401002;
  arch::Registers registers{};
  registers.orig_rax = kNumber;
  registers.rip = kAfter;
  const auto brings_back = [&](std::int64_t result) {
    registers.rax = static_cast<std::uint64_t>(result);
    const auto bytes = arch::make_return_stub(registers, 0).bytes;
    const auto has = [&](std::uint64_t word) {
      return ::memmem(bytes.data(), bytes.size(), &word, sizeof word) != nullptr;
    };
    CHECK(has(arch::restarts_call(registers) ? kAfter - 2 : kAfter));
    return has(kNumber);
  };
  CHECK(brings_back(-512));
  CHECK(brings_back(-514));
  CHECK_FALSE(brings_back(-515));
  CHECK_FALSE(brings_back(-4));
  CHECK_FALSE(brings_back(-516));  // restart_syscall takes its place
}

TEST_CASE("return stubs are known by their code") {
  auto bytes = arch::make_return_stub({}, 0).bytes;
  CHECK(arch::return_stub_at(bytes) == bytes.size());
  CHECK(arch::return_stub_at(std::span(bytes).first(bytes.size() - 1)) == 0);
  bytes[3] ^= std::byte{1};
  CHECK(arch::return_stub_at(bytes) == 0);
}

TEST_CASE("return stubs are known that are written or cleared in part") {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const auto whole = arch::make_return_stub({}, 0).bytes;
  for (std::size_t size = kWord; size <= whole.size(); size += kWord) {
    auto bytes = whole;
    std::ranges::fill(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end(), std::byte{0});
    CHECK(arch::return_stub_at(bytes) == whole.size());
    bytes = whole;
    std::ranges::fill(bytes.begin() + kWord, bytes.begin() + static_cast<std::ptrdiff_t>(size), std::byte{0});
    CHECK(arch::return_stub_at(bytes) == whole.size());
  }
  CHECK(arch::return_stub_at(std::vector<std::byte>(whole.size())) == 0);
}
