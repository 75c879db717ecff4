// One scripted thread at a stop, without a session.
#pragma once

#include "support/catch.hpp"
#include "support/scripted_kernel.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace::testing {

constexpr pid_t kTid = kPid + 1;
constexpr std::uint64_t kProgramMask = 0x1234;

inline Thread live_thread() {
  Thread thread;
  thread.tid = thread.tgid = kTid;
  thread.phase = Thread::Phase::live;
  thread.space = std::make_shared<AddressSpace>();
  thread.actions = std::make_shared<SignalActions>();
  return thread;
}

/// A thread at a stop that we have asked for, with a system call instruction for our use.
struct StoppedTask {
  StoppedTask() {
    task.seized = true;
    task.mask = kProgramMask;
    task.registers.rax = 77;
    task.memory->write(kCode, std::as_bytes(std::span("\x0f\x05", 2)));
    kernel.ptrace(PTRACE_INTERRUPT, kTid, 0, 0);
    REQUIRE(kernel.take());
    thread.space->set_engine_memory({kCode, kCode + 2, kCode, {}});
  }
  ~StoppedTask() { std::move(stopped).resume({Resume::How::hold, 0}); }
  bool is_as_before() const {
    return task.mask == kProgramMask && task.registers.rax == 77 && task.registers.rip == kCode;
  }
  bool is_at_interruption() const { return task.info.si_code >> 8 == PTRACE_EVENT_STOP; }

  ScriptedKernel kernel;
  KernelInstead instead{kernel};
  Task& task = kernel.process(kTid);
  Thread thread = live_thread();
  StoppedThread stopped{thread};
};

}  // namespace vdsotrace::testing
