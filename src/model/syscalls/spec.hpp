// The system call table: what each call is called, which classes it belongs to,
// what kind each argument has and what its result means. Data only.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/syscalls/context.hpp"
#include "vdsotrace/abi.hpp"

namespace vdsotrace {

/// strace's classes of calls (`-e trace=%file`), one bit each.
enum CallClass : std::uint32_t {
  kDesc = 1u << 0,         ///< %desc: takes or returns a file descriptor
  kFile = 1u << 1,         ///< %file: takes a file name
  kMemory = 1u << 2,       ///< %memory
  kProcess = 1u << 3,      ///< %process
  kSignal = 1u << 4,       ///< %signal
  kIpc = 1u << 5,          ///< %ipc
  kNetwork = 1u << 6,      ///< %network, %net
  kClock = 1u << 7,        ///< %clock
  kCreds = 1u << 8,        ///< %creds
  kStat = 1u << 9,         ///< %stat
  kLstat = 1u << 10,       ///< %lstat
  kFstat = 1u << 11,       ///< %fstat
  kStatLike = 1u << 12,    ///< %%stat: also those of %stat, %lstat, %fstat
  kStatfs = 1u << 13,      ///< %statfs
  kFstatfs = 1u << 14,     ///< %fstatfs
  kStatfsLike = 1u << 15,  ///< %%statfs
  kPure = 1u << 16,        ///< %pure: always succeeds, takes no arguments
};

/// When an argument is known and therefore printed. strace prints arguments up
/// to the first that is known only at the call's end, then waits.
enum class When : std::uint8_t {
  entry,           ///< known when the call begins
  exit,            ///< known when it has returned
  exit_after,      ///< exit, and so is the comma in front of it (clone)
  amended,         ///< printed at entry; called again at the end, the printer adds to it
  exit_and_entry,  ///< printed at the end, and what it points to is needed from the beginning too
  either,          ///< entry, unless the printer calls ArgContext::wait_for_exit() (fcntl, ioctl)
};

/// Prints the argument that the context stands at. A printer that prints nothing
/// says that this call has no such argument: open() without O_CREAT has no mode.
using Printer = void (*)(ArgContext&);

/// What one argument is. A kind is defined once (kinds.hpp) and used by many rows.
struct ArgKind {
  Printer print;
  When when = When::entry;
};

/// One row: a call by name. Numbers come from libseccomp, so one row serves every
/// architecture; `number` is for calls that libseccomp may be too old to know.
struct CallSpec {
  std::string_view name;
  std::uint8_t arguments = 0;             ///< how many are printed
  std::uint32_t classes = 0;              ///< CallClass bits
  std::array<const ArgKind*, 6> kinds{};  ///< null: hexadecimal, as strace prints the unknown
  Printer result = nullptr;               ///< prints a successful result; null: decimal
  Printer comment = nullptr;              ///< prints what follows a result, like `(Timeout)`; may print nothing
  int number = -1;                        ///< common number of recent calls (424 and later), else -1
};

/// The call of that number, or null for a number that the ABI does not have.
const CallSpec* spec_of(Abi abi, std::int64_t nr);
/// The number of that call in the ABI, or -1.
std::int64_t number_of(Abi abi, std::string_view name);
/// The row of that name, or null.
const CallSpec* spec_named(std::string_view name);
/// All rows, sorted by name.
std::span<const CallSpec> all_specs();

}  // namespace vdsotrace
