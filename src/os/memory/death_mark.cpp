#include "os/memory/death_mark.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace vdsotrace {
namespace {

/// As the kernel reads it at our end, which may come between any two instructions: each store leaves a whole list.
void set_next(robust_list& entry, robust_list* next) {
  std::atomic_ref(entry.next).store(next, std::memory_order_release);
}

/// The kernel knows it as this thread's list. A child of fork(2) begins anew.
robust_list_head& own_list() {
  static robust_list_head head;
  static pid_t owner = 0;
  if (owner != ::gettid()) {
    owner = ::gettid();
    head = {{&head.list}, DeathMark::kDistance, nullptr};
    // A refusal is no error.
    ::syscall(SYS_set_robust_list, &head, sizeof head);
  }
  return head;
}

}  // namespace

std::uint32_t* DeathMark::word() {
  return reinterpret_cast<std::uint32_t*>(reinterpret_cast<std::byte*>(this) + kDistance);
}

DeathMark::DeathMark() {
  robust_list& first = own_list().list;
  std::atomic_ref(*word()).store(static_cast<std::uint32_t>(::gettid()));
  set_next(entry_, first.next);
  set_next(first, &entry_);
}

DeathMark::~DeathMark() {
  robust_list& first = own_list().list;
  robust_list* before = &first;
  while (before->next != &entry_ && before->next != &first) before = before->next;
  if (before->next == &entry_) set_next(*before, entry_.next);
  std::atomic_ref(*word()).store(kDead);
}

}  // namespace vdsotrace
