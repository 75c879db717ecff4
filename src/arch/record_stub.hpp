// Code that stands for one system call instruction of a program as a call stub does, but records the call in its
// thread's ring (stub_layout.h) instead of counting it: number, arguments, result, time stamps around it, and what the
// arguments point to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "arch/registers.hpp"
#include "arch/stub_layout.h"

namespace vdsotrace::arch {

/// A step of copying, as STEP_POINTER and what follows say.
struct CopyStep {
  std::uint32_t pointer = 0;
  std::uint32_t count = 0;
  std::uint32_t most = 0;
  std::uint32_t unit = 1;
  std::uint32_t flags = 0;
  std::uint32_t of_case = 0;
  std::uint32_t each = 0;
};
static_assert(sizeof(CopyStep) == STEP_BYTES);

/// As CASE_VALUE and what follows say.
struct CopyCase {
  std::uint64_t value = 0;
  std::uint64_t number = 0;
};
static_assert(sizeof(CopyCase) == CASE_BYTES);

/// What a stub copies of its calls. There is room for STEPS_MOST - 1 steps at either end and CASES_MOST - 1 cases.
struct CopyPlan {
  std::vector<CopyStep> entry;
  std::vector<CopyStep> exit;
  std::uint32_t case_word = 0;  ///< which word of the record says what case a call is, as an offset; 0: there are none
  std::uint32_t case_bits = 0;  ///< of that word
  std::uint32_t further_case_word = 0;  ///< whose lower half is the upper one of a case's value; 0: there is none
  std::vector<CopyCase> cases;
  std::uint32_t case_of_others = CASE_UNSUITED;  ///< what a call is that is none of them
  std::uint64_t most_bytes = RECORD_POINTEES;    ///< from a record's begin, when all has been copied
  unsigned record_log2 = RECORD_LOG2_VALUES;     ///< of the bytes of the ring's records
  bool keeps_stack = false;                      ///< registers and stack come first (KEPT_REGISTERS)
};

struct RecordStubWords {
  std::int64_t number;  ///< of the calls that it records
  std::uint64_t index;  ///< address of the index that leads to the threads' rings
  std::uint64_t back;   ///< as in CallStubWords, as the next two
  std::uint64_t resume;
  std::uint64_t others;
  std::uint64_t leave;  ///< where calls go that cannot be recorded: the thread has no ring, or there is no room in it
  std::uint64_t unsuited;  ///< the same of calls whose pointees cannot be copied
};

inline constexpr std::size_t kRecordStubBytes = 3072;
/// More instructions than a stub executes that copies as much as a record has room for.
inline constexpr int kMostRecordSteps = 8 * RECORD_MOST_BYTES;

/// It has its entry, and the words that change, where a call stub has them.
std::vector<std::byte> make_record_stub(const RecordStubWords& words, const CopyPlan& copies);
/// Whether the call has been made of a thread whose program counter is so far behind the beginning.
bool has_called_in_record_stub(std::size_t offset);

/// Whether a thread is there at the breakpoint behind a recorded call that is to be looked at, and registers behind it.
bool waits_in_record_stub(std::size_t offset);
Registers behind_wait(Registers registers);

/// Of a thread that is making its call in such a stub: where its block is, which has the register that shows that.
std::uint64_t record_block(const Registers& registers);
/// Registers of such a thread, right behind the call, as the program has them; `base`: what BLOCK_CALL_BASE says.
Registers with_record_base(Registers registers, std::uint64_t base);

/// The registers that a record has kept of a thread at its call, by their DWARF numbers. `back`: behind the program's
/// instruction. Others are 0.
DwarfRegisters kept_registers(std::span<const std::uint64_t, KEPT_REGISTERS> kept, std::uint64_t stack_pointer,
                              std::uint64_t back);

/// Registers with which a thread goes on that cannot read what the instruction there loads for a copy: to `unsuited`,
/// or behind the call without the rest of the copy. Nothing for other instructions.
std::optional<Registers> without_copy(Registers registers, std::size_t offset);

}  // namespace vdsotrace::arch
