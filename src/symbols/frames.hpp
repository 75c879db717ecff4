// The frames of one address space: where they lie, and whether something returns to a place.
#pragma once

#include <unordered_map>

#include "symbols/frame_rule.hpp"
#include "symbols/go_modules.hpp"
#include "symbols/mapped_code.hpp"

namespace vdsotrace {

/// Why a walk along frames has ended.
struct WalkEnd {
  bool wanted = false;  ///< the visitor wanted no more
  /// The instruction looked up for the last place, if it is not known where that one's frame is.
  std::optional<std::uint64_t> without_rule;
};

class Frames {
 public:
  Frames(MappedCode& code, GoModules& go) : code_(code), go_(go) {}
  /// What was known of the code is no more.
  void forget();

  /// Whether a call may return to there: executable memory is mapped there and, where it is a file's, a call stands
  /// before it. A return address that was pushed by hand may lead behind the first byte of a function, as Go's goexit
  /// has it.
  bool is_return_address(pid_t pid, std::uint64_t address);

  /// Where the frame at that instruction is, if that is known and as simple as a FrameRule.
  const std::optional<FrameRule>& rule_at(pid_t pid, std::uint64_t lookup);
  /// Whether anything is known of it.
  bool has_rule(pid_t pid, std::uint64_t lookup);
  /// Whether unwind information leads on from there. That of Go's functions is not true where they are on another
  /// stack.
  bool can_step(pid_t pid, std::uint64_t lookup);

  /// A place, and the address of the instruction to look up for it. False: no further.
  using Visit = std::function<bool(std::uint64_t address, std::uint64_t lookup)>;
  /// From a place to which something returns, or that has just made a system call, outwards, with nothing but the
  /// registers there and the words of the stack.
  WalkEnd walk(pid_t pid, FrameRegisters registers, const StackWord& word, const Visit& visit);

 private:
  /// Whether a function begins there.
  bool is_entry(const Module& module, std::uint64_t address);
  std::optional<FrameRule> find_rule(const Module& module, std::uint64_t lookup);

  MappedCode& code_;
  GoModules& go_;
  std::unordered_map<std::uint64_t, bool> returns_;  ///< by return address
  std::unordered_map<std::uint64_t, bool> steps_;    ///< these by the address looked up
  std::unordered_map<std::uint64_t, std::optional<FrameRule>> rules_;
};

}  // namespace vdsotrace
