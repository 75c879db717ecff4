// A vDSO image taken apart: which functions it exports and where their code
// enters, leaves, reads the clock and falls back to the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdsotrace/abi.hpp"
#include "vdsotrace/error.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {

/// What an image's code was compiled for.
enum class Machine : std::uint8_t { x86_64, x32, i386, aarch64, arm, riscv64, other };
std::string_view name_of(Machine machine);
/// The ABI of the programs that an image for that machine serves; nothing for those that we cannot trace.
std::optional<Abi> abi_of(Machine machine);

/// No image is larger: kernels map one or two pages of code, pages have up to 64 KiB (arm64, powerpc), and that twice.
/// A bound for what is read; what claims to be larger is not the kernel's.
inline constexpr std::size_t kLargestVdso = std::size_t{256} << 10;

/// One instruction of interest. Offsets count from the start of the image.
struct CodeSite {
  std::uint32_t offset = 0;
  std::uint8_t length = 0;
};

/// One exported function; aliases that name the same address are merged.
/// The lists hold what a walk of the control flow from `entry` reaches, each
/// sorted by offset: jumps are followed wherever they lead in the image; a call
/// to a private helper is noted, and the helper's clock reads and system calls
/// (not its returns) belong to the function too. Functions can share code: the
/// same site may be listed under several of them.
struct VdsoFunction {
  /// Never empty. Preferred first: __vdso_X or __kernel_X, then the rest by name.
  /// Letters, digits, '_', '.' and '$' only: safe to print as they are.
  std::vector<std::string> names;
  std::uint32_t entry = 0;                    ///< offset of the first instruction
  std::uint64_t size = 0;                     ///< st_size
  std::vector<CodeSite> instructions;         ///< all that belong to the body, helpers not included
  std::vector<CodeSite> returns;              ///< every `ret` by which the function itself returns
  std::vector<CodeSite> syscalls;             ///< fallback sites, helpers included
  std::vector<CodeSite> clock_reads;          ///< of the processor's counter, helpers included
  std::vector<std::uint32_t> helpers;         ///< entries of the private helpers it calls, also through others
  std::vector<std::uint32_t> branch_targets;  ///< where jumps in the body lead: no patch may straddle one
  /// Why the flow could not be followed to the end (an indirect jump, an unknown
  /// instruction, a branch out of the image); empty when every way out is known.
  /// A function with a reason is to be single-stepped, never patched.
  std::string incomplete;

  std::string_view name() const { return names.front(); }
};

/// Immutable value built from bytes alone: it may be the image of any process on
/// any machine, or hostile garbage.
class VdsoImage {
 public:
  /// Takes an image apart; a copy of `bytes` is kept. `bytes` is the mapping,
  /// possibly longer than the ELF file in it. Errors ("vDSO image: WHY"): not ELF,
  /// truncated, offsets or counts that lie outside `bytes`, no dynamic symbols, larger
  /// than kLargestVdso. Images of a Machine whose code we cannot follow
  /// come back with functions whose `incomplete` says so. Time is bounded whatever
  /// the bytes are; a usual image takes a few hundred microseconds, nearly all of them
  /// disassembly, so callers keep the result for processes with the same image.
  static Result<VdsoImage> parse(std::span<const std::byte> bytes);

  Machine machine() const { return machine_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  /// Sorted by entry; never empty. What has no printable name or lies outside the
  /// image is left out, and so are data and version symbols.
  std::span<const VdsoFunction> functions() const { return functions_; }
  /// By any of its names, or null.
  const VdsoFunction* function_named(std::string_view name) const;
  /// The function that is entered at that offset, or null.
  const VdsoFunction* function_at(std::uint32_t entry) const;
  /// The function whose body holds the instruction at `offset` (any byte of it), or
  /// null: helpers belong to none. Of functions that share it, the one whose
  /// symbol covers it.
  const VdsoFunction* function_containing(std::uint32_t offset) const;
  /// Lower-case hexadecimal, empty if the image has none.
  std::string_view build_id() const { return build_id_; }
  /// First offset that no header, section, segment content or section header
  /// table uses: from here to the end of the mapping bytes are padding.
  std::uint32_t unused_from() const { return unused_from_; }

 private:
  friend class VdsoImageBuilder;
  std::vector<std::byte> bytes_;
  Machine machine_ = Machine::other;
  std::vector<VdsoFunction> functions_;
  std::string build_id_;
  std::uint32_t unused_from_ = 0;
};

/// Machine code moved to another address, with a way back.
struct RelocatedCode {
  std::vector<std::byte> bytes;  ///< to be placed at the address asked for
  /// For each whole instruction moved: its offset in the original run and its
  /// offset in `bytes`, ascending; last comes {length of the run, offset of the
  /// jump back}.
  struct Pair {
    std::uint32_t original;
    std::uint32_t moved;
  };
  std::vector<Pair> map;
};

/// Moves the x86 instructions of `run`, which lie at address `from`, so that
/// they do the same at address `to`, followed by a jump to from + run.size().
/// PC-relative operands and branches are adjusted (short branches widened).
/// Errors: `run` does not end on an instruction boundary, an instruction that
/// cannot be moved (model/code/relocate.cpp says which), a target out of reach of
/// 32 bits, a branch into the run itself. A 32-bit direct call, by which a function learns where it is, becomes several
/// instructions that push the original's return address, and changes the flags. A `syscall` moves: it is then made from
/// the new address. Branches from elsewhere into the run are the caller's to rule out (VdsoFunction::branch_targets).
/// Pure; `machine` is x86_64 or x32 (64-bit code) or i386.
Result<RelocatedCode> relocate(Machine machine, std::span<const std::byte> run, std::uint64_t from, std::uint64_t to);

}  // namespace vdsotrace
