#include <sys/ptrace.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <span>

#include "arch/return_stub.hpp"
#include "os/ptrace.hpp"
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

TEST_CASE("a thread that runs into a return stub comes back with its registers and signal mask") {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  const Child child(page);
  const auto registers = ptrace::registers(child.pid());
  const auto mask = ptrace::signal_mask(child.pid());
  REQUIRE((registers && mask));

  const arch::ReturnStub stub = arch::make_return_stub(*registers, *mask);
  for (std::size_t at = 0; at < stub.bytes.size(); at += sizeof(long)) {
    long word = 0;
    std::memcpy(&word, stub.bytes.data() + at, std::min(sizeof word, stub.bytes.size() - at));
    REQUIRE(::ptrace(PTRACE_POKEDATA, child.pid(), static_cast<char*>(page) + at, word) == 0);
  }
  // A call is made, and nobody takes the thread back from it.
  const auto start = reinterpret_cast<std::uint64_t>(page);
  REQUIRE(ptrace::set_signal_mask(child.pid(), ~std::uint64_t{0}));
  REQUIRE(ptrace::set_registers(child.pid(), arch::for_system_call(*registers, start + stub.call, SYS_getppid, {})));
  const auto returns_to = arch::program_counter(*registers);
  bool back = false;
  for (int step = 0; step < 40 && !back; ++step) {
    REQUIRE(::ptrace(PTRACE_SINGLESTEP, child.pid(), nullptr, nullptr) == 0);
    int status = 0;
    REQUIRE(::waitpid(child.pid(), &status, 0) == child.pid());
    REQUIRE(WIFSTOPPED(status));
    back = arch::program_counter(*ptrace::registers(child.pid())) == returns_to;
  }
  REQUIRE(back);
  auto after = *ptrace::registers(child.pid());
  after.orig_rax = registers->orig_rax;
  CHECK(std::memcmp(&after, &*registers, sizeof after) == 0);
  CHECK(ptrace::signal_mask(child.pid()) == mask);
  ::ptrace(PTRACE_CONT, child.pid(), nullptr, nullptr);
  int status = 0;
  REQUIRE(::waitpid(child.pid(), &status, 0) == child.pid());
  CHECK(WEXITSTATUS(status) == 7);
  ::munmap(page, 4096);
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
