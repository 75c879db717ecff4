// What the inline engine writes where: a pure function of the image.
//
// A jump in a vDSO function leads to a trampoline in the unused end of the vDSO's last page, and that to a stub in
// pages of our own (drawn in arch/x86_64/stubs/template.h). Jumps and trampolines move with the vDSO; only trampolines
// know where the stubs are, by whole addresses. So one plan serves every process with that image, wherever its vDSO
// lies or is moved to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/stubs.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// How much the stubs keep of each call.
enum class StubDepth : std::uint8_t {
  count,     ///< per function, clock and route
  callers,   ///< records without time or values
  measured,  ///< records with start and end
  values,    ///< and with what the arguments point to
};

/// A 64-bit word of the code that holds an address in the memory shared with vdsotrace (arch/stub_layout.h).
struct RegionWord {
  std::uint32_t offset = 0;     ///< in the code
  std::uint64_t in_region = 0;  ///< what to add to the region's address
};

/// A 64-bit word of the trampolines that holds the address of a stub.
struct StubWord {
  std::uint32_t offset = 0;   ///< in the trampolines
  std::uint32_t in_code = 0;  ///< what to add to the code's address
};

/// A jump to be written over the vDSO's code.
struct StubPatch {
  std::uint32_t offset = 0;  ///< in the image
  std::vector<std::byte> bytes;
};

/// What the code begins with: enough to undo everything by what lies in the process alone, should we be
/// killed, and a system call instruction of our own. Offsets are in the vDSO's mapping.
struct StubJournal {
  static constexpr std::size_t kMostPatches = 64;
  static constexpr std::size_t kMostMoved = 256;
  static constexpr std::size_t kMostCopies = 32;
  struct Patch {
    std::uint32_t offset;
    std::uint32_t size;
    std::byte before[8];
    std::byte after[8];
  };
  struct Moved {
    std::uint32_t original;
    std::uint32_t copy;
  };
  char magic[16];  ///< kMagic; also the name of the shared memory
  std::uint32_t patch_count;
  std::uint32_t trampolines;
  std::uint32_t trampoline_bytes;  ///< zero before
  std::uint16_t moved_count;       ///< 0 in what an older vdsotrace has left, which does not say it
  std::uint16_t copy_count;
  Patch patches[kMostPatches];
  std::byte system_call[8];
  Moved moved[kMostMoved];
  Moved copies[kMostCopies];  ///< of fallbacks' system calls: both are behind the instruction
};
inline constexpr char kStubMagic[16] = "vdsotrace-stub2";

/// An instruction that no longer runs where it was.
struct MovedInstruction {
  std::uint32_t original = 0;  ///< offset in the image
  std::uint32_t copy = 0;      ///< offset in the vDSO's mapping, in the trampolines
};

/// A vDSO function that stubs observe. Its index in the plan is its number in records and counters.
struct StubbedFunction {
  const VdsoFunction* function = nullptr;
  const VdsoService* service = nullptr;
  std::int64_t nr = -1;  ///< of the system call that does the same
};

/// A system call instruction that took the place of one in the image.
struct MovedFallback {
  std::uint32_t after = 0;     ///< offset in the vDSO's mapping behind the instruction, where its stop stands
  std::uint32_t original = 0;  ///< the same of the one whose place it took
  std::uint8_t function = 0;
};

/// Code that is to be executed as a whole.
struct StubRange {
  std::uint32_t start = 0;
  std::uint32_t end = 0;
  bool contains(std::uint64_t offset) const { return offset >= start && offset < end; }
};

struct StubPlan {
  std::vector<std::byte> code;  ///< journal and stubs
  std::vector<std::byte> trampolines;
  std::uint32_t trampolines_at = 0;  ///< offset in the vDSO's mapping
  std::vector<StubPatch> patches;
  std::vector<StubbedFunction> functions;
  std::vector<MovedInstruction> moved;
  std::vector<MovedFallback> fallbacks;
  std::vector<RegionWord> region_words;
  std::vector<StubWord> stub_words;
  /// What of the trampolines is template: the rest is what jumps displaced. Offsets in the vDSO's mapping.
  std::vector<StubRange> templates;
  /// Offsets in the code of 64-bit words: 0 in them keeps stubs from reading the time-stamp counter.
  std::vector<std::uint32_t> counter_words;

  /// Why a function cannot be observed so; another engine may.
  struct Refused {
    const VdsoFunction* function;
    std::string why;
  };
  std::vector<Refused> refused;

  bool covers(const VdsoFunction* function) const;

  static constexpr std::uint32_t kSystemCall = offsetof(StubJournal, system_call);  ///< in the code
};

/// What is to be planned.
struct StubWishes {
  StubDepth depth = StubDepth::count;
  /// What a fallback's system call is to carry as sixth argument, if anything.
  std::optional<std::uint64_t> mark{};
  /// Records have words of the stack, too, from which callers can be found.
  bool keep_stack = false;
  std::function<bool(const VdsoService&)> wanted;
  /// Why a service that is wanted is refused a stub all the same; empty: it is not.
  std::function<std::string(const VdsoService&)> unsuited{};
  std::span<const VdsoService> services = known_services();
  /// There is code also where no function has a stub: of that no more than the memory needs that stubs record in.
  bool rings_alone = false;
};

/// Plans stubs for each function that the table of services knows and that is wanted. A function is refused when its
/// flow could not be followed to the end, when no jump fits at its entry, at one of its returns or around one of its
/// fallbacks, or when the last page has no room left. A fallback's system call stays where it is, or, where no jump
/// fits behind it or no register is free for the mark, is made by a copy among the trampolines.
StubPlan plan_stubs(const VdsoImage& image, const StubWishes& wishes);

}  // namespace vdsotrace
