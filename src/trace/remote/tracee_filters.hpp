// What a thread's own seccomp filters say of the calls that we would make it do.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "arch/registers.hpp"
#include "model/seccomp_answer.hpp"

namespace vdsotrace {

/// As they are now, of a stopped thread that runs 64-bit code. We may suspend them, but they are in force again the
/// moment we are killed: then they judge what the thread is in the middle of.
class TraceeFilters {
 public:
  /// Nothing where they cannot be read: it takes CAP_SYS_ADMIN.
  static std::optional<TraceeFilters> of(pid_t tid);

  /// Whether the call is made. `instruction`: where the one is that makes it.
  bool allows(const arch::SystemCallRegisters& call, std::uint64_t instruction) const;
  /// Whether at worst it is not made and fails: no thread is killed or gets a signal for it.
  bool survives(const arch::SystemCallRegisters& call, std::uint64_t instruction) const;

 private:
  explicit TraceeFilters(std::vector<SeccompFilter> filters) : filters_(std::move(filters)) {}
  std::uint32_t action(const arch::SystemCallRegisters& call, std::uint64_t instruction) const;

  std::vector<SeccompFilter> filters_;
};

}  // namespace vdsotrace
