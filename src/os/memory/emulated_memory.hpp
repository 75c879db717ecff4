// A process's memory for code that we execute for one of its threads.
#pragma once

#include <sys/types.h>

#include "arch/stub_emulator.hpp"
#include "os/memory/remote_memory.hpp"

namespace vdsotrace {

/// Of which nothing is shared with us. The thread is stopped.
class ProcessMemory : public arch::EmulatedMemory {
 public:
  /// `memory`: that of the thread's process, which lives longer.
  ProcessMemory(pid_t tid, Memory& memory) : tid_(tid), memory_(memory) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override { return memory_.read(address, into); }
  bool write(std::uint64_t address, std::span<const std::byte> bytes) override {
    return write_remote(tid_, address, bytes);
  }
  std::byte* shared(std::uint64_t, std::size_t) override { return nullptr; }

 private:
  pid_t tid_;
  Memory& memory_;
};

}  // namespace vdsotrace
