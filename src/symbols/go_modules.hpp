// Go's own tables in the images of an address space.
#pragma once

#include <libelf.h>

#include <map>
#include <optional>

#include "model/code/frame.hpp"
#include "model/go_functions.hpp"
#include "symbols/modules.hpp"

namespace vdsotrace {

/// Go's table in a file, if that has one; it lies in what libelf keeps.
std::optional<GoFunctions> go_functions_of(Elf* elf);

class GoModules {
 public:
  /// The modules are no more.
  void forget() { tables_.clear(); }

  /// Where the module's own code lies in the process, if Go 1.18 or newer has compiled it: from then on a register is
  /// the g wherever that calls the vDSO.
  std::optional<GoCode> code(const Module& module);

  /// The function that has an address of the process; nothing unless it is one of Go's.
  std::optional<GoFunction> function(const Module& module, std::uint64_t address);

  /// The rule at that instruction of such a function, which is the last one of a call. Where the function has left its
  /// goroutine's stack its code says in which register it kept the way back.
  std::optional<FrameRule> frame_rule(const Module& module, const GoFunction& function, std::uint64_t address);

 private:
  const std::optional<GoFunctions>& table_of(const Module& module);

  std::map<const Module*, std::optional<GoFunctions>> tables_;
};

}  // namespace vdsotrace
