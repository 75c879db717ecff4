#include "trace/thread/thread.hpp"

#include "base/check.hpp"

namespace vdsotrace {

StoppedThread::~StoppedThread() { CHECK(thread_ == nullptr); }

const arch::Registers* StoppedThread::registers() {
  if (!registers_) registers_ = ptrace::registers(tid());
  return registers_ ? &*registers_ : nullptr;
}

bool StoppedThread::set_program_counter(std::uint64_t address) {
  registers_.reset();
  return ptrace::set_user_word(tid(), arch::program_counter_offset(), address);
}

bool StoppedThread::set_registers(const arch::Registers& registers) {
  registers_ = registers;
  return ptrace::set_registers(tid(), registers);
}

void StoppedThread::refuse_system_call() {
  const auto* current = registers();
  if (current != nullptr) set_registers(arch::with_refused_call(*current));
}

void StoppedThread::resume(Resume how, bool calls) && {
  Thread& thread = *std::exchange(thread_, nullptr);
  thread.stopped = how.how == Resume::How::hold;
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
