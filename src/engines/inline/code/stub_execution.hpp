// Executing the rest of a stub for a thread that is stopped in it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "arch/stub_emulator.hpp"
#include "os/tracing/ptrace.hpp"

namespace vdsotrace {

/// Longest way out: a stub that waits for room in its ring goes round and round.
inline constexpr int kMostStubSteps = 20'000;

/// Registers with which a stub goes on where that thread was stopped. Nothing for a fallback's system call that has yet
/// to be made, or is to be made again.
std::optional<arch::Registers> registers_to_execute(pid_t tid, arch::Registers registers);

/// How far execution came.
struct ExecutedStub {
  arch::Registers registers;
  bool waits = false;  ///< it goes round and round, as there is no room in its ring
};

/// Executes up to what is not `inside`, or an instruction that only the thread itself can execute.
ExecutedStub execute_stub(const arch::Registers& from, arch::EmulatedMemory& memory,
                          const std::function<bool(std::uint64_t)>& inside);

}  // namespace vdsotrace
