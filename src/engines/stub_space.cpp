#include "engines/stub_space.hpp"

#include <algorithm>

#include "os/proc.hpp"

namespace vdsotrace {
namespace {

/// How far up its stack a thread is searched for a way back into stubs.
constexpr std::size_t kStackSearched = 64 * 1024;
/// The kernel keeps everything else at least so far away from the main thread's stack (mmap_base, mm/util.c).
constexpr std::uint64_t kMainStack = 8 << 20;
/// Keys can be invented.
constexpr std::size_t kMostPendingKeys = 4096;

/// A getrandom that reseeds asks the kernel for a key, not for what it was asked for: the call is told with the values of
/// its system call, as strace would.
void take_system_call(StubRecord& record, const StubRecord& fallback) {
  record.arg0 = fallback.arg0;
  record.arg1 = fallback.arg1;
  record.arg2 = fallback.arg2;
  record.result = fallback.result;
  record.value = fallback.value;
}

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

bool leads_into(StoppedThread& stopped, const std::function<bool(std::uint64_t)>& inside) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  std::vector<std::uint64_t> words(kStackSearched / sizeof(std::uint64_t));
  const std::size_t bytes =
      stopped.memory().read(arch::stack_pointer(*registers), std::as_writable_bytes(std::span(words)));
  words.resize(bytes / sizeof words[0]);
  words.push_back(arch::program_counter(*registers));
  return std::ranges::any_of(words, inside);
}

bool PlacedStubs::contain(std::uint64_t address) const {
  return address >= place.code + sizeof(StubJournal) && address < place.region();
}

void PlacedStubs::move_out_of_patches(StoppedThread& stopped) const {
  const auto* registers = stopped.registers();
  const auto offset =
      registers != nullptr ? stopped.thread().space->offset_of(arch::program_counter(*registers)) : std::nullopt;
  if (!offset || std::ranges::find(plan->patches, *offset, &StubPatch::offset) != plan->patches.end()) return;
  const auto moved = std::ranges::find(plan->moved, *offset, &MovedInstruction::original);
  if (moved != plan->moved.end()) stopped.set_program_counter(place.code + moved->copy);
}

bool PlacedStubs::in_template(std::uint64_t address) const {
  return std::ranges::any_of(plan->stubs, [&](const PlacedStub& stub) {
    return address >= place.code + stub.start && address < place.code + stub.end;
  });
}

void StubSpace::join(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const Thread& thread = stopped.thread();
  const std::uint64_t pointer = arch::thread_pointer(*registers);
  auto& owners = owners_[pointer];
  owners.push_back({thread.tid, thread.tgid, thread.told(), &thread});
  told_ = told_ || thread.told();
  if (owners.size() > 1) {
    region_->share(pointer);
  } else {
    region_->bind(pointer, symbols_ != nullptr ? stack_of(stopped, *registers) : StackBounds{});
  }
}

void StubSpace::join_unseen(const Thread& thread) {
  if (thread.told() && !told_) tgid_ = thread.tgid;
  told_ = told_ || thread.told();
}

void StubSpace::part(pid_t tid) {
  for (auto& [pointer, owners] : owners_) {
    const auto gone = std::ranges::find(owners, tid, &Owner::tid);
    if (gone == owners.end()) continue;
    owners.erase(gone);
    if (owners.size() == 1) region_->end_sharing(pointer);
    if (!owners.empty()) return;
    region_->unbind(pointer);
    pending_.erase(pointer + 1);
    owners_.erase(pointer);
    return;
  }
}

StubSpace::Owner StubSpace::owner_of(std::uint64_t key) const {
  const auto found = owners_.find(key - 1);
  return found != owners_.end() && !found->second.empty() ? found->second.back() : Owner{tgid_, tgid_, told_, nullptr};
}

void StubSpace::note_way_back(StoppedThread& stopped) {
  searched_.insert(stopped.tid());
  if (leads_into(stopped, [this](std::uint64_t word) { return placed_.contain(word); })) may_return_ = true;
}

std::optional<Route> StubSpace::take(StubRecord& record, const StackWindow& window) {
  if (record.function >= placed_.plan->functions.size()) {
    ++lost_;
    return std::nullopt;
  }
  if (record.fallback) {
    if (pending_.size() >= kMostPendingKeys) pending_.clear();
    pending_[record.key].add(record);
    return std::nullopt;
  }
  const VdsoService& service = *placed_.function(record.function).service;
  if (!service.returns_long) record.result = static_cast<std::int32_t>(record.result);
  Route route = Route::vdso;
  if (!pending_.empty()) {
    const auto pending = pending_.find(record.key);
    if (pending != pending_.end()) {
      if (const auto fallback = pending->second.take(record.stack)) {
        route = Route::fallback;
        if (service.syscall == "getrandom") take_system_call(record, *fallback);
      }
    }
  }
  if (symbols_ != nullptr)
    record.caller = caller_of(record, [&](std::uint64_t address) { return window.word(address); });
  tallies_.add(record, service.first_is_clock, route);
  return route;
}

std::uint64_t StubSpace::caller_of(const StubRecord& record, const Symbols::StackWord& word) const {
  if (symbols_ == nullptr) return 0;
  const std::uint64_t after_return = record.stack + sizeof(std::uint64_t);
  return symbols_->outside_c_library(owner_of(record.key).tid, record.return_address, after_return, word).value_or(0);
}

std::optional<Caller> StubSpace::place(std::uint64_t address, pid_t tid) const {
  if (symbols_ == nullptr || address == 0) return std::nullopt;
  return symbols_->place(tid, address);
}

void StubSpace::add_unreturned(const Call& call) {
  const auto& functions = placed_.plan->functions;
  const auto found = std::ranges::find_if(functions, [&](const StubbedFunction& f) { return f.service->symbol == call.symbol; });
  if (found == functions.end()) return;
  StubRecord record;
  record.function = static_cast<std::uint8_t>(found - functions.begin());
  record.arg0 = call.args[0];
  if (call.caller) record.caller = call.caller->address;
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
