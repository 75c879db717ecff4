// What is to be done to the traced program's calls on their way: `-e inject=` and `-e fault=`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdsotrace/selection.hpp"

namespace vdsotrace {

/// Bytes to be written where one of a call's arguments points to.
struct Poke {
  std::size_t argument = 0;  ///< index, from 0
  std::vector<std::byte> bytes;
};

/// Which of a thread's calls of one kind are meant, counted from 1: `when=FIRST[..LAST][+[STEP]]`.
struct Invocations {
  static constexpr std::uint32_t kNoLast = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t first = 1;
  std::uint32_t last = kNoLast;
  std::uint32_t step = 1;  ///< 0: the first only

  bool contains(std::uint32_t invocation) const;
};

/// One expression of -e inject=.
struct Injection {
  Selection calls;
  Invocations when;
  int error = 0;                       ///< what the calls fail with, instead of being made; 0: nothing
  std::optional<std::int64_t> result;  ///< what they return, instead of being made
  std::string instead;                 ///< name of the call that is made in their place; empty: none
  int signal = 0;                      ///< sent to the thread when it enters the call; 0: none
  std::int64_t enter_delay_ns = 0;
  std::int64_t exit_delay_ns = 0;
  std::vector<Poke> enter_pokes;
  std::vector<Poke> exit_pokes;

  /// Whether another result takes the place of the call's own.
  bool replaces() const { return error != 0 || result.has_value(); }
  /// That result as it stands in the register.
  std::int64_t register_value() const { return error != 0 ? -error : result.value_or(0); }
};

/// All of them: for each call the last that names it counts.
class Injections {
 public:
  /// Takes the expressions that are its own, `inject=SET:...` and `fault=SET:...`, out of those of `-e`. The language
  /// is strace's (strace(1), "Tampering"). Errors say what in which expression is wrong.
  static Result<Injections> take(std::vector<std::string>& expressions);

  bool empty() const { return rules_.empty(); }
  /// What is done to calls of that number, or null. `vdso_capable`: the process's vDSO offers them.
  const Injection* of(Abi abi, std::int64_t nr, bool vdso_capable) const;
  /// Whether any of them sends a signal.
  bool send_signals() const;

 private:
  std::vector<Injection> rules_;
};

}  // namespace vdsotrace
