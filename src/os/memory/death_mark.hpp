// Words in shared memory that the kernel changes when we die, whatever of.
#pragma once

#include <linux/futex.h>

#include <cstddef>
#include <cstdint>

namespace vdsotrace {

/// Says in a word of memory shared with others that we are there: for the word, we hold a robust futex, which
/// the kernel marks with FUTEX_OWNER_DIED when the thread that has put it there ends, be it by SIGKILL
/// (get_robust_list(2), Documentation/locking/robust-futex-ABI.rst). The list that the kernel follows then is in memory
/// of our own; what others write into the word can only keep it from being marked.
///
/// All of one thread, whose C library's list gives way to this one: mutexes that are PTHREAD_MUTEX_ROBUST must not be
/// locked in it. Only some 2,000 are marked (ROBUST_LIST_LIMIT, kernel/futex).
class DeathMark {
 public:
  /// The mark lies in memory of our own, so far in front of its word.
  static constexpr std::ptrdiff_t kDistance = 4096;
  static constexpr std::uint32_t kDead = FUTEX_OWNER_DIED;

  DeathMark();
  /// The word says that we have died: the rings are read no more.
  ~DeathMark();
  DeathMark(const DeathMark&) = delete;
  DeathMark& operator=(const DeathMark&) = delete;

 private:
  std::uint32_t* word();

  robust_list entry_{};
};

}  // namespace vdsotrace
