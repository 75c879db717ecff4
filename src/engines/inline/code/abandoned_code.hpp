// Getting the threads of a process out of code that a vdsotrace which was killed has left there.
#pragma once

#include <cstdint>
#include <optional>

#include "arch/registers.hpp"
#include "base/address_range.hpp"
#include "engines/inline/plan/stub_plan.hpp"

namespace vdsotrace {

/// Stubs and their trampolines, or a return stub (arch/return_stub.hpp). It is the process's own memory: what it says
/// of itself decides only where the process's own threads go on.
struct AbandonedCode {
  AddressRange code;         ///< the stubs, or the return stub
  AddressRange region;       ///< memory that stubs write
  AddressRange trampolines;  ///< in the vDSO
  AddressRange vdso;
  StubJournal journal{};  ///< of stubs
  bool is_return_stub = false;

  bool contains(std::uint64_t address) const { return code.contains(address) || trampolines.contains(address); }
  /// Where a thread that is at that address is to go on instead, if a copy of an instruction lies there.
  std::optional<std::uint64_t> original_of(std::uint64_t address) const;
  /// The address behind a fallback's system call, if its copy ends at that address.
  std::optional<std::uint64_t> original_call_before(std::uint64_t address) const;
};

/// Brings a stopped thread out of it, and what its signal handlers will return to. The jumps into it have been taken
/// out. False where that cannot be done: a shadow stack, a system call that only the thread itself can make, an
/// instruction that is not known; the thread has come up to that.
bool leave_abandoned_code(pid_t tid, Memory& memory, const AbandonedCode& code);

/// Whether that program counter is there, or one to which a signal handler with a frame on that stack will return.
bool leads_into(std::uint64_t counter, std::uint64_t stack_pointer, Memory& memory, const AbandonedCode& code);

}  // namespace vdsotrace
