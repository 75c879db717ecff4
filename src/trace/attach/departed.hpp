// Tasks that are gone and may have left a child that was never reported: a task that is killed, by SIGKILL or by
// another thread of its process that ends or executes a program, does not report the child that it has just made.
#pragma once

#include <deque>

#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// What can be seen of a child at its first stop: a copy of its creator's state in all that it has not changed yet.
struct Orphan {
  pid_t tid = 0;
  std::uint64_t sharing = 0;            ///< flags of the clone(2) that made it
  std::optional<std::int64_t> born_ns;  ///< CLOCK_BOOTTIME, a hundredth of a second too early at most
  std::uint64_t ignored = 0;            ///< signals, bit n-1 for signal n
  std::uint64_t caught = 0;
};

/// Of a stopped process.
Orphan look_at_orphan(pid_t tid);

class Departed {
 public:
  void note(const Thread& thread);
  bool empty() const { return departed_.empty(); }

  /// The one whose child it is, as far as is known: its memory is a copy of the creator's, its signal actions are
  /// the creator's, and the creator ended right after it was born. Where several are alike in all that, any of them
  /// serves. With `at_last` the same vDSO at the same place is enough. `tid` of the thread is 0, its space a copy of
  /// what it was. Null: none.
  const Thread* creator_of(const Orphan& orphan, bool at_last) const;

 private:
  struct Entry {
    Thread thread;
    std::int64_t ended_ns;  ///< CLOCK_BOOTTIME, when we heard of it
  };
  std::deque<Entry> departed_;
};

}  // namespace vdsotrace
