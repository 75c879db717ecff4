// One call of a service that the kernel or the vDSO offers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vdsotrace/abi.hpp"
#include "vdsotrace/descriptor.hpp"
#include "vdsotrace/memory.hpp"
#include "vdsotrace/reason.hpp"

namespace vdsotrace {

/// The way that one vDSO-capable call went.
enum class Route : std::uint8_t {
  vdso,      ///< the vDSO function was entered and returned without a system call
  fallback,  ///< the vDSO function was entered and itself made the system call
  syscall,   ///< the kernel was entered directly
  vsyscall,  ///< the legacy page at 0xffffffffff600000 was called
  unknown,   ///< the vDSO function was entered, and that is all that is known: one of the first two
};
inline constexpr std::size_t kRoutes = 5;

/// "vdso", "fallback", "syscall", "vsyscall", "unknown": as options and JSON spell them.
std::string_view name_of(Route route);
/// "[vdso]", "[vdso->syscall]", "[syscall]", "[vsyscall]", "[vdso?]": as text shows them.
std::string_view tag_of(Route route);
std::optional<Route> route_named(std::string_view name);

/// A place in the program's code to which a call returns. As the one who made a call: the first outside the C library.
struct Caller {
  std::uint64_t address = 0;
  std::string module;           ///< file name of the mapping, "[vdso]", or empty if anonymous
  std::uint64_t offset = 0;     ///< from the symbol; in the module where no symbol is known
  std::string symbol;           ///< empty if unknown
  std::uint64_t in_module = 0;  ///< the address as the module's file has it, as addr2line(1) takes it
  std::string source;           ///< "FILE:LINE" where there is debugging information, else empty
  bool in_runtime = false;      ///< of a language runtime or a library that asked for somebody else
  /// It called the C library for something else (malloc), and that made the call for itself. False where that is not
  /// certain.
  bool for_c_library = false;
  /// Of a caller in a runtime: the first beyond it. Null if that is not known.
  std::shared_ptr<const Caller> beyond = nullptr;

  /// The first caller beyond runtimes, as far as it is known: itself, if it is in none.
  const Caller* beyond_runtimes() const { return in_runtime ? beyond.get() : this; }
};

/// The positive errno in the raw result of a system call or a vDSO function; 0 if it succeeded (MAX_ERRNO,
/// linux/err.h).
constexpr int error_of(std::int64_t result) {
  constexpr std::int64_t kMaxErrno = 4095;
  return result < 0 && result >= -kMaxErrno ? static_cast<int>(-result) : 0;
}

class VdsoImage;

/// What following a vDSO call instruction by instruction has shown.
struct StepFacts {
  std::uint64_t instructions = 0;  ///< executed inside the vDSO; each repetition of a `rep` counts
  std::uint64_t retries = 0;       ///< times that a seqlock loop began anew, since the kernel was just writing
  bool complete = true;            ///< false if it was not followed to its end
  /// Offsets in the image, in the order of execution, and the image; only where asked for (Needs::steps).
  std::vector<std::uint32_t> path;
  std::shared_ptr<const VdsoImage> image;
};

/// How a call ended.
enum class Ending : std::uint8_t {
  running,     ///< it has not ended yet
  returned,    ///< `result` holds what it returned
  unfinished,  ///< it never returned: its thread ended, executed or jumped out
  unseen,      ///< how it ended is not known: only its beginning was observed
};

/// What was done to a call on its way (-e inject=).
struct Tampering {
  bool result = false;     ///< it was not made: its result is ours
  bool arguments = false;  ///< memory that its arguments point to was written
  bool delayed = false;

  bool any() const { return result || arguments || delayed; }
};

/// A call, complete when it is made: `at_entry` and `at_exit` hold the bytes that
/// its pointer arguments referred to at those moments, as far as anybody asked
/// for them (Needs::values). The process is not read again to print it.
struct Call {
  /// Not an aggregate: all of it would be cleared before its members are given their values, once a call.
  Call() {}

  Abi abi = Abi::x86_64;
  std::int64_t nr = -1;        ///< in `abi`'s table, also for vDSO functions
  std::string_view name;       ///< static storage; empty for an unknown number
  std::string_view symbol;     ///< vDSO function entered, static storage, or empty
  std::optional<Route> route;  ///< nothing for a call that no vDSO could serve
  std::array<std::uint64_t, 6> args{};
  std::uint64_t stack_pointer = 0;        ///< when it was made: rt_sigreturn's frame lies there
  std::uint64_t instruction_pointer = 0;  ///< of a system call: behind its instruction; 0 if it is not known
  Ending ending = Ending::running;
  std::int64_t result = 0;  ///< as in the register; -errno on failure
  int error = 0;            ///< positive errno (or ERESTART...), 0 on success
  Tampering tampering{};
  Capture at_entry{};
  Capture at_exit{};
  std::vector<NotedDescriptor> descriptors;  ///< that it refers to; only where asked for (Needs::limits)
  std::vector<NotedProcess> processes;       ///< the same of processes; with its own thread's name
  std::int64_t start_ns = 0;                 ///< CLOCK_REALTIME at its start
  std::optional<std::int64_t> duration_ns;   ///< only where it was measured
  std::optional<std::int64_t> kernel_ns;     ///< of it, its process's processor time in the kernel; Needs::kernel_times
  std::optional<Caller> caller;
  std::optional<Reason> reason;    ///< given by the pipeline: why it entered the kernel
  std::optional<StepFacts> steps;  ///< only where single steps were made
  std::vector<Caller> stack;       ///< Needs::stacks: where it returns to, innermost first, as far as known
  std::string_view engine;         ///< who observed it, static storage
};

}  // namespace vdsotrace
