// Whose the records of one space are: its threads by their thread pointers, also those that are gone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engines/inline/region/stub_record.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

class RecordOwners {
 public:
  struct Owner {
    pid_t tid = 0;  ///< 0: one of the process's threads, not known which
    pid_t tgid = 0;
    bool is_reported = false;
    const Thread* thread = nullptr;  ///< null where it is not known
    std::uint64_t stack = 0;         ///< its stack pointer when it came: of a new thread, the top of its stack
  };

  explicit RecordOwners(pid_t tgid) : tgid_(tgid) {}

  pid_t tgid() const { return tgid_; }
  /// Some thread is followed.
  bool is_reported() const { return is_reported_; }

  /// Records with that thread pointer are the thread's from now on. Answers how many threads have it now.
  std::size_t add(const Thread& thread, std::uint64_t pointer, std::uint64_t stack);
  /// Records of a thread whose pointer cannot be asked for yet are those of one that is followed.
  void expect(const Thread& thread);
  /// The creator waits until its child, which may have its thread pointer and stack, executes a program or ends
  /// (vfork(2)): meanwhile it makes no calls.
  void expect_vfork(pid_t child, pid_t creator) { creators_[child] = creator; }
  /// The thread that waits so for that one, if there is one.
  std::optional<pid_t> waits_for(pid_t child) const;
  /// For which threads that one waits.
  std::vector<pid_t> waited_for_by(pid_t creator) const;
  /// The creator waits no more: no record is the child's any more, even if the child's end has not been seen.
  void end_waiting(pid_t creator);
  /// A thread pointer whose thread has another one now, or has `ended`, and which threads still have it.
  struct Left {
    std::uint64_t pointer = 0;
    std::size_t threads = 0;
    pid_t only = 0;  ///< where that is one
  };
  std::optional<Left> remove(pid_t tid, bool ended);

  Owner owner_of(const StubRecord& record) const;
  std::optional<std::uint64_t> pointer_of(pid_t tid) const;
  /// Threads whose pointers no others have, with these.
  std::vector<std::pair<pid_t, std::uint64_t>> sole_owners() const;

 private:
  bool waits(pid_t tid) const;
  Owner by_stack(const StubRecord& record) const;
  void remember(const Owner& owner, std::uint64_t pointer, bool shares);

  pid_t tgid_;
  bool is_reported_ = false;
  std::unordered_map<std::uint64_t, std::vector<Owner>> owners_;  ///< by thread pointer
  std::unordered_map<pid_t, std::uint64_t> pointers_;
  /// Threads that are gone, of which there may be records yet: all of late, and those that shared a pointer, by that.
  std::unordered_map<pid_t, Owner> gone_;
  std::unordered_map<std::uint64_t, std::vector<Owner>> gone_sharers_;
  std::unordered_map<pid_t, pid_t> creators_;  ///< that wait, by their children
};

}  // namespace vdsotrace
