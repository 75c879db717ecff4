// Who is at an address of a process, and who called: names, callers and whole stacks of one address space.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "model/code/frame.hpp"
#include "model/go_functions.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// Where unwinding begins: a place to which something returns, and the registers as they are there.
struct UnwindStart {
  bool is_64_bit = true;
  std::uint64_t address = 0;
  DwarfRegisters registers{};  ///< the address among them
};

/// To which places a call returns. `beyond` is `outside` where that is in no runtime.
struct CallerAddresses {
  std::optional<std::uint64_t> outside;
  std::optional<std::uint64_t> beyond;
};

/// Names are exact or empty: symbols and rules are taken from the very file that is mapped, and frames only where
/// the file's own unwind information leads to them and a call can return there. What is not mapped to be executed is no
/// place.
///
/// What is mapped is read when it is first needed, when an address is not in what is known, and after
/// outdate(). All functions take a thread of the process by which to reach it in /proc.
class Symbols {
 public:
  Symbols();
  ~Symbols();
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  /// The process has changed what is mapped.
  void outdate();
  /// To be called whenever other code is mapped: what caller_addresses() has found before may not be found again.
  void on_change(std::function<void()> changed);
  /// It has mapped code.
  void code_mapped(pid_t pid);
  /// Reads what is mapped now, and from now on whenever code_mapped() says so: addresses may be asked for when what
  /// they lay in is gone. What is known of a process stays known when it has ended.
  void follow(pid_t pid);

  /// What is at the place to which something returns: the instruction before it is looked up.
  std::optional<Caller> place(pid_t pid, std::uint64_t return_address);

  /// What is at that very instruction.
  std::optional<Caller> instruction(pid_t pid, std::uint64_t address);

  /// Whether a return to there is certainly one into the C library (or the vDSO), which called for somebody else.
  bool in_c_library(pid_t pid, std::uint64_t return_address);

  /// The first place outside the C library, from `start` outwards; if it is in a runtime (runtimes.hpp), with the first
  /// place beyond. Nothing if it is not known for certain.
  std::optional<Caller> caller(pid_t pid, Memory& memory, const UnwindStart& start);

  /// What is to be said, since this was asked last, of files in which callers could not be found: once for each.
  std::vector<std::string> take_notices();

  /// All places, innermost first, as far as unwind information leads, 256 at most.
  std::vector<Caller> stack(pid_t pid, Memory& memory, const UnwindStart& start);

  using StackWord = vdsotrace::StackWord;
  /// The first place outside the C library, and the first beyond runtimes, by nothing but the stack and the registers
  /// that are known after the return to kDwarfReturnAddress: that and kDwarfStackPointer at least; functions with
  /// alloca need kDwarfFramePointer, too, and Go's that call the vDSO kDwarfGoStackPointer. 64-bit code only. Nothing
  /// if the words do not suffice, or a frame on the way counts from a register that is not known.
  CallerAddresses caller_addresses(pid_t pid, const FrameRegisters& registers, const StackWord& word);
  /// These places, named: what is beyond as Caller::beyond.
  std::optional<Caller> places(pid_t pid, const CallerAddresses& addresses);

  /// Where the program's own code lies if Go 1.18 or newer has compiled it.
  std::optional<GoCode> go_code(pid_t pid);

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace vdsotrace
