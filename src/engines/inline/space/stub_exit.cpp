#include "engines/inline/space/stub_exit.hpp"

#include <algorithm>

#include "arch/stubs.hpp"
#include "engines/inline/code/stub_execution.hpp"
#include "os/memory/emulated_memory.hpp"
#include "trace/remote/remote_call.hpp"

namespace vdsotrace {
namespace {

/// The stubs' code is read from our plan, the region is ours as well: the program may have unmapped both.
class StubMemory final : public ProcessMemory {
 public:
  StubMemory(StoppedThread& stopped, const InstalledStubs& installed, const StubRegion& region)
      : ProcessMemory(stopped.tid(), stopped.memory()),
        code_(installed.code()),
        code_at_(installed.area.code),
        region_(region) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    const std::uint64_t offset = address - code_at_;
    if (offset >= code_.size()) return ProcessMemory::read(address, into);
    const std::size_t size = std::min<std::size_t>(into.size(), code_.size() - offset);
    std::ranges::copy(std::span(code_).subspan(offset, size), into.begin());
    return size;
  }
  std::byte* shared(std::uint64_t address, std::size_t size) override { return region_.shared(address, size); }

 private:
  std::vector<std::byte> code_;
  std::uint64_t code_at_;
  const StubRegion& region_;
};

using CodeRange = std::function<bool(std::uint64_t)>;

}  // namespace

bool leave_stub(StoppedThread& stopped, const InstalledStubs& installed, StubRegion& region) {
  const std::uint64_t vdso = stopped.thread().space->vdso().base();
  const CodeRange inside = [&](std::uint64_t pc) { return installed.contain(pc, vdso); };
  const auto* current = stopped.registers();
  if (current == nullptr) return false;
  if (!inside(arch::program_counter(*current))) return true;
  const auto from = registers_to_execute(stopped.tid(), *current);
  if (!from) return true;
  if (!ptrace::has_shadow_stack(stopped.tid())) {
    StubMemory memory(stopped, installed, region);
    ExecutedStub done = execute_stub(*from, memory, inside);
    if (done.waits) {
      // We have just taken all records. A ring that is full all the same holds something else.
      region.waits().end();
      done = execute_stub(done.registers, memory, inside);
    }
    if (!stopped.set_registers(done.registers)) return false;
    if (!inside(arch::program_counter(done.registers))) return true;
  }
  // With the trap flag set it must not outlive us.
  return stopped.thread().on_tracer_death == ptrace::OnTracerDeath::kill && step_out(stopped, inside, kMostStubSteps);
}

bool leave_stub_for_good(StoppedThread& stopped, const InstalledStubs& installed, StubRegion& region) {
  const std::uint64_t vdso = stopped.thread().space->vdso().base();
  const auto* current = stopped.registers();
  if (current == nullptr) return false;
  const MovedFallback* fallback = installed.fallback_before(arch::program_counter(*current), vdso);
  if (fallback != nullptr && !registers_to_execute(stopped.tid(), *current)) {
    const auto saved = stopped.memory().object<std::uint64_t>(arch::stack_pointer(*current));
    return saved && stopped.set_registers(arch::at_original_call(*current, *saved, vdso + fallback->original));
  }
  if (!leave_stub(stopped, installed, region)) return false;
  const auto* now = stopped.registers();
  return now != nullptr && !installed.contain(arch::program_counter(*now), vdso);
}

}  // namespace vdsotrace
