#include "engines/inline/stub_space.hpp"

#include <algorithm>

#include "engines/inline/signal_frames.hpp"
#include "os/proc.hpp"

namespace vdsotrace {
namespace {

/// The kernel keeps everything else at least so far away from the main thread's stack (mmap_base, mm/util.c).
constexpr std::uint64_t kMainStack = 8 << 20;
constexpr std::size_t kMostGone = 16 * 1024;
constexpr std::size_t kMostSharers = 64;

/// Where the thread's stack is sure to lie. The main thread's grows downwards; above others lies what its C library
/// keeps for the thread, to which its thread pointer points.
StackBounds stack_of(StoppedThread& stopped, const arch::Registers& registers) {
  const std::uint64_t at = arch::stack_pointer(registers);
  const std::uint64_t pointer = arch::thread_pointer(registers);
  for (const proc::Mapping& mapping : proc::mappings(stopped.tid())) {
    if (at < mapping.start || at >= mapping.end) continue;
    if (mapping.name == "[stack]") return {std::min(mapping.start, mapping.end - kMainStack), mapping.end};
    if (pointer > at && pointer < mapping.end) return {mapping.start, pointer};
  }
  return {};
}

}  // namespace

const MovedFallback* PlacedStubs::fallback_before(std::uint64_t address, std::uint64_t vdso) const {
  const auto found =
      std::ranges::find_if(plan->fallbacks, [&](const MovedFallback& one) { return vdso + one.after == address; });
  return found == plan->fallbacks.end() ? nullptr : &*found;
}

void PlacedStubs::move_out_of_patches(StoppedThread& stopped) const {
  const AddressSpace& space = *stopped.thread().space;
  const auto instead = [&](std::uint64_t counter) -> std::optional<std::uint64_t> {
    const auto offset = space.offset_of(counter);
    if (!offset || std::ranges::find(plan->patches, *offset, &StubPatch::offset) != plan->patches.end())
      return std::nullopt;
    const auto moved = std::ranges::find(plan->moved, *offset, &MovedInstruction::original);
    return moved != plan->moved.end() ? std::optional(space.base() + moved->copy) : std::nullopt;
  };
  const auto* registers = stopped.registers();
  const auto now = registers != nullptr ? instead(arch::program_counter(*registers)) : std::nullopt;
  if (now) stopped.set_program_counter(*now);
  visit_saved_counters(stopped, instead);
}

void PlacedStubs::move_back_frames(StoppedThread& stopped) const {
  const std::uint64_t vdso = stopped.thread().space->base();
  visit_saved_counters(stopped, [&](std::uint64_t counter) -> std::optional<std::uint64_t> {
    const auto moved =
        std::ranges::find_if(plan->moved, [&](const MovedInstruction& one) { return vdso + one.copy == counter; });
    return moved != plan->moved.end() ? std::optional(vdso + moved->original) : std::nullopt;
  });
}

void StubSpace::set_region(std::unique_ptr<StubRegion> region, pid_t tid) {
  region_ = std::move(region);
  if (symbols_ == nullptr) return;
  if (const auto code = symbols_->go_code(tid)) region_->set_go_code(code->address, code->bytes);
}

void StubSpace::bind_thread(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const Thread& thread = stopped.thread();
  const std::uint64_t pointer = arch::thread_pointer(*registers);
  auto& owners = owners_[pointer];
  owners.push_back({thread.tid, thread.tgid, thread.is_reported(), &thread, arch::stack_pointer(*registers)});
  pointers_[thread.tid] = pointer;
  reported_ = reported_ || thread.is_reported();
  if (owners.size() > 1) {
    region_->unbind(pointer);
    return;
  }
  const StackBounds stack = symbols_ != nullptr ? stack_of(stopped, *registers) : StackBounds{};
  if (region_->is_full()) {
    RemoteCalls calls(stopped);
    grow_stub_region(calls, placed_.place, *region_);
  }
  region_->bind(pointer, thread.tid, stack);
}

void StubSpace::expect_thread(const Thread& thread) {
  if (thread.is_reported() && !reported_) tgid_ = thread.tgid;
  reported_ = reported_ || thread.is_reported();
}

void StubSpace::unbind_thread(pid_t tid, bool ended) {
  const auto known = pointers_.find(tid);
  if (known == pointers_.end()) return;
  const std::uint64_t pointer = known->second;
  pointers_.erase(known);
  auto& owners = owners_[pointer];
  const auto owner = std::ranges::find(owners, tid, &Owner::tid);
  if (ended && owner != owners.end()) remember(*owner, pointer);
  std::erase_if(owners, [tid](const Owner& one) { return one.tid == tid; });
  if (owners.size() == 1 && region_ != nullptr) region_->bind(pointer, owners.front().tid);
  if (!owners.empty()) return;
  if (region_ != nullptr && ended) region_->end(pointer);
  if (region_ != nullptr && !ended) region_->unbind(pointer);
  owners_.erase(pointer);
}

std::optional<std::uint64_t> StubSpace::pointer_of(pid_t tid) const {
  const auto known = pointers_.find(tid);
  return known == pointers_.end() ? std::nullopt : std::optional(known->second);
}

/// For records that are still in a ring.
void StubSpace::remember(const Owner& owner, std::uint64_t pointer) {
  if (gone_.size() >= kMostGone) gone_.clear();
  Owner& gone = gone_[owner.tid] = owner;
  gone.thread = nullptr;
  auto& sharers = gone_sharers_[pointer];
  // Most pointers are one thread's after the other, each of which has a ring of its own.
  if (owners_[pointer].size() > 1 && sharers.size() < kMostSharers) sharers.push_back(gone);
  if (sharers.empty()) gone_sharers_.erase(pointer);
}

/// Of threads that have or had one pointer: the one whose stack begins next above the call's. Of two that share a stack the one that
/// came last runs, as the parent of a vfork waits for its child.
StubSpace::Owner StubSpace::by_stack(const StubRecord& record) const {
  const std::uint64_t pointer = record.key - 1;
  Owner best{0, tgid_, reported_, nullptr, ~std::uint64_t{0}};
  for (const auto* threads : {&gone_sharers_, &owners_}) {
    const auto found = threads->find(pointer);
    if (found == threads->end()) continue;
    for (const Owner& owner : found->second) {
      if (owner.stack >= record.stack && owner.stack <= best.stack) best = owner;
    }
  }
  return best;
}

/// A ring of its own names its thread. In the shared one are those of threads that have no block, whose pointers are their own, and
/// of those that have one pointer.
StubSpace::Owner StubSpace::owner_of(const StubRecord& record) const {
  const auto found = owners_.find(record.key - 1);
  if (record.tid != 0) {
    if (found != owners_.end()) {
      const auto owner = std::ranges::find(found->second, record.tid, &Owner::tid);
      if (owner != found->second.end()) return *owner;
    }
    const auto gone = gone_.find(record.tid);
    return gone != gone_.end() ? gone->second : Owner{record.tid, tgid_, reported_, nullptr, 0};
  }
  const bool was_shared = gone_sharers_.contains(record.key - 1);
  if (!was_shared && found != owners_.end() && found->second.size() == 1) return found->second.front();
  return by_stack(record);
}

std::optional<Route> StubSpace::take(StubRecord& record, const StackWindow& window) {
  if (record.function >= placed_.plan->functions.size()) {
    ++lost_;
    return std::nullopt;
  }
  const VdsoService& service = *placed_.function(record.function).service;
  if (!service.returns_long) record.result = static_cast<std::int32_t>(record.result);
  const Route route = record.fallback ? Route::fallback : Route::vdso;
  if (symbols_ != nullptr) find_callers(record, [&](std::uint64_t address) { return window.word(address); });
  tallies_.add(record, service.first_is_clock, route);
  return route;
}

void StubSpace::find_callers(StubRecord& record, const Symbols::StackWord& word) const {
  if (symbols_ == nullptr) return;
  FrameRegisters registers;
  registers[kDwarfStackPointer] = record.stack + sizeof(std::uint64_t);
  registers[kDwarfReturnAddress] = record.return_address;
  if (record.goroutine_stack != 0) {
    registers[kDwarfFramePointer] = record.frame_pointer;
    registers[kDwarfGoStackPointer] = record.goroutine_stack;
  }
  const pid_t tid = owner_of(record).tid;
  const CallerAddresses found = symbols_->caller_addresses(tid != 0 ? tid : tgid_, registers, word);
  record.caller = found.outside.value_or(0);
  record.beyond = found.beyond.value_or(0);
}

std::optional<Caller> StubSpace::place(std::uint64_t caller, std::uint64_t beyond, pid_t tid) const {
  if (symbols_ == nullptr || caller == 0) return std::nullopt;
  return symbols_->places(tid != 0 ? tid : tgid_, {caller, beyond != 0 ? std::optional(beyond) : std::nullopt});
}

void StubSpace::add_unreturned(const Call& call) {
  const auto& functions = placed_.plan->functions;
  const auto found =
      std::ranges::find_if(functions, [&](const StubbedFunction& f) { return f.service->symbol == call.symbol; });
  if (found == functions.end()) return;
  StubRecord record;
  record.function = static_cast<std::uint8_t>(found - functions.begin());
  record.arg0 = call.args[0];
  if (call.caller) record.caller = call.caller->address;
  if (call.caller && call.caller->beyond_runtimes() != nullptr) record.beyond = call.caller->beyond_runtimes()->address;
  tallies_.add(record, found->service->first_is_clock, *call.route);
}

std::vector<CallTally> StubSpace::totals(StubDepth depth) {
  if (depth == StubDepth::count) return counted();
  std::vector<CallTally> totals;
  if (depth != StubDepth::values) totals = tallies_.take_new();
  // What was lost cannot be told from what never returned.
  if (lost_ == 0) add_entered_only(totals);
  return totals;
}

std::vector<CallTally> StubSpace::counted() const {
  std::vector<CallTally> totals;
  for (std::uint8_t function = 0; function < placed_.plan->functions.size(); ++function) {
    for (const StubCount& count : region_->counts(function, placed_.function(function).service->first_is_clock)) {
      const std::uint64_t fallbacks = std::min(count.fallbacks, count.entries);
      totals.push_back({function, count.clock, Route::vdso, count.entries - fallbacks, 0, 0});
      totals.push_back({function, count.clock, Route::fallback, fallbacks, count.errors, 0});
    }
  }
  return totals;
}

void StubSpace::add_entered_only(std::vector<CallTally>& totals) const {
  for (std::uint8_t function = 0; function < placed_.plan->functions.size(); ++function) {
    const bool clocked = placed_.function(function).service->first_is_clock;
    for (const StubCount& count : region_->counts(function, clocked)) {
      const std::uint64_t returned = tallies_.seen(function, count.clock, clocked);
      if (count.entries > returned)
        totals.push_back({function, count.clock, Route::vdso, count.entries - returned, 0, 0});
    }
  }
}

}  // namespace vdsotrace
