// Executes a stub's instructions on a stopped thread's registers, as its processor would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "arch/registers.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace::arch {

/// A process's memory, as instructions see it. A write that fails leaves the instruction unexecuted.
class EmulatedMemory : public Memory {
 public:
  virtual bool write(std::uint64_t address, std::span<const std::byte> bytes) = 0;
  /// Where we have memory that threads of the process write at the same time as we do; null for all other.
  virtual std::byte* shared(std::uint64_t address, std::size_t size) = 0;
};

/// The instructions that the processor's stubs are made of, and those of the simplest functions. Every effect on memory
/// is had at once, locked where the instruction is; only the registers are ours until they are given to the thread. A
/// stub can therefore be cut off anywhere and begun again from where the registers still are: it writes the same once
/// more.
class StubEmulator {
 public:
  enum class Outcome : std::uint8_t {
    next,         ///< executed
    system_call,  ///< stands at one, which only the thread can make
    unknown,      ///< not one of ours, or its memory is not there: nothing has changed
  };

  StubEmulator(const Registers& registers, EmulatedMemory& memory);
  ~StubEmulator();
  StubEmulator(const StubEmulator&) = delete;
  StubEmulator& operator=(const StubEmulator&) = delete;

  /// Executes one instruction.
  Outcome step();
  /// What the thread's registers are to be.
  Registers& registers();

 private:
  class Processor;
  std::unique_ptr<Processor> processor_;
};

}  // namespace vdsotrace::arch
