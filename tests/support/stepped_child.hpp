// A child of ours that executes code step by step, in memory that it shares with us.
#pragma once

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "os/tracing/ptrace.hpp"
#include "support/catch.hpp"

namespace vdsotrace::testing {

/// Carry, parity, adjust, zero, sign and overflow.
inline constexpr std::uint64_t kStatusFlags = 0x8d5;

/// All that a call leaves alone, but rbx.
inline void check_same(const arch::Registers& now, const arch::Registers& before, std::uint64_t flags) {
  for (const auto same : {&arch::Registers::rbp, &arch::Registers::rdi, &arch::Registers::rsi, &arch::Registers::rdx,
                          &arch::Registers::r10, &arch::Registers::r8, &arch::Registers::r9, &arch::Registers::rsp})
    CHECK(now.*same == before.*same);
  CHECK((now.eflags & kStatusFlags) == flags);
}

class SteppedChild {
 public:
  SteppedChild() : pid_(::fork()) {
    if (pid_ == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      ::_exit(1);
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    REQUIRE(WIFSTOPPED(status));
    first = *ptrace::registers(pid_);
  }
  ~SteppedChild() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  SteppedChild(const SteppedChild&) = delete;
  SteppedChild& operator=(const SteppedChild&) = delete;

  void begin(const arch::Registers& registers) const { REQUIRE(ptrace::set_registers(pid_, registers)); }
  arch::Registers step() const {
    int status = 0;
    REQUIRE(ptrace::step(pid_, 0));
    ::waitpid(pid_, &status, 0);
    REQUIRE((WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP));
    return *ptrace::registers(pid_);
  }

  arch::Registers first{};

 private:
  pid_t pid_;
};

}  // namespace vdsotrace::testing
