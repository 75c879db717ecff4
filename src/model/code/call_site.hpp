// How a `syscall` instruction of a program gives way to a jump into a stub of ours. x86-64 only.
//
//   padded:   site:    syscall            ->  jmp rel8 to padding     the instruction behind stays where it is
//             ...      ret; nop, nop ...  ->  ret; jmp rel32 to stub
//   relayed:  the same, where only small paddings are near: through one or more that hold short jumps
//   headed:   mov $number, %eax           ->  jmp rel32 to stub       the call itself stays where it is, too
//             site:    syscall
//   widened:  site:    syscall; cmp ...   ->  jmp rel32 to stub; int3 behind it, up to the next whole instruction
//             the instructions that were displaced are carried out at the end of the stub
//
// A stub consists of the front: what was displaced before the call, if anything; of what comes before its own
// `syscall`, that, what comes behind it, and the tail: what was displaced behind the call, and the jump back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/code/function_table.hpp"
#include "vdsotrace/error.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

inline constexpr std::size_t kSyscallSize = 2;  ///< 0f 05

enum class SiteShape : std::uint8_t {
  unpatched,  ///< its calls stop: CallSite::reason says why
  padded,     ///< a short jump over the system call alone, to padding nearby that holds the near one
  relayed,    ///< a short jump over it, and others from one small padding to the next, up to the near one
  headed,     ///< a near jump over the one instruction before the call, which a stub has to carry out first
  widened,    ///< a near jump over the system call and what follows
};

/// Bytes that replace as many in the program's code.
struct CodeWrite {
  std::uint64_t address = 0;
  std::vector<std::byte> bytes;
  bool operator==(const CodeWrite&) const = default;
};

/// Where the parts of a stub lie in memory.
struct StubParts {
  std::uint64_t start = 0;   ///< of the front, if there is one
  std::uint64_t called = 0;  ///< behind its `syscall`
  std::uint64_t tail = 0;
};

/// Where in its own code a thread is that was stopped in a jump or a stub of ours.
struct OwnPlace {
  std::uint64_t pc = 0;
  bool called = false;  ///< the call has been made: its result is in its register
  /// Whether the thread may go on there. If not, the patch lies over that place: step it out of the stub first.
  bool can_resume = false;
  bool operator==(const OwnPlace&) const = default;
};

/// Immutable. What is not said of an unpatched site is empty.
struct CallSite {
  SiteShape shape = SiteShape::unpatched;
  std::string reason;                 ///< why it is unpatched: "its function is not known"
  std::uint64_t address = 0;          ///< of the system call
  std::uint64_t padding = 0;          ///< padded, relayed: where the near jump goes
  std::vector<std::uint64_t> relays;  ///< relayed: where short jumps go, the first from the call on
  std::vector<std::byte> head;        ///< headed: the instruction before the system call; bytes of the program
  std::vector<std::byte> displaced;   ///< widened: whole instructions behind the system call; bytes of the program
  std::vector<CodeWrite> original;    ///< what patch() replaces, in the same order
  AddressRange stubs;                 ///< every byte of a stub has to lie there: jumps reach it from here and back

  /// Where the program goes on behind a stub, if what was displaced does not lead elsewhere.
  std::uint64_t resumes_at() const { return address + kSyscallSize + displaced.size(); }
  /// Whether the call alone gives way, so that a thread can go on behind it at any time and a stub needs no front.
  bool keeps_code() const { return shape == SiteShape::padded || shape == SiteShape::relayed; }
  /// Whether a thread at that address is in one of the jumps between the call and a stub.
  bool jumps_from(std::uint64_t pc) const;
  /// What is written for a stub whose first instruction is at `stub`, in that order: the call itself comes last. Error:
  /// the site is unpatched, or the stub not in `stubs`.
  Result<std::vector<CodeWrite>> patch(std::uint64_t stub) const;
  /// The front of a stub, to be placed at `at`; empty unless the site is headed. It may read any register. Errors: as
  /// patch().
  Result<std::vector<std::byte>> front(std::uint64_t at) const;
  /// The end of a stub, to be placed at `at`, with the map of what was displaced: its `original` counts from behind the
  /// system call. Errors: as patch().
  Result<RelocatedCode> tail(std::uint64_t at) const;

  /// Whether the patch lies over the instruction at `pc`, which a thread may be about to carry out, or come to from a
  /// system call made here before: it has to go on in the tail instead.
  bool covers(std::uint64_t pc) const { return pc > address && pc < resumes_at(); }
  /// Where in the tail that instruction is; nothing if none was displaced from there.
  std::optional<std::uint32_t> place_in_tail(const RelocatedCode& tail, std::uint64_t pc) const;
  /// What a thread at `pc` is doing, as its program knows it; nothing if `pc` is neither in a jump of this site nor, by
  /// `stub` and `tail`, in the stub.
  std::optional<OwnPlace> own_place(std::uint64_t pc, const StubParts& stub, const RelocatedCode& tail) const;

  /// The same site in a file that is mapped `bias` higher: from addresses of the file to those of a process.
  CallSite moved_by(std::uint64_t bias) const;

 private:
  std::uint64_t jumps_at() const;
  Result<std::vector<CodeWrite>> jumps_to(std::span<const std::byte> jump) const;
};

/// A system call instruction, and the number of its calls, if that is known.
struct NumberedSite {
  CallSite site;
  std::optional<std::int64_t> number;
};

}  // namespace vdsotrace
