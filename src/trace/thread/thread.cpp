#include "trace/thread/thread.hpp"

#include "base/check.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {

StoppedThread::~StoppedThread() { CHECK(thread_ == nullptr); }

const arch::Registers* StoppedThread::registers() {
  if (!registers_) registers_ = ptrace::registers(tid());
  return registers_ ? &*registers_ : nullptr;
}

std::optional<std::uint64_t> StoppedThread::breakpoint_address() {
  const auto* now = registers();
  if (now == nullptr) return std::nullopt;
  return thread_->on_breakpoint ? arch::program_counter(*now) : arch::breakpoint_address(*now);
}

bool StoppedThread::set_program_counter(std::uint64_t address) {
  registers_.reset();
  return ptrace::set_user_word(tid(), arch::program_counter_offset(), address);
}

bool StoppedThread::set_registers(const arch::Registers& registers) {
  registers_ = registers;
  return ptrace::set_registers(tid(), registers);
}

std::optional<std::int64_t> StoppedThread::seccomp_mode() {
  if (!seccomp_mode_) seccomp_mode_ = proc::status_number(tid(), "Seccomp");
  return seccomp_mode_;
}

void StoppedThread::refuse_system_call() {
  const auto* current = registers();
  if (current != nullptr) set_registers(arch::with_refused_call(*current));
}

void StoppedThread::resume(Resume how, bool calls) && {
  Thread& thread = *std::exchange(thread_, nullptr);
  thread.stopped = how.how == Resume::How::hold;
  thread.on_breakpoint = thread.on_breakpoint && thread.stopped;
  // A thread that is gone cannot be resumed and need not be.
  switch (how.how) {
    case Resume::How::run:
      if (calls) {
        ptrace::resume_to_syscall(thread.tid, how.signal);
      } else {
        ptrace::resume(thread.tid, how.signal);
      }
      break;
    case Resume::How::step:
      thread.step_due = true;
      ptrace::step(thread.tid, how.signal);
      break;
    case Resume::How::call: ptrace::resume_to_syscall(thread.tid, how.signal); break;
    case Resume::How::listen:
      thread.rests = true;
      ptrace::listen(thread.tid);
      break;
    case Resume::How::detach: ptrace::detach(thread.tid, how.signal); break;
    case Resume::How::hold: break;
  }
}

}  // namespace vdsotrace
