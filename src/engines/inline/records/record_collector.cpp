#include "engines/inline/records/record_collector.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "os/proc/proc.hpp"

namespace vdsotrace {

RecordCollector::RecordCollector(const InstalledStubs& installed, const ThreadRings& threads, Symbols* symbols,
                                 const Reporter& reporter)
    : installed_(installed),
      threads_(threads),
      symbols_(symbols),
      capable_numbers_(capable_numbers(installed.image, Abi::x86_64)),
      sums_(installed),
      unreturned_([this, own = Reporter(reporter)](const Thread& thread, Call&& call) mutable {
        sums_.add_unreturned(call);
        own.report(thread, std::move(call));
      }) {}

void RecordCollector::set_region(StubRegion& region, pid_t tid) {
  sums_.set_paths(nullptr);
  region_ = &region;
  if (symbols_ == nullptr) return;
  if (const auto code = symbols_->go_code(tid)) region_->set_go_code(code->address, code->bytes);
  if (!timed_paths_) return;
  auto paths = region_->make_paths(*timed_paths_);
  symbols_->on_change([known = std::weak_ptr(paths)] {
    if (const auto still = known.lock()) still->forget();
  });
  sums_.set_paths(std::move(paths));
}

std::uint64_t RecordCollector::collect(bool final, std::vector<RecordedCall>* calls) {
  const auto taker = [&](StubRecord& record, const StackWindow& window) { take(record, window, calls); };
  const std::uint64_t lost = region_->rings().drain(final, taker);
  sums_.add_lost(lost);
  return lost;
}

std::uint64_t RecordCollector::collect_of(pid_t tid, std::vector<RecordedCall>* calls) {
  const auto pointer = threads_.owners().pointer_of(tid);
  if (!pointer) return 0;
  const auto taker = [&](StubRecord& record, const StackWindow& window) { take(record, window, calls); };
  const std::uint64_t lost = region_->rings().drain_of(*pointer, taker);
  sums_.add_lost(lost);
  return lost;
}

void RecordCollector::collect_open_system_calls(std::uint64_t counter, std::vector<RecordedCall>& calls) {
  region_->take_open_system_calls(counter, [&](StubRecord& record) {
    // A thread that does not sleep in its call may stand in front of it or behind it.
    const auto blocked = proc::blocked_at(record.tid);
    const bool sleeps = blocked && blocked->call == static_cast<std::int64_t>(record.return_address);
    if (sleeps) take_system_call(record, calls);
    return sleeps;
  });
}

std::optional<RecordedCall> RecordCollector::open_system_call(pid_t tid) {
  const auto pointer = threads_.owners().pointer_of(tid);
  return recorded(pointer ? region_->open_system_call(*pointer, tid) : std::nullopt);
}

std::optional<RecordedCall> RecordCollector::abandon_system_call(pid_t tid) {
  const auto pointer = threads_.owners().pointer_of(tid);
  return recorded(pointer ? region_->abandon_system_call(*pointer, tid) : std::nullopt);
}

/// The call of that record, if its thread is followed.
std::optional<RecordedCall> RecordCollector::recorded(std::optional<StubRecord> record) const {
  std::vector<RecordedCall> calls;
  if (record) take_system_call(*record, calls);
  return calls.empty() ? std::nullopt : std::optional(calls.front());
}

void RecordCollector::take_system_call(StubRecord& record, std::vector<RecordedCall>& calls) const {
  const RecordOwners::Owner owner = threads_.owners().owner_of(record);
  if (!owner.is_reported) return;
  date(record);
  const auto nr = static_cast<std::int64_t>(record.return_address);
  const bool capable = std::ranges::find(capable_numbers_, nr) != capable_numbers_.end();
  const auto route = capable ? std::optional(Route::syscall) : std::nullopt;
  calls.push_back({nullptr, symbols_, owner.tgid, owner.tid, route, std::move(record)});
}

void RecordCollector::take(StubRecord& record, const StackWindow& window, std::vector<RecordedCall>* calls) {
  if (record.function >= installed_.plan->functions.size()) {
    if (record.function == RECORD_SYSTEM_CALL && calls != nullptr) return take_system_call(record, *calls);
    sums_.add_lost(1);
    return;
  }
  const StubbedFunction& function = installed_.function(record.function);
  if (!function.service->returns_long) record.result = static_cast<std::int32_t>(record.result);
  const Route route = record.fallback ? Route::fallback : Route::vdso;
  RecordOwners::Owner owner;
  if (symbols_ != nullptr || calls != nullptr) owner = threads_.owners().owner_of(record);
  if (symbols_ != nullptr) find_callers_of(record, window, owner.tid != 0 ? owner.tid : threads_.owners().tgid());
  sums_.add(record, route);
  if (calls == nullptr) return;
  if (route == Route::fallback) unreturned_.take_fallback(owner.tid);
  if (owner.thread != nullptr) unreturned_.on_return(*owner.thread, record.stack, record.start);
  if (!owner.is_reported) return;
  date(record);
  calls->push_back({&function, symbols_, owner.tgid, owner.tid, route, record});
}

void RecordCollector::find_callers_of(StubRecord& record, const StackWindow& window, pid_t tid) {
  CallerPaths* paths = sums_.paths();
  if (paths == nullptr) {
    find_callers(record, *symbols_, tid, [&](std::uint64_t at) { return window.word(at); });
    return;
  }
  WordsLookedAt words(window);
  const std::uint64_t age = paths->age();
  find_callers(record, *symbols_, tid, [&](std::uint64_t at) { return words.word(at); });
  const bool clocked = installed_.function(record.function).service->first_is_clock;
  if (paths->age() == age && error_of(record.result) == 0) paths->note(record, clocked, words);
}

}  // namespace vdsotrace
