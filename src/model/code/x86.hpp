// What one x86 instruction does to the flow of control. Capstone says how long an
// instruction is; what it is we read from its opcode, so that a mnemonic that one
// version of Capstone gets wrong cannot mislead us.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <capstone/capstone.h>

#include "vdsotrace/error.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// Bytes; the processor refuses longer ones.
inline constexpr std::size_t kLongestInstruction = 15;

enum class Flow : std::uint8_t {
  next,          ///< goes on behind itself
  clock_read,    ///< rdtsc, rdtscp; goes on
  system_call,   ///< syscall, int 0x80; goes on
  sysenter,      ///< a system call from which the kernel returns to a place of its own choice
  ret,           ///< near return
  jump,          ///< direct, unconditional
  branch,        ///< direct, conditional, exists with 8 and 32 bits
  short_branch,  ///< loop*, j*cxz: conditional, exists with 8 bits only
  call,          ///< direct
  indirect_jump,
  indirect_call,
  trap,     ///< ud2: nothing comes behind it
  strange,  ///< int3, other interrupts, far transfers, transactions: not to be expected here
};

struct Instruction {
  std::uint8_t length = 0;
  Flow flow = Flow::next;
  bool prefixed = false;          ///< has a legacy or REX prefix
  std::int32_t displacement = 0;  ///< of jump, branch, short_branch, call: from the next instruction
};

constexpr bool is_x86(Machine machine) {
  return machine == Machine::x86_64 || machine == Machine::x32 || machine == Machine::i386;
}

/// Reads the opcode of the instruction that fills `code`. `wide` means 64-bit code.
Instruction classify(std::span<const std::byte> code, bool wide);

/// Decodes one machine's code by Capstone. With `details` it also fills
/// cs_insn::detail, which takes longer. Stays in the thread that opened it.
class X86Decoder {
 public:
  static Result<X86Decoder> open(Machine machine, bool details = false);
  X86Decoder(X86Decoder&& other) noexcept;
  X86Decoder& operator=(X86Decoder&&) = delete;
  ~X86Decoder();

  /// The instruction at the front of `code`; nothing if there is no valid and whole one.
  /// `address` is where Capstone's text shall think it is.
  std::optional<Instruction> decode(std::span<const std::byte> code, std::uint64_t address = 0);
  /// Capstone's view of the instruction decoded last.
  const cs_insn& raw() const { return *insn_; }
  bool wide() const { return wide_; }

 private:
  X86Decoder(csh handle, cs_insn* insn, bool wide) : handle_(handle), insn_(insn), wide_(wide) {}
  csh handle_;  ///< shared by all of its kind in this thread
  cs_insn* insn_;
  bool wide_;
};

}  // namespace vdsotrace
