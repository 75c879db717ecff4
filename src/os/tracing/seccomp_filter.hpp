// A seccomp filter (seccomp(2)) that stops a tracee only where its tracer wants to see a call, made from a plain table.
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "vdsotrace/abi.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// SECCOMP_RET_DATA of our stops: those of the program's own filters have theirs.
inline constexpr std::uint16_t kFilterCookie = 0x7dc5;

/// When a call stops. Arguments are compared as unsigned 64 bit numbers, or as the halves that are named.
struct FilterRule {
  enum class When : std::uint8_t {
    always,
    unless_marked,   ///< the sixth argument is not `operand`
    first_has_bits,  ///< the first argument has one of the bits of `operand`, which are among the lower 32
    first_is,        ///< the lower half of the first argument is `operand`
    first_is_above,  ///< the upper half of the first argument is at least `operand`
    may_map_code,  ///< the third argument has PROT_EXEC, or the first is as for `first_is_above`: mmap(2), mprotect(2)
    in_page,       ///< it is made in the legacy vsyscall page (arch::kVsyscallPage)
  };
  When when = When::always;
  std::uint64_t operand = 0;

  bool operator==(const FilterRule&) const = default;
};

/// Which calls stop; all others go on as if there were no filter.
struct FilterPlan {
  /// By Abi and number; x32 numbers with their marker bit.
  std::array<std::map<std::uint32_t, FilterRule>, kAbis.size()> rules;

  std::map<std::uint32_t, FilterRule>& of(Abi abi) { return rules[static_cast<std::size_t>(abi)]; }
  const std::map<std::uint32_t, FilterRule>& of(Abi abi) const { return rules[static_cast<std::size_t>(abi)]; }
};

/// The program: a balanced search over the numbers, so that a call that does not stop costs about a dozen
/// instructions, or none at all: the kernel remembers the numbers that are always let through (Linux 5.11).
/// Error: longer than the kernel takes.
Result<std::vector<sock_filter>> make_filter(const FilterPlan& plan);

/// Puts the calling thread under the filter. PR_SET_NO_NEW_PRIVS is set only where the kernel asks for it.
/// False if it refuses. Async-signal-safe.
bool install_filter(const std::vector<sock_filter>& program);

}  // namespace vdsotrace
