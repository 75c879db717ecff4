// Several writes to the memory of one stopped thread (write_remote), for which it is opened once.
#pragma once

#include <sys/types.h>

#include "base/unique_fd.hpp"

namespace vdsotrace {

/// As long as it lives, /proc/PID/mem is opened once for all writes to that thread's memory, also for those of another
/// one within it that is for the same. The thread executes no program meanwhile: the descriptor stays with the memory
/// that it had.
class RemoteWrites {
 public:
  explicit RemoteWrites(pid_t tid);
  ~RemoteWrites();
  RemoteWrites(const RemoteWrites&) = delete;
  RemoteWrites& operator=(const RemoteWrites&) = delete;

  /// Where that thread's memory is opened; null if none lives that is for it.
  static UniqueFd* of(pid_t tid);

 private:
  pid_t tid_;
  UniqueFd memory_;
  RemoteWrites* outer_;
};

}  // namespace vdsotrace
