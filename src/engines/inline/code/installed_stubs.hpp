// Where the stubs of a process are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engines/inline/code/stub_memory.hpp"
#include "engines/inline/plan/stub_plan.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// What a fork's child has like its parent.
struct InstalledStubs {
  const StubPlan* plan = nullptr;
  const VdsoImage* image = nullptr;
  StubArea area;

  const StubbedFunction& function(std::uint8_t number) const { return plan->functions[number]; }
  /// Whether the function of that symbol has a stub.
  bool covers(std::string_view symbol) const { return plan->covers(image->function_named(symbol)); }
  /// Whether the address is in one of the stubs.
  bool in_stub(std::uint64_t address) const {
    return address >= area.code + sizeof(StubJournal) && address < area.region();
  }
  /// Whether it is in a stub or among the trampolines of the vDSO at `vdso`.
  bool contain(std::uint64_t address, std::uint64_t vdso) const {
    return in_stub(address) || address - (vdso + plan->trampolines_at) < plan->trampolines.size();
  }
  /// What lies at the area's begin.
  std::vector<std::byte> code() const;
  /// The copy of a fallback's system call behind which the address is; null if there is none.
  const MovedFallback* fallback_before(std::uint64_t address, std::uint64_t vdso) const;
  /// A thread in the middle of what is to become a jump goes on in the copy, at once or when its signal handlers
  /// return.
  void move_out_of_patches(StoppedThread& stopped) const;
  /// The way back, of what handlers return to: before jumps and copies are taken away.
  void move_back_frames(StoppedThread& stopped) const;
};

}  // namespace vdsotrace
