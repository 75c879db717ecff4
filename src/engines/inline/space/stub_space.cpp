#include "engines/inline/space/stub_space.hpp"

#include <algorithm>
#include <utility>

namespace vdsotrace {
namespace {

/// The kernel keeps everything else at least so far away from the main thread's stack (mmap_base, mm/util.c).
constexpr std::uint64_t kMainStack = 8 << 20;

/// Where the thread's stack is sure to lie. The main thread's grows downwards; above others lies what its C library
/// keeps for the thread, to which its thread pointer points.
StackBounds stack_of(const arch::Registers& registers, const std::optional<proc::Mapping>& mapping) {
  const std::uint64_t at = arch::stack_pointer(registers);
  const std::uint64_t pointer = arch::thread_pointer(registers);
  if (!mapping) return {};
  if (mapping->name == "[stack]") return {std::min(mapping->start, mapping->end - kMainStack), mapping->end};
  return pointer > at && pointer < mapping->end ? StackBounds{mapping->start, pointer} : StackBounds{};
}

}  // namespace

StubSpace::StubSpace(const InstalledStubs& installed, pid_t tgid, Symbols* symbols, const Reporter& reporter)
    : installed_(installed), threads_(tgid), records_(installed_, threads_, symbols, reporter) {}

void StubSpace::set_region(std::unique_ptr<StubRegion> region, pid_t tid) {
  const auto before = std::exchange(region_, std::move(region));  // until nothing refers to it any more
  threads_.set_region(region_.get());
  records_.set_region(*region_, tid);
}

void StubSpace::bind_thread(StoppedThread& stopped, RemoteCalls::Others others) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const Thread& thread = stopped.thread();
  const std::uint64_t pointer = arch::thread_pointer(*registers);
  if (!threads_.add(thread, pointer, arch::stack_pointer(*registers))) return;
  const StackBounds stack = records_.symbols() != nullptr
                                ? stack_of(*registers, stack_mapping(stopped.tid(), *registers, others))
                                : StackBounds{};
  if (region_->blocks().is_full()) {
    RemoteCalls calls(stopped);
    grow_stub_region(calls, installed_.area, *region_, std::exchange(expected_, 0) + 1);
  }
  region_->blocks().bind(pointer, thread.tid, stack);
}

std::optional<proc::Mapping> StubSpace::stack_mapping(pid_t tid, const arch::Registers& registers,
                                                      RemoteCalls::Others others) {
  if (!mappings_) mappings_.emplace(tid);
  const std::uint64_t at = arch::stack_pointer(registers);
  return others == RemoteCalls::Others::stopped ? mappings_->at_standstill(at, tid) : mappings_->at(at, tid);
}

}  // namespace vdsotrace
