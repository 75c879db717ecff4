// Code that stands for one system call instruction of a program that was attached to: makes the call, counts it by its
// number, and goes on behind the instruction with all registers and flags as the instruction would have left them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "arch/registers.hpp"

namespace vdsotrace::arch {

/// So many numbers, from 0 on, can be counted.
inline constexpr std::size_t kCountedNumbers = 512;

/// The address of a number's counters in the process: two u64, aligned: calls, and those that failed. 0 if its calls
/// are not to be counted. Within 2 GiB of the stub.
using CountersOf = std::function<std::uint64_t(std::int64_t nr)>;

/// Which calls a stub counts: those of one number, and restart_syscall(2), or those of each.
using StubNumber = std::optional<std::int64_t>;

/// Bytes of such a stub, a multiple of 16.
std::size_t site_stub_bytes(const StubNumber& number);
/// To be placed at `at`, a multiple of 16. `back`: behind the program's instruction.
std::vector<std::byte> make_site_stub(const StubNumber& number, std::uint64_t at, std::uint64_t back,
                                      const CountersOf& counters);
/// The offset where calls come in.
std::size_t site_stub_entry(const StubNumber& number);

/// How far a thread has come in a site stub.
struct SiteStubProgress {
  bool made = false;                              ///< the call has come back
  std::optional<std::int64_t> uncounted_call;     ///< its number, if it is yet to be counted among the calls
  std::optional<std::int64_t> uncounted_failure;  ///< its number, if it failed and is yet to be counted among those
  std::int64_t result = 0;
};
/// `offset`: of its program counter in the stub. `counters`: where those of number 0 are; each number's are two u64
/// behind those of the one before.
SiteStubProgress progress_in_site_stub(const StubNumber& number, const Registers& registers, std::size_t offset,
                                       std::uint64_t counters);

}  // namespace vdsotrace::arch
