// A child of ours that executes code step by step, in memory that it shares with us.
#pragma once

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "os/ptrace.hpp"
#include "support/catch.hpp"

namespace vdsotrace::testing {

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
