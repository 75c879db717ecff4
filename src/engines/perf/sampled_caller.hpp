// Who made a call, by the registers and the piece of stack that a perf sample has of its thread. Nothing is read of the
// process but what is mapped where.
#pragma once

#include <cstdint>
#include <span>

#include "os/perf/perf_records.hpp"
#include "symbols/symbols.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/memory.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// How much of the stack samples are to have, in bytes: enough for the frames of a C library's function and of what
/// calls it, where mostly the result lies, too; glibc's getrandom alone has 17 words.
inline constexpr std::uint32_t kSampledStack = 1024;
/// The same for what is asked for: nothing, callers, or whole stacks as far as they reach.
std::uint32_t sampled_stack_bytes(const Needs& needs);

/// What a sample has of its thread's memory.
class SampledStack final : public Memory {
 public:
  explicit SampledStack(const PerfSample& sample)
      : bottom_(arch::stack_pointer(sample.registers)), bytes_(sample.stack) {}

  std::size_t read(std::uint64_t address, std::span<std::byte> into) override;

 private:
  std::uint64_t bottom_;
  std::span<const std::byte> bytes_;
};

/// Where the thread was.
enum class SampledAt : std::uint8_t {
  system_call,     ///< in a system call
  function_entry,  ///< at the first instruction of a function that was called
};

/// Notes caller and stack in the call, as far as the needs ask for them and the sample suffices to know them. Of 32-bit
/// code only those of a system call. `task`: one with the memory of the sample's thread, which may have ended.
void note_sampled_caller(const PerfSample& sample, SampledAt at, pid_t task, const Needs& needs, Symbols& symbols,
                         Call& call);

}  // namespace vdsotrace
