// Who else runs in the memory of one space, and whether they may meet jumps there.
#pragma once

#include <set>
#include <utility>

#include "engines/syscalls/sites/text_poke.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

class MemorySharers {
 public:
  /// Whether others than the stopped thread run.
  Others others_than(const StoppedThread& stopped) const {
    const auto running = stopped.thread().space.use_count() - static_cast<long>(waiting_.size());
    return running == 1 ? Others::stopped : Others::running;
  }
  /// Whether all that run may meet a jump: no child is among them that is not followed.
  bool may_meet_jumps() const { return unfollowed_.empty(); }

  /// Another one comes.
  void admit(pid_t tid, bool followed) {
    have_come_ = true;
    if (!followed) unfollowed_.insert(tid);
  }
  /// It runs there no more.
  void note_gone(pid_t tid) {
    note_running(tid);
    unfollowed_.erase(tid);
  }
  /// A fork's child is the only one in its copy. Answers whether others can have changed the memory while it was
  /// copied.
  bool begin_alone() {
    waiting_.clear();
    unfollowed_.clear();
    return std::exchange(have_come_, false);
  }

  /// A thread does not run before its next stop, as it waits for its child (vfork(2)): it is none of the others that
  /// run in the memory.
  void note_waiting(pid_t tid) { waiting_.insert(tid); }
  void note_running(pid_t tid) {
    if (!waiting_.empty()) waiting_.erase(tid);
  }

 private:
  bool have_come_ = false;
  std::set<pid_t> waiting_;
  std::set<pid_t> unfollowed_;
};

}  // namespace vdsotrace
