// Which calls this kernel serves in user space, and what each costs both ways: found out by making them.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <vector>

#include "vdsotrace/error.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {

/// One question.
struct CallProbe {
  const VdsoService* service = nullptr;  ///< one that 64-bit programs have
  clockid_t clock = 0;                   ///< if its first argument is a clock id
  std::uintptr_t function = 0;           ///< of the vDSO as it is mapped here; 0: it has none for this
};

struct CallFinding {
  int error = 0;                      ///< errno of the system call; the rest says nothing then
  std::optional<bool> in_user_space;  ///< nothing without a function
  double function_ns = 0;             ///< a call through the vDSO, whatever it does; 0 without a function
  double system_call_ns = 0;
  std::optional<std::int64_t> resolution_ns;  ///< by clock_getres, where a clock is asked for
};

/// Makes the calls in child processes that nothing else has touched: in one they are timed (the median of
/// batches), in another system calls of these kinds are trapped by seccomp(2) instead of made, so that
/// a function that would enter the kernel is caught at it. Needs no privilege; takes some
/// hundred milliseconds. One finding for each probe. Errors: no process, no memory, a child that dies.
Result<std::vector<CallFinding>> probe_calls(std::span<const CallProbe> probes);

}  // namespace vdsotrace
