// Executes a stub's instructions on a stopped thread's registers, as its processor would.
#pragma once

#include "arch/registers.hpp"
#include "model/code/x86.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// A process's memory, as instructions see it. A write that fails leaves the instruction unexecuted.
class EmulatedMemory : public Memory {
 public:
  virtual bool write(std::uint64_t address, std::span<const std::byte> bytes) = 0;
  /// Where we have memory that threads of the process write at the same time as we do; null for all other.
  virtual std::byte* shared(std::uint64_t address, std::size_t size) = 0;
};

/// The instructions that stubs_x86_64.S is made of, and those of the simplest functions. Every effect on memory is
/// had at once, locked where the instruction is; only the registers are ours until they are given to the thread. A
/// stub can therefore be cut off anywhere and begun again from where the registers still are: it writes the same once
/// more.
class StubEmulator {
 public:
  enum class Outcome : std::uint8_t {
    next,         ///< executed
    system_call,  ///< stands at one, which only the thread can make
    unknown,      ///< not one of ours, or its memory is not there: nothing has changed
  };

  StubEmulator(const arch::Registers& registers, EmulatedMemory& memory);

  /// Executes one instruction.
  Outcome step();
  /// What the thread's registers are to be.
  arch::Registers& registers() { return registers_; }

 private:
  using Word = std::uint64_t;

  /// A part of a general register.
  struct Part {
    unsigned long long arch::Registers::*whole;
    unsigned bytes;
  };
  static std::optional<Part> part_of(x86_reg name);

  bool execute();
  bool move(const cs_x86& code);
  bool arithmetic(const cs_x86& code, unsigned id);
  bool shift(const cs_x86& code, bool left);
  bool exchange(const cs_x86& code, unsigned id);
  bool branch(const cs_x86& code, unsigned id);
  bool swap(const cs_x86& code);

  std::optional<Word> address(const cs_x86_op& operand) const;
  std::optional<Word> read(const cs_x86_op& operand);
  bool write(const cs_x86_op& operand, Word value);
  std::optional<Word> load(Word from, std::size_t size);
  bool store(Word to, std::size_t size, Word value);
  bool push(Word value);
  std::optional<Word> pop();
  /// Puts change(before) in the operand's place, atomically where it is shared. Answers what was there before.
  template <class Change>
  std::optional<Word> modify(const cs_x86_op& operand, const Change& change);

  Word added(Word a, Word b, std::size_t size);
  Word subtracted(Word a, Word b, std::size_t size);
  Word logical(Word value, std::size_t size);
  void set_flags(Word result, std::size_t size, bool carry, bool overflow);
  bool holds(unsigned condition) const;

  std::optional<X86Decoder> decoder_;
  arch::Registers registers_;
  EmulatedMemory& memory_;
  Word next_ = 0;  ///< address behind the instruction
};

}  // namespace vdsotrace
