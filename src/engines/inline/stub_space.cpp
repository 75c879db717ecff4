#include "engines/inline/stub_space.hpp"

#include <algorithm>
#include <utility>

#include "os/mapping_query.hpp"

namespace vdsotrace {
namespace {

/// The kernel keeps everything else at least so far away from the main thread's stack (mmap_base, mm/util.c).
constexpr std::uint64_t kMainStack = 8 << 20;

/// Where the thread's stack is sure to lie. The main thread's grows downwards; above others lies what its C library
/// keeps for the thread, to which its thread pointer points.
StackBounds stack_of(StoppedThread& stopped, const arch::Registers& registers) {
  const std::uint64_t at = arch::stack_pointer(registers);
  const std::uint64_t pointer = arch::thread_pointer(registers);
  const auto mapping = mapping_at(stopped.tid(), at);
  if (!mapping) return {};
  if (mapping->name == "[stack]") return {std::min(mapping->start, mapping->end - kMainStack), mapping->end};
  return pointer > at && pointer < mapping->end ? StackBounds{mapping->start, pointer} : StackBounds{};
}

/// Calls of all functions, as the counters in the region have them.
std::vector<CallTally> counted(const InstalledStubs& installed, const StubRegion& region) {
  std::vector<CallTally> totals;
  for (std::size_t number = 0; number < installed.plan->functions.size(); ++number) {
    const auto function = static_cast<std::uint8_t>(number);
    for (const StubCount& count : region.counts(function, installed.function(function).service->first_is_clock)) {
      const std::uint64_t fallbacks = std::min(count.fallbacks, count.entries);
      totals.push_back({function, count.clock, Route::vdso, count.entries - fallbacks, 0, 0});
      totals.push_back({function, count.clock, Route::fallback, fallbacks, count.errors, 0});
    }
  }
  return totals;
}

/// Those that were entered, of which there is no record.
void add_entered_only(std::vector<CallTally>& totals, const InstalledStubs& installed, const StubRegion& region,
                      const CallTallies& recorded) {
  for (std::size_t number = 0; number < installed.plan->functions.size(); ++number) {
    const auto function = static_cast<std::uint8_t>(number);
    const bool clocked = installed.function(function).service->first_is_clock;
    for (const StubCount& count : region.counts(function, clocked)) {
      const std::uint64_t returned = recorded.seen(function, count.clock, clocked);
      if (count.entries > returned)
        totals.push_back({function, count.clock, Route::vdso, count.entries - returned, 0, 0});
    }
  }
}

}  // namespace

StubSpace::StubSpace(const InstalledStubs& installed, pid_t tgid, Symbols* symbols, const Reporter& reporter)
    : installed_(installed),
      capable_numbers_(capable_numbers(installed.image, Abi::x86_64)),
      symbols_(symbols),
      owners_(tgid),
      unreturned_([this, own = Reporter(reporter)](const Thread& thread, Call&& call) mutable {
        add_unreturned(call);
        own.report(thread, std::move(call));
      }) {}

void StubSpace::set_region(std::unique_ptr<StubRegion> region, pid_t tid) {
  paths_.reset();
  region_ = std::move(region);
  if (symbols_ == nullptr) return;
  if (const auto code = symbols_->go_code(tid)) region_->set_go_code(code->address, code->bytes);
  if (!timed_paths_) return;
  paths_ = region_->make_paths(*timed_paths_);
  symbols_->on_change([known = std::weak_ptr(paths_)] {
    if (const auto paths = known.lock()) paths->forget();
  });
}

void StubSpace::bind_thread(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const Thread& thread = stopped.thread();
  const std::uint64_t pointer = arch::thread_pointer(*registers);
  if (owners_.add(thread, pointer, arch::stack_pointer(*registers)) > 1) {
    if (!take_over_ring(thread, pointer)) region_->unbind(pointer);
    return;
  }
  const StackBounds stack = symbols_ != nullptr ? stack_of(stopped, *registers) : StackBounds{};
  if (region_->is_full()) {
    RemoteCalls calls(stopped);
    grow_stub_region(calls, installed_.area, *region_);
  }
  region_->bind(pointer, thread.tid, stack);
}

void StubSpace::bind_known_threads() {
  for (const auto& [tid, pointer] : owners_.sole_owners()) region_->bind(pointer, tid);
}

/// That of its creator, which waits for it.
bool StubSpace::take_over_ring(const Thread& thread, std::uint64_t pointer) {
  const auto creator = owners_.waits_for(thread.tid);
  if (!creator || region_->writer(pointer) != *creator || !region_->has_ring(pointer)) return false;
  region_->hand_over(pointer, thread.tid);
  return true;
}

void StubSpace::unbind_thread(pid_t tid, bool ended) {
  const auto creator = owners_.waits_for(tid);
  const auto left = owners_.remove(tid, ended);
  if (!left || region_ == nullptr) return;
  const bool writes = region_->writer(left->pointer) == tid;
  if (writes && creator && pointer_of(*creator) == left->pointer) {
    region_->hand_over(left->pointer, *creator);
    return;
  }
  if (ended) region_->end(left->pointer, tid);
  if (!ended && writes) region_->unbind(left->pointer);
  if (left->threads == 1) region_->bind(left->pointer, left->only);
}

void StubSpace::end_vforks(pid_t tid) {
  for (const pid_t child : owners_.waited_for_by(tid)) unbind_thread(child, true);
}

pid_t StubSpace::other_writer(pid_t tid) const {
  const auto pointer = pointer_of(tid);
  const pid_t writer = pointer && region_ != nullptr ? region_->writer(*pointer) : 0;
  return writer != tid ? writer : 0;
}

void StubSpace::end_writing(pid_t tid) {
  const auto pointer = pointer_of(tid);
  if (pointer && region_ != nullptr) region_->end_writing(*pointer, tid);
}

void StubSpace::take_ring_back(pid_t tid) {
  owners_.end_waiting(tid);
  if (const auto pointer = pointer_of(tid)) region_->hand_over(*pointer, tid);
}

void StubSpace::give_ring_up(pid_t tid) {
  owners_.end_waiting(tid);
  if (const auto pointer = pointer_of(tid)) region_->retire(*pointer);
}

std::uint64_t StubSpace::collect(bool final, std::vector<RecordedCall>* calls) {
  const std::uint64_t lost =
      region_->drain(final, [&](StubRecord& record, const StackWindow& window) { take(record, window, calls); });
  lost_ += lost;
  return lost;
}

std::uint64_t StubSpace::collect_of(pid_t tid, std::vector<RecordedCall>* calls) {
  const auto pointer = pointer_of(tid);
  if (!pointer) return 0;
  const std::uint64_t lost =
      region_->drain_of(*pointer, [&](StubRecord& record, const StackWindow& window) { take(record, window, calls); });
  lost_ += lost;
  return lost;
}

void StubSpace::collect_open_system_calls(std::uint64_t counter, std::vector<RecordedCall>& calls) {
  region_->take_open_system_calls(counter, [&](StubRecord& record) {
    // It may be kept from running in front of the call, or behind it.
    const auto blocked = proc::blocked_at(record.tid);
    const bool sleeps = blocked && blocked->call == static_cast<std::int64_t>(record.return_address);
    if (sleeps) take_system_call(record, calls);
    return sleeps;
  });
}

std::optional<RecordedCall> StubSpace::open_system_call(pid_t tid) {
  const auto pointer = pointer_of(tid);
  return recorded(pointer ? region_->open_system_call(*pointer, tid) : std::nullopt);
}

std::optional<RecordedCall> StubSpace::abandon_system_call(pid_t tid) {
  const auto pointer = pointer_of(tid);
  return recorded(pointer ? region_->abandon_system_call(*pointer, tid) : std::nullopt);
}

/// Of a thread that is followed.
std::optional<RecordedCall> StubSpace::recorded(std::optional<StubRecord> record) const {
  std::vector<RecordedCall> calls;
  if (record) take_system_call(*record, calls);
  return calls.empty() ? std::nullopt : std::optional(calls.front());
}

void StubSpace::take_system_call(StubRecord& record, std::vector<RecordedCall>& calls) const {
  const RecordOwners::Owner owner = owners_.owner_of(record);
  if (!owner.is_reported) return;
  date(record);
  const auto nr = static_cast<std::int64_t>(record.return_address);
  const bool capable = std::ranges::find(capable_numbers_, nr) != capable_numbers_.end();
  const auto route = capable ? std::optional(Route::syscall) : std::nullopt;
  calls.push_back({nullptr, symbols_, owner.tgid, owner.tid, route, std::move(record)});
}

void StubSpace::take(StubRecord& record, const StackWindow& window, std::vector<RecordedCall>* calls) {
  if (record.function >= installed_.plan->functions.size()) {
    if (record.function == RECORD_SYSTEM_CALL && calls != nullptr) return take_system_call(record, *calls);
    ++lost_;
    return;
  }
  const StubbedFunction& function = installed_.function(record.function);
  if (!function.service->returns_long) record.result = static_cast<std::int32_t>(record.result);
  const Route route = record.fallback ? Route::fallback : Route::vdso;
  RecordOwners::Owner owner;
  if (symbols_ != nullptr || calls != nullptr) owner = owners_.owner_of(record);
  if (symbols_ != nullptr) find_callers_of(record, window, owner.tid != 0 ? owner.tid : tgid());
  tallies_.add(record, function.service->first_is_clock, route);
  if (calls == nullptr) return;
  if (route == Route::fallback) unreturned_.take_fallback(owner.tid);
  if (owner.thread != nullptr) unreturned_.on_return(*owner.thread, record.stack, record.start);
  if (!owner.is_reported) return;
  date(record);
  calls->push_back({&function, symbols_, owner.tgid, owner.tid, route, record});
}

void StubSpace::find_callers_of(StubRecord& record, const StackWindow& window, pid_t tid) {
  if (paths_ == nullptr) {
    find_callers(record, *symbols_, tid, [&](std::uint64_t at) { return window.word(at); });
    return;
  }
  WordsLookedAt words(window);
  const std::uint64_t age = paths_->age();
  find_callers(record, *symbols_, tid, [&](std::uint64_t at) { return words.word(at); });
  const bool clocked = installed_.function(record.function).service->first_is_clock;
  if (paths_->age() == age && error_of(record.result) == 0) paths_->note(record, clocked, words);
}

void StubSpace::add_counted() {
  if (paths_ == nullptr) return;
  for (const CallTally& calls : paths_->take_new()) tallies_.add(calls);
}

std::vector<CallTally> StubSpace::new_sums() {
  add_counted();
  return tallies_.take_new();
}

/// A call that never returned is reported by itself: it is not to be among those that were entered only.
void StubSpace::add_unreturned(const Call& call) {
  const auto& functions = installed_.plan->functions;
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
  if (depth == StubDepth::count) return counted(installed_, *region_);
  std::vector<CallTally> totals;
  if (depth != StubDepth::values) totals = new_sums();
  // What was lost looks like what never returned.
  if (lost_ == 0) add_entered_only(totals, installed_, *region_, tallies_);
  return totals;
}

}  // namespace vdsotrace
