// Where the frame of a function lies, where it keeps what belongs to its caller, and how one gets from one to the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace vdsotrace {

/// Registers as DWARF numbers them (x86-64 psABI 3.6.2); 16 is the place to which something returns.
inline constexpr std::size_t kDwarfRegisters = 17;
inline constexpr unsigned kDwarfFramePointer = 6;
inline constexpr unsigned kDwarfStackPointer = 7;
inline constexpr unsigned kDwarfReturnAddress = 16;
/// r12: what Go's own callers of the vDSO keep the goroutine's stack pointer in.
inline constexpr unsigned kDwarfGoStackPointer = 12;
/// So many are numbered of 32-bit code (i386 psABI 2.5.1), the last the program counter.
inline constexpr std::size_t kDwarfRegisters32 = 9;
/// All of them, of either kind of code.
using DwarfRegisters = std::array<std::uint64_t, kDwarfRegisters>;
/// Those that a function gives back as they were and that a frame may be counted from. libdw (0.188) takes rbx for rax
/// there.
inline constexpr std::array<unsigned, 5> kPreservedRegisters = {kDwarfFramePointer, 12, 13, 14, 15};

/// The frame address (CFA) is `base` + `frame_address`; the return address lies in the word below it. x86-64 only.
struct FrameRule {
  enum class Keeps : std::uint8_t { as_it_is, saved, lost };
  struct Preserved {
    Keeps how = Keeps::as_it_is;
    std::int64_t at = 0;  ///< if saved: from the frame address
    bool operator==(const Preserved&) const = default;
  };
  unsigned base = kDwarfStackPointer;
  std::int64_t frame_address = 0;
  bool leaves_stack = false;                                      ///< the base is where the function left another stack
  std::array<Preserved, kPreservedRegisters.size()> preserved{};  ///< as kPreservedRegisters lists them
  bool operator==(const FrameRule&) const = default;
};

/// The registers of a frame, as far as they are known.
using FrameRegisters = std::array<std::optional<std::uint64_t>, kDwarfRegisters>;
/// The word of a stack at that address, as far as it is known.
using StackWord = std::function<std::optional<std::uint64_t>(std::uint64_t address)>;

/// From a frame to its caller's. False, and nothing is changed: what is needed is not known, or the caller's frame
/// would not lie further out on the same stack.
bool step_out_of_frame(FrameRegisters& registers, const FrameRule& rule, const StackWord& word);

}  // namespace vdsotrace
