// What the inline engine writes where: a pure function of the image and of how far away the stubs will be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
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
  bool ends_recording = false;  ///< a zero written here keeps the stub away from the region
};

/// A jump to be written over the vDSO's code.
struct StubPatch {
  std::uint32_t offset = 0;  ///< in the image
  std::vector<std::byte> bytes;
};

/// What the code begins with: enough to undo everything by what lies in the process alone, should we be
/// killed, and a system call instruction of our own.
struct StubJournal {
  static constexpr std::size_t kMostPatches = 24;
  static constexpr std::size_t kMostWords = 24;
  struct Patch {
    std::uint32_t offset;
    std::byte before[8];
    std::uint32_t size;
  };
  char magic[16];  ///< kMagic; also the name of the shared memory
  std::uint32_t patch_count;
  std::uint32_t word_count;
  Patch patches[kMostPatches];
  std::uint32_t words[kMostWords];  ///< offsets in the code of the words that end recording
  std::byte system_call[8];
};
inline constexpr char kStubMagic[16] = "vdsotrace-stubs";

/// An instruction that no longer runs where it was.
struct MovedInstruction {
  std::uint32_t original = 0;  ///< offset in the image
  std::uint32_t copy = 0;      ///< offset in the code
};

/// A vDSO function that stubs observe. Its index in the plan is its number in records and counters.
struct StubbedFunction {
  const VdsoFunction* function = nullptr;
  const VdsoService* service = nullptr;
  std::int64_t nr = -1;  ///< of the system call that does the same
};

/// A system call instruction that took the place of one in the image.
struct MovedFallback {
  std::uint32_t after = 0;  ///< offset in the code behind the instruction, where its stop stands
  std::uint8_t function = 0;
};

/// What is to be executed as a whole: the copy of a template that observes a function's entry and return, or of one
/// that stands for a fallback, from where its system call has returned.
struct PlacedStub {
  std::uint32_t start = 0;  ///< offsets in the code
  std::uint32_t end = 0;
  std::uint32_t back = 0;   ///< where the function returns to, 0 if nothing does
  std::uint8_t function = 0;
};

struct StubPlan {
  std::vector<std::byte> code;
  std::vector<StubPatch> patches;
  std::vector<StubbedFunction> functions;
  std::vector<MovedInstruction> moved;
  std::vector<MovedFallback> fallbacks;
  std::vector<PlacedStub> stubs;
  std::vector<RegionWord> region_words;
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

/// Plans stubs for each function that the table of services knows and that is wanted. A function is refused
/// when its flow could not be followed to the end, or when no five bytes at its entry or around one of
/// its fallbacks can give way to a jump. `code_distance` leads from the image's first byte to the code's first; one plan
/// serves all processes where it is the same. `mark` is what fallbacks carry as sixth argument. `keep_stack`: records have
/// words of the stack, too, from which callers can be found.
StubPlan plan_stubs(const VdsoImage& image, std::int64_t code_distance, StubDepth depth, std::uint64_t mark,
                    const std::function<bool(const VdsoService&)>& wanted, bool keep_stack = false);

}  // namespace vdsotrace
