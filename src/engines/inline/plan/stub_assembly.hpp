// Puts together what a plan holds: stubs, trampolines, and the jumps that lead to them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engines/inline/plan/stub_plan.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// A slot of a template.
struct Slot {
  enum class Kind : std::uint8_t { word, in_region, stub };
  Kind kind;
  std::uint64_t value;
};
inline Slot word(std::uint64_t value) { return {Slot::Kind::word, value}; }
inline Slot in_region(std::uint64_t offset) { return {Slot::Kind::in_region, offset}; }
inline Slot stub_at(std::uint32_t in_code) { return {Slot::Kind::stub, in_code}; }

/// Adds to a plan, piece by piece, what its code, its trampolines and its patches are made of. Says nothing of whether
/// they fit.
class StubAssembly {
 public:
  /// Begins the plan of that image.
  StubAssembly(const VdsoImage& image, StubPlan& plan);

  /// A stub in the code; answers where in it that begins. `reads_counter`: as its last slot says.
  std::uint32_t add_stub(arch::StubKind kind, arch::StubShape shape, const std::vector<Slot>& slots,
                         bool reads_counter = false);

  // Of trampolines, in the vDSO's last page: places are offsets in its mapping.

  /// Where the next one will begin.
  std::uint32_t next_trampoline() const;
  /// Answers where its code begins.
  std::uint32_t add_trampoline(arch::StubKind kind, const std::vector<Slot>& slots);
  void append_jump(std::uint32_t to);
  /// Instructions of the image from `from` to `to`, and where `back`, a jump to what comes behind them.
  Result<void> append_moved(std::uint32_t from, std::uint32_t to, bool back);
  /// The instruction at `from` does not come along: a jump stands for it.
  void append_instead(std::uint32_t from, std::uint32_t to);
  /// The system call in the trampoline at `call` takes the place of one in that function, behind which is `original`.
  void note_copy(std::uint32_t call, std::uint32_t original, std::uint8_t function);

  /// Jumps over the vDSO's code. The short one is known to reach.
  void patch_near(std::uint32_t from, std::uint32_t to);
  void patch_short(std::uint32_t from, std::uint32_t to);

  /// Writes what the code begins with, once everything else is there.
  void write_journal();

 private:
  void append(std::span<const std::byte> bytes);

  const VdsoImage& image_;
  StubPlan& plan_;
};

}  // namespace vdsotrace
