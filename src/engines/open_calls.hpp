// The vDSO calls that one thread is in: entered and not yet returned. Several
// can be open at once only through signal handlers; a call that is left by
// longjmp never returns and is found out by what happens next.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "vdsotrace/call.hpp"

namespace vdsotrace {

class OpenCalls {
 public:
  /// Is given each call that was found to never return.
  using OnAbandoned = std::function<void(Call&&)>;

  /// A vDSO function is entered with the return address at `stack_pointer`. False if this
  /// is the same call again, whose first instruction had to be begun anew. `stamp`, where not 0, distinguishes calls
  /// from the same place apart: their entries are not all seen, and one call may be met several times.
  bool enter(Call&& call, std::uint64_t stack_pointer, const OnAbandoned& left, std::uint64_t stamp = 0);
  /// A `ret` is about to be executed with that stack pointer: the call that returns
  /// by it, or nothing if none of those open does.
  std::optional<Call> leave(std::uint64_t stack_pointer, const OnAbandoned& left, std::uint64_t stamp = 0);
  /// The call whose fallback a system call from inside the vDSO is, or null.
  Call* innermost();
  /// Something outside the vDSO runs: calls that no handler interrupted have been left.
  void saw_code_outside_vdso(std::uint64_t stack_pointer, const OnAbandoned& left);
  /// The innermost call's first instruction will be executed again.
  void begin_again();

  void enter_handler(std::uint64_t stack_pointer, bool alternate_stack);
  void leave_handler(std::uint64_t stack_pointer, const OnAbandoned& left);
  /// The thread is no more: all that is open is left.
  void end(const OnAbandoned& left);
  bool empty() const { return frames_.empty(); }

 private:
  struct Frame {
    enum class Kind : std::uint8_t { call, handler };
    Kind kind;
    std::uint64_t stack_pointer;  ///< at the entry, or where the handler interrupted
    bool alternate_stack = false;
    bool begins_again = false;
    Call call;
    std::uint64_t stamp = 0;
  };

  void drop_from(std::size_t first, const OnAbandoned& left);

  std::vector<Frame> frames_;
};

}  // namespace vdsotrace
