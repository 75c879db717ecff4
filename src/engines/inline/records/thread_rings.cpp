#include "engines/inline/records/thread_rings.hpp"

namespace vdsotrace {

bool ThreadRings::add(const Thread& thread, std::uint64_t pointer, std::uint64_t stack) {
  if (owners_.add(thread, pointer, stack) == 1) return true;
  if (!take_over(thread, pointer)) region_->blocks().unbind(pointer);
  return false;
}

/// Takes over the ring of its creator, which waits for it.
bool ThreadRings::take_over(const Thread& thread, std::uint64_t pointer) {
  const auto creator = owners_.waits_for(thread.tid);
  if (!creator || region_->blocks().writer(pointer) != *creator || !region_->has_ring(pointer)) return false;
  region_->blocks().hand_over(pointer, thread.tid);
  return true;
}

void ThreadRings::bind_again() {
  for (const auto& [tid, pointer] : owners_.sole_owners()) region_->blocks().bind(pointer, tid);
}

void ThreadRings::remove(pid_t tid, bool ended) {
  const auto creator = owners_.waits_for(tid);
  const auto left = owners_.remove(tid, ended);
  if (!left || region_ == nullptr) return;
  const bool writes = region_->blocks().writer(left->pointer) == tid;
  if (writes && creator && owners_.pointer_of(*creator) == left->pointer) {
    region_->blocks().hand_over(left->pointer, *creator);
    return;
  }
  if (ended) region_->blocks().end(left->pointer, tid);
  if (!ended && writes) region_->blocks().unbind(left->pointer);
  if (left->threads == 1) region_->blocks().bind(left->pointer, left->only);
}

void ThreadRings::end_writing(pid_t tid) {
  const auto pointer = owners_.pointer_of(tid);
  if (pointer && region_ != nullptr) region_->blocks().end_writing(*pointer, tid);
}

void ThreadRings::end_vforks(pid_t tid) {
  for (const pid_t child : owners_.waited_for_by(tid)) remove(child, true);
}

pid_t ThreadRings::other_writer(pid_t tid) const {
  const auto pointer = owners_.pointer_of(tid);
  const pid_t writer = pointer && region_ != nullptr ? region_->blocks().writer(*pointer) : 0;
  return writer != tid ? writer : 0;
}

void ThreadRings::take_back(pid_t tid) {
  owners_.end_waiting(tid);
  if (const auto pointer = owners_.pointer_of(tid)) region_->blocks().hand_over(*pointer, tid);
}

void ThreadRings::give_up(pid_t tid) {
  owners_.end_waiting(tid);
  if (const auto pointer = owners_.pointer_of(tid)) region_->blocks().retire(*pointer);
}

}  // namespace vdsotrace
