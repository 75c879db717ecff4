#include "engines/inline/records/unreturned_calls.hpp"

#include <utility>

namespace vdsotrace {

UnreturnedCalls::OfThread* UnreturnedCalls::find(pid_t tid) {
  const auto found = threads_.find(tid);
  return found == threads_.end() ? nullptr : &found->second;
}

OpenCalls::OnAbandoned UnreturnedCalls::abandoned_by(const Thread& thread) const {
  return [this, &thread](Call&& call) { abandoned_(thread, std::move(call)); };
}

std::optional<Call> UnreturnedCalls::take_fallback(pid_t tid) {
  OfThread* known = find(tid);
  return known != nullptr ? std::exchange(known->fallback, std::nullopt) : std::nullopt;
}

void UnreturnedCalls::interrupt(const Thread& thread, Call&& call, std::uint64_t stack_pointer, std::uint64_t stamp) {
  threads_[thread.tid].interrupted.enter(std::move(call), stack_pointer, abandoned_by(thread), stamp);
}

const Call* UnreturnedCalls::innermost(pid_t tid) {
  OfThread* known = find(tid);
  return known != nullptr ? known->interrupted.innermost() : nullptr;
}

void UnreturnedCalls::enter_handler(pid_t tid, std::uint64_t stack_pointer, bool alternate_stack) {
  if (OfThread* known = find(tid)) known->interrupted.enter_handler(stack_pointer, alternate_stack);
}

void UnreturnedCalls::leave_handler(const Thread& thread, std::uint64_t stack_pointer) {
  if (OfThread* known = find(thread.tid)) known->interrupted.leave_handler(stack_pointer, abandoned_by(thread));
}

void UnreturnedCalls::saw_code_outside_vdso(const Thread& thread, std::uint64_t stack_pointer) {
  if (OfThread* known = find(thread.tid)) known->interrupted.saw_code_outside_vdso(stack_pointer, abandoned_by(thread));
}

/// It is no longer open, and every call that can no longer return is over.
void UnreturnedCalls::on_return(const Thread& thread, std::uint64_t stack_pointer, std::uint64_t stamp) {
  OfThread* known = find(thread.tid);
  if (known == nullptr) return;
  const auto abandoned = abandoned_by(thread);
  OpenCalls& open = known->interrupted;
  if (!open.leave(stack_pointer, abandoned, stamp)) open.saw_code_outside_vdso(stack_pointer, abandoned);
  if (open.empty() && !known->fallback) threads_.erase(thread.tid);
}

void UnreturnedCalls::end(const Thread& thread) {
  auto known = threads_.extract(thread.tid);
  if (!known) return;
  known.mapped().interrupted.end(abandoned_by(thread));
  if (auto& fallback = known.mapped().fallback) abandoned_(thread, std::move(*fallback));
}

}  // namespace vdsotrace
