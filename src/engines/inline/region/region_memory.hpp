// The memory that stubs write and vdsotrace reads, as words at offsets.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "os/memory/shared_memory.hpp"

namespace vdsotrace {

/// The process may write anything into it at any time.
class RegionMemory {
 public:
  /// `address`: where the process has it.
  RegionMemory(SharedMemory memory, std::uint64_t address) : memory_(std::move(memory)), address_(address) {}

  template <class T>
  T load(std::size_t offset) const {
    return std::atomic_ref<T>(*reinterpret_cast<T*>(at(offset))).load(std::memory_order_acquire);
  }
  template <class T>
  void store(std::size_t offset, T value) {
    std::atomic_ref<T>(*reinterpret_cast<T*>(at(offset))).store(value, std::memory_order_release);
  }
  std::byte* at(std::size_t offset) const { return memory_.bytes().data() + offset; }
  /// The address in the process of what is at `offset`.
  std::uint64_t address(std::size_t offset = 0) const { return address_ + offset; }
  /// Of our mapping; the process may have less.
  std::size_t size() const { return memory_.bytes().size(); }
  /// As SharedMemory::mark_death.
  void mark_death(std::size_t offset) { memory_.mark_death(offset); }

 private:
  SharedMemory memory_;
  std::uint64_t address_;
};

}  // namespace vdsotrace
