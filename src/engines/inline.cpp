#include "engines/inline.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "engines/stub_call.hpp"
#include "engines/stub_frame.hpp"
#include "model/syscalls/spec.hpp"
#include "os/proc.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kMostCode = 16 * 1024;  // whole pages; no plan needs more
/// How far up its stack a thread that will never stop again for us is searched for a way back into stubs.
constexpr std::size_t kStackSearched = 64 * 1024;
/// Longest way out of a vDSO function and its stub.
constexpr int kMostSteps = 20'000;
constexpr std::size_t kMostPendingKeys = 4096;

StubDepth depth_of(const Needs& needs) {
  if (needs.each_call) return StubDepth::values;
  if (needs.vdso_durations) return StubDepth::measured;
  return needs.callers ? StubDepth::callers : StubDepth::count;
}

/// Whether a record has room for all that will be printed of the values.
bool values_fit(const VdsoService& service, const Needs& needs) {
  return service.syscall != "getrandom" || !needs.each_call || needs.string_limit <= RECORD_VALUE_BYTES;
}

}  // namespace

struct InlineEngine::Space {
  const StubPlan* plan = nullptr;
  const VdsoImage* image = nullptr;
  StubPlace place;
  Abi abi = Abi::x86_64;
  std::vector<std::int64_t> numbers;   ///< of the plan's functions as system calls
  std::unique_ptr<StubRegion> region;  ///< null in a fork's child until it gets its own
  pid_t tgid = 0;
  bool told = false;        ///< some thread of it is followed
  bool may_return = false;  ///< a thread's stack leads back into the stubs
  bool may_sleep = false;
  int members = 0;
  struct Owner {
    pid_t tid;
    pid_t tgid;
    bool told;
    const Thread* thread;  ///< null for whoever is not known by its thread pointer
  };
  /// By thread pointer; a vfork's child comes after the parent whose thread pointer it shares.
  std::map<std::uint64_t, std::vector<Owner>> owners;
  std::map<std::uint64_t, PendingFallbacks> pending;  ///< by key
  CallTallies tallies;
  std::uint64_t lost = 0;

  Owner owner_of(std::uint64_t key) const {
    const auto found = owners.find(key - 1);
    return found != owners.end() && !found->second.empty() ? found->second.back() : Owner{tgid, tgid, told, nullptr};
  }
  const VdsoService& service(std::uint8_t function) const { return *plan->functions[function].service; }
};

InlineEngine::InlineEngine(const Needs& needs, EventSink& sink, bool attached)
    : needs_(needs),
      sink_(sink),
      reporter_(sink),
      attached_(attached),
      inherited_(attached || ::geteuid() != 0),
      depth_(depth_of(needs)),
      rest_(needs, sink,
            [this](const VdsoImage& image, const VdsoService& service) { return !stubs_cover(image, service); }),
      all_(needs, sink) {
  if (depth_ >= StubDepth::measured) clock_.emplace();
}

InlineEngine::~InlineEngine() = default;

const StubPlan& InlineEngine::plan_for(const VdsoImage& image, std::int64_t distance) {
  const auto found = plans_.find({&image, distance});
  if (found != plans_.end()) return found->second;
  const auto wanted = [&](const VdsoService& service) {
    return all_.wants(service) && values_fit(service, needs_);
  };
  return plans_.emplace(std::pair(&image, distance), plan_stubs(image, distance, depth_, arch::kOwnCallMark, wanted))
      .first->second;
}

bool InlineEngine::stubs_cover(const VdsoImage& image, const VdsoService& service) const {
  return std::ranges::any_of(plans_, [&](const auto& entry) {
    return entry.first.first == &image && std::ranges::find(entry.second.functions, &service, &StubbedFunction::service) !=
                                              entry.second.functions.end();
  });
}

InlineEngine::Space* InlineEngine::find(const Thread& thread) {
  const auto found = spaces_.find(thread.space.get());
  return found == spaces_.end() ? nullptr : found->second.get();
}

BreakpointEngine& InlineEngine::breakpoints_for(const Thread& thread) { return find(thread) != nullptr ? rest_ : all_; }

// ---- placing and removing ----

/// Stubs need next to nothing of the session's stops; followed signals are for the calls that handlers interrupt.
EngineStops InlineEngine::stops() const {
  const bool any = all_.stops().patches;
  return {any, any && depth_ == StubDepth::values, false};
}

void InlineEngine::use_breakpoints(BreakpointEngine& engine, AddressSpace& space, StoppedThread& stopped) {
  if (space.image() != nullptr && engine.changes(*space.image())) space.let_every_call_stop();
  engine.install(space, stopped);
}

void InlineEngine::install(AddressSpace& space, StoppedThread& stopped) {
  if (space.image() == nullptr) return;
  if (auto placed = place(space, stopped); !placed) {
    if (!std::exchange(told_why_, true))
      reporter_.tell(stopped.thread(), Notice{fmt::format("breakpoints instead of stubs: {}", placed.error().message)});
    use_breakpoints(all_, space, stopped);
    return;
  }
  if (!find(stopped.thread())) return;
  if (!find(stopped.thread())->plan->refused.empty()) use_breakpoints(rest_, space, stopped);
}

Result<void> InlineEngine::place(AddressSpace& space, StoppedThread& stopped) {
  if (space.abi() != Abi::x86_64) return {};
  const pid_t tid = stopped.tid();
  // The size must be known to find a place, the place to plan: no plan needs more than this.
  const auto where = find_stub_place(tid, space.base(), kMostCode);
  if (!where) return fail("there is no free memory near its vDSO");
  const StubPlan& plan = plan_for(*space.image(), static_cast<std::int64_t>(where->code - space.base()));
  if (plan.functions.empty()) {
    use_breakpoints(rest_, space, stopped);
    return {};
  }
  if (plan.code.size() > where->code_bytes) return fail("its stubs need too much room");
  auto made = std::make_unique<Space>();
  made->plan = &plan;
  made->image = space.image();
  made->place = *where;
  made->abi = space.abi();
  for (const StubbedFunction& function : plan.functions)
    made->numbers.push_back(number_of(space.abi(), function.service->syscall));
  made->tgid = stopped.thread().tgid;
  made->may_sleep = !attached_;
  {
    RemoteCalls calls(stopped);
    if (!map_stub_code(calls, made->place)) return fail("the process could not map executable memory");
    write_remote(tid, made->place.code, std::as_bytes(std::span(kStubMagic)));
    auto memory = map_stub_region(stopped, calls, made->place, made->place.code, false, inherited_);
    if (!memory) {
      unmap_stubs(calls, made->place);
      return tl::unexpected(memory.error());
    }
    made->region = std::make_unique<StubRegion>(std::move(*memory), made->place.region(), made->may_sleep);
  }
  if (!write_stubs(space, stopped, *made)) {
    space.unpatch(tid);
    RemoteCalls calls(stopped);
    unmap_stubs(calls, made->place);
    return fail("its memory could not be written");
  }
  Space& known = *(spaces_[&space] = std::move(made));
  ++known.members;
  join(known, stopped);
  return {};
}

bool InlineEngine::write_stubs(AddressSpace& space, StoppedThread& stopped, const Space& made) {
  const StubPlan& plan = *made.plan;
  if (!write_code(stopped.tid(), made, made.place.region())) return false;
  EngineMemory memory{made.place.code, made.place.region(), made.place.code + StubPlan::kSystemCall, {}};
  for (const MovedFallback& fallback : plan.fallbacks)
    memory.fallbacks[made.place.code + fallback.after] = plan.functions[fallback.function].function;
  const bool patched = std::ranges::all_of(plan.patches, [&](const StubPatch& patch) {
    return space.patch(stopped.tid(), patch.offset, patch.bytes);
  });
  if (patched) space.set_engine_memory(std::move(memory));
  return patched;
}

/// `region` 0 keeps stubs that are still running away from the region.
bool InlineEngine::write_code(pid_t tid, const Space& made, std::uint64_t region) {
  std::vector<std::byte> code = made.plan->code;
  for (const RegionWord& word : made.plan->region_words) {
    if (region == 0 && !word.ends_recording) continue;
    const std::uint64_t value = region == 0 ? 0 : region + word.in_region;
    std::memcpy(code.data() + word.offset, &value, sizeof value);
  }
  return write_remote(tid, made.place.code, code);
}

bool InlineEngine::remove(AddressSpace& space, StoppedThread& stopped) {
  const auto found = spaces_.find(&space);
  if (found == spaces_.end()) return all_.remove(space, stopped);
  if (!rest_.remove(space, stopped)) return false;
  Space& known = *found->second;
  note_way_back(known, stopped);
  const bool mapped = known.region != nullptr || inherited_;
  finish(known);
  if (write_code(stopped.tid(), known, 0) && mapped && !known.may_return) {
    RemoteCalls calls(stopped);
    unmap_stubs(calls, known.place);
  }
  space.set_engine_memory({});
  spaces_.erase(found);
  return true;
}

void InlineEngine::on_vdso_moved(AddressSpace& space, StoppedThread& stopped) {
  const auto found = spaces_.find(&space);
  if (found == spaces_.end()) return;
  Space& known = *found->second;
  space.unpatch(stopped.tid());
  const StubPlan& plan = plan_for(*known.image, static_cast<std::int64_t>(known.place.code - space.base()));
  // Its records keep their meaning only if functions keep their numbers.
  const bool same = std::ranges::equal(plan.functions, known.plan->functions, {}, &StubbedFunction::function,
                                       &StubbedFunction::function);
  if (same) known.plan = &plan;
  if (same && write_stubs(space, stopped, known)) {
    use_breakpoints(rest_, space, stopped);
    return;
  }
  space.unpatch(stopped.tid());
  finish(known);
  spaces_.erase(found);
  use_breakpoints(all_, space, stopped);
}

bool InlineEngine::in_stubs(const Space& space, std::uint64_t address) {
  return address >= space.place.code + sizeof(StubJournal) && address < space.place.region();
}

void InlineEngine::leave_engine_memory(StoppedThread& stopped) {
  breakpoints_for(stopped.thread()).leave_engine_memory(stopped);
  Space* space = find(stopped.thread());
  if (space == nullptr || space->region == nullptr) return;
  // A handler must not run while a stub does: nobody could tell then when the stub is no longer needed.
  step_out(stopped, [&](std::uint64_t pc) { return in_stub_template(*space->plan, space->place.code, pc); }, kMostSteps);
  if (depth_ == StubDepth::values) note_interrupted(*space, stopped);
}

/// A handler that is about to run can jump out of the call that it interrupts: a call that never returns is to be known.
void InlineEngine::note_interrupted(Space& space, StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  on_stop(stopped.thread());
  // At the jump itself a call has yet to begin.
  const auto in_call = [&](std::uint64_t pc) {
    const auto offset = stopped.thread().space->offset_of(pc);
    return in_stubs(space, pc) || (offset && space.image->function_at(*offset) == nullptr);
  };
  if (!in_call(arch::program_counter(*registers))) return;
  const auto record = interrupted_call(stopped, *space.plan, space.place.code);
  if (!record) return;
  Thread& thread = stopped.thread();
  Call call = make_call(space.service(record->function), space.abi, space.numbers[record->function], *record, Route::vdso, *clock_);
  call.engine = name();
  if (auto fallback = fallbacks_.extract(thread.tid)) {
    fallback.mapped().start_ns = call.start_ns;
    call = std::move(fallback.mapped());
  } else {
    call.ending = Ending::unfinished;
    call.duration_ns.reset();
    call.at_exit = {};
  }
  open_[thread.tid].enter(std::move(call), record->stack, left_by(space, thread), record->start);
}

OpenCalls::Left InlineEngine::left_by(Space& space, const Thread& thread) {
  return [this, &space, &thread](Call&& call) {
    StubRecord record;
    record.arg0 = call.args[0];
    for (record.function = 0; record.function < space.plan->functions.size(); ++record.function) {
      if (space.service(record.function).symbol == call.symbol) break;
    }
    space.tallies.add(record, space.service(record.function).first_is_clock, *call.route);
    reporter_.tell(thread, std::move(call));
  };
}

void InlineEngine::leave_for_good(StoppedThread& stopped) {
  leave_engine_memory(stopped);
  Space* space = find(stopped.thread());
  if (space == nullptr) return;
  const AddressSpace& mapped = *stopped.thread().space;
  step_out(stopped, [&](std::uint64_t pc) {
    if (in_stubs(*space, pc)) return true;
    const auto offset = mapped.offset_of(pc);
    if (!offset) return false;
    const VdsoFunction* function = space->image->function_containing(*offset);
    return function == nullptr || std::ranges::find(space->plan->functions, function, &StubbedFunction::function) !=
                                      space->plan->functions.end();
  }, kMostSteps);
  note_way_back(*space, stopped);
}

/// A handler may have interrupted a call; then the way back into the stub lies on the stack.
void InlineEngine::note_way_back(Space& space, StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  std::vector<std::uint64_t> words(kStackSearched / sizeof(std::uint64_t));
  const std::size_t bytes =
      stopped.memory().read(arch::stack_pointer(*registers), std::as_writable_bytes(std::span(words)));
  words.resize(bytes / sizeof words[0]);
  if (in_stubs(space, arch::program_counter(*registers)) ||
      std::ranges::any_of(words, [&](std::uint64_t word) { return in_stubs(space, word); }))
    space.may_return = true;
}

// ---- who is who ----

/// Not when a record shows it: a thread must not change its ring in the middle of a call.
void InlineEngine::on_thread_pointer(StoppedThread& stopped) {
  Space* space = find(stopped.thread());
  if (space == nullptr || space->region == nullptr) return;
  on_stop(stopped.thread());
  part(*space, stopped.tid());
  join(*space, stopped);
}

void InlineEngine::part(Space& space, pid_t tid) {
  for (auto& [pointer, owners] : space.owners) {
    const auto gone = std::ranges::find(owners, tid, &Space::Owner::tid);
    if (gone == owners.end()) continue;
    owners.erase(gone);
    if (!owners.empty()) return;
    space.region->unbind(pointer);
    space.pending.erase(pointer + 1);
    space.owners.erase(pointer);
    return;
  }
}

void InlineEngine::join(Space& space, StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const Thread& thread = stopped.thread();
  const std::uint64_t pointer = arch::thread_pointer(*registers);
  space.owners[pointer].push_back({thread.tid, thread.tgid, thread.told(), &thread});
  space.told = space.told || thread.told();
  space.region->bind(pointer);
  move_out_of_patches(space, stopped);
}

/// A thread that was in the middle of what is now a jump goes on in its copy.
void InlineEngine::move_out_of_patches(const Space& space, StoppedThread& stopped) const {
  const auto* registers = stopped.registers();
  const auto offset =
      registers != nullptr ? stopped.thread().space->offset_of(arch::program_counter(*registers)) : std::nullopt;
  if (!offset) return;
  for (const StubPatch& patch : space.plan->patches) {
    if (*offset == patch.offset) return;
  }
  const auto moved = std::ranges::find(space.plan->moved, *offset, &MovedInstruction::original);
  if (moved != space.plan->moved.end()) stopped.set_program_counter(space.place.code + moved->copy);
}

void InlineEngine::on_birth(const Thread& parent, const Thread& child) {
  Space* space = find(parent);
  if (space == nullptr) return;
  if (child.space == parent.space) {
    ++space->members;
    return;
  }
  auto copy = std::make_unique<Space>();
  copy->plan = space->plan;
  copy->image = space->image;
  copy->place = space->place;
  copy->abi = space->abi;
  copy->numbers = space->numbers;
  copy->tgid = child.tgid;
  copy->may_sleep = space->may_sleep;
  copy->members = 1;
  spaces_[child.space.get()] = std::move(copy);
}

void InlineEngine::on_first_stop(StoppedThread& stopped) {
  Space* space = find(stopped.thread());
  if (space == nullptr) return;
  if (space->region == nullptr && !arm(*space, stopped)) return;
  join(*space, stopped);
}

void InlineEngine::adopt(Thread& thread, StoppedThread* stopped) {
  Space* space = find(thread);
  if (space == nullptr) return;
  ++space->members;
  // Records of a thread whose pointer cannot be asked for yet are those of one that is followed.
  if (thread.told() && !space->told) space->tgid = thread.tgid;
  space->told = space->told || thread.told();
  if (stopped != nullptr) join(*space, *stopped);
}

bool InlineEngine::raises_traps(const AddressSpace& mapped) const {
  const auto found = spaces_.find(&mapped);
  return found == spaces_.end() ? mapped.patched() : !found->second->plan->refused.empty();
}

/// Gives a fork's child its own region where its parent's is or was.
bool InlineEngine::arm(Space& space, StoppedThread& stopped) {
  AddressSpace& mapped = *stopped.thread().space;
  {
    RemoteCalls calls(stopped);
    auto memory = map_stub_region(stopped, calls, space.place, space.place.code, inherited_, inherited_);
    if (memory) {
      space.region = std::make_unique<StubRegion>(std::move(*memory), space.place.region(), space.may_sleep);
      return true;
    }
  }
  mapped.unpatch(stopped.tid());
  mapped.set_engine_memory({});
  write_code(stopped.tid(), space, 0);
  spaces_.erase(&mapped);
  use_breakpoints(all_, mapped, stopped);
  return false;
}

void InlineEngine::on_end(Thread& thread) {
  breakpoints_for(thread).on_end(thread);
  Space* space = find(thread);
  if (space == nullptr) return;
  if (space->region != nullptr) {
    collect(*space, space->members == 1);
    tell_found();
    end_open_calls(*space, thread);
  }
  part(*space, thread.tid);
  if (--space->members > 0) return;
  finish(*space);
  spaces_.erase(thread.space.get());
}

void InlineEngine::end_open_calls(Space& space, Thread& thread) {
  const auto left = left_by(space, thread);
  if (auto open = open_.extract(thread.tid)) open.mapped().end(left);
  if (auto fallback = fallbacks_.extract(thread.tid)) left(std::move(fallback.mapped()));
}

// ---- what the breakpoints take care of ----

std::optional<Resume> InlineEngine::on_trap(StoppedThread& stopped) {
  // Where reading the counter is forbidden (PR_SET_TSC, strict seccomp) stubs must not show it.
  Space* space = find(stopped.thread());
  const auto* registers = stopped.registers();
  if (space != nullptr && registers != nullptr &&
      in_stub_template(*space->plan, space->place.code, arch::program_counter(*registers))) {
    const auto code = stopped.memory().object<std::array<std::byte, 2>>(arch::program_counter(*registers));
    if (code != arch::kClockRead) return std::nullopt;
    stopped.set_registers(arch::after_clock_read(*registers, TscClock::now()));
    return Resume{};
  }
  return breakpoints_for(stopped.thread()).on_trap(stopped);
}

bool InlineEngine::covered(const Thread& thread, const VdsoFunction* function) {
  const Space* space = find(thread);
  return space != nullptr && function != nullptr &&
         std::ranges::find(space->plan->functions, function, &StubbedFunction::function) != space->plan->functions.end();
}

bool InlineEngine::on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) {
  if (covered(thread, fallback)) return true;
  Space* space = find(thread);
  if (const auto open = open_.find(thread.tid); space != nullptr && open != open_.end())
    open->second.ran_outside(stack_pointer, left_by(*space, thread));
  return breakpoints_for(thread).on_call_entry(thread, fallback, stack_pointer);
}

void InlineEngine::on_fallback_exit(Thread& thread, Call&& call) {
  if (!covered(thread, function_of(thread, call))) {
    breakpoints_for(thread).on_fallback_exit(thread, std::move(call));
  } else if (depth_ == StubDepth::values && thread.told()) {
    // The function's own record will tell, with its system call in it; unless it never returns.
    call.engine = name();
    fallbacks_[thread.tid] = std::move(call);
  }
}

const VdsoFunction* InlineEngine::function_of(const Thread& thread, const Call& call) {
  const Space* space = find(thread);
  return space == nullptr ? nullptr : space->image->function_named(call.symbol);
}

void InlineEngine::on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) {
  breakpoints_for(thread).on_handler(thread, stack_pointer, alternate_stack);
  if (const auto open = open_.find(thread.tid); open != open_.end())
    open->second.enter_handler(stack_pointer, alternate_stack);
}

void InlineEngine::on_handler_return(Thread& thread, std::uint64_t stack_pointer) {
  breakpoints_for(thread).on_handler_return(thread, stack_pointer);
  Space* space = find(thread);
  if (const auto open = open_.find(thread.tid); space != nullptr && open != open_.end())
    open->second.leave_handler(stack_pointer, left_by(*space, thread));
}

// ---- what the stubs have seen ----

void InlineEngine::on_stop(Thread& thread) {
  Space* space = find(thread);
  if (space == nullptr || space->region == nullptr || !space->region->has_records()) return;
  collect(*space, false);
  tell_found();
}

ProbeEngine::Drained InlineEngine::drain() {
  if (depth_ == StubDepth::count) return Drained::never;
  bool any = false;
  for (auto& [mapped, space] : spaces_) {
    if (space->region == nullptr || !space->region->has_records()) continue;
    any = true;
    collect(*space, false);
  }
  tell_found();
  return any ? Drained::something : Drained::nothing;
}

void InlineEngine::collect(Space& space, bool final) {
  if (clock_) clock_->compare();
  const std::uint64_t lost = space.region->drain(final, [&](const StubRecord& record) { take(space, record); });
  if (lost == 0) return;
  space.lost += lost;
  sink_.accept({0, realtime_ns(), space.tgid, space.tgid, Lost{lost}});
}

void InlineEngine::take(Space& space, const StubRecord& raw) {
  if (raw.function >= space.plan->functions.size()) {
    ++space.lost;
    return;
  }
  if (raw.fallback) {
    // Keys can be invented.
    if (space.pending.size() >= kMostPendingKeys) space.pending.clear();
    space.pending[raw.key].add(raw);
    return;
  }
  const VdsoService& service = space.service(raw.function);
  StubRecord record = raw;
  if (!service.returns_long) record.result = static_cast<std::int32_t>(record.result);
  Route route = Route::vdso;
  if (!space.pending.empty()) {
    const auto pending = space.pending.find(record.key);
    if (pending != space.pending.end() && pending->second.take(record.stack)) route = Route::fallback;
  }
  space.tallies.add(record, service.first_is_clock, route);
  if (depth_ != StubDepth::values) return;
  const Space::Owner owner = space.owner_of(record.key);
  if (route == Route::fallback) fallbacks_.erase(owner.tid);
  if (owner.thread != nullptr) returned(space, *owner.thread, record);
  if (!owner.told) return;
  found_.push_back({&space, owner.tgid, owner.tid, route, record});
}

/// A call has come back: it is no longer open, and whatever nobody can come back to is over.
void InlineEngine::returned(Space& space, const Thread& thread, const StubRecord& record) {
  const auto open = open_.find(thread.tid);
  if (open == open_.end()) return;
  const auto left = left_by(space, thread);
  if (!open->second.leave(record.stack, left, record.start)) open->second.ran_outside(record.stack, left);
  if (open->second.empty()) open_.erase(open);
}

/// In order of time; records of one ring are in order already.
void InlineEngine::tell_found() {
  const auto start = [](const Found& found) { return found.record.start; };
  if (!std::ranges::is_sorted(found_, {}, start)) std::ranges::stable_sort(found_, {}, start);
  for (const Found& found : found_) {
    const VdsoService& service = found.space->service(found.record.function);
    Call call = make_call(service, found.space->abi, found.space->numbers[found.record.function], found.record, found.route, *clock_);
    call.engine = name();
    const std::int64_t end = call.start_ns + call.duration_ns.value_or(0);
    sink_.accept({0, end, found.tgid, found.tid, std::move(call)});
  }
  found_.clear();
}

/// Nobody writes any more: the rest, and the totals of what was only counted.
void InlineEngine::finish(Space& space) {
  if (space.region == nullptr) return;
  collect(space, true);
  tell_found();
  if (!space.told) return;
  if (depth_ == StubDepth::count) {
    tell_counts(space);
    return;
  }
  if (depth_ != StubDepth::values) {
    for (const CallTally& tally : space.tallies.all()) tell_total(space, tally);
  }
  if (space.lost == 0) tell_unreturned(space);
}

void InlineEngine::tell_counts(const Space& space) {
  for (std::uint8_t function = 0; function < space.plan->functions.size(); ++function) {
    for (const StubCount& count : space.region->counts(function, space.service(function).first_is_clock)) {
      const std::uint64_t fallbacks = std::min(count.fallbacks, count.entries);
      tell_total(space, {function, count.clock, Route::vdso, count.entries - fallbacks, 0, 0});
      tell_total(space, {function, count.clock, Route::fallback, fallbacks, count.errors, 0});
    }
  }
}

void InlineEngine::tell_total(const Space& space, const CallTally& tally) {
  if (tally.count == 0) return;
  const VdsoService& service = space.service(tally.function);
  Counts counts;
  counts.name = service.syscall;
  counts.abi = space.abi;
  counts.clock = tally.clock;
  counts.route = tally.route;
  counts.count = tally.count;
  counts.errors = tally.errors;
  if (clock_) counts.duration_ns = clock_->duration_ns(static_cast<std::int64_t>(tally.ticks));
  sink_.accept({0, realtime_ns(), space.tgid, space.tgid, std::move(counts)});
}

/// Calls that were entered and never left: their thread ended, executed or jumped out.
void InlineEngine::tell_unreturned(const Space& space) {
  for (std::uint8_t function = 0; function < space.plan->functions.size(); ++function) {
    const bool clocked = space.service(function).first_is_clock;
    for (const StubCount& count : space.region->counts(function, clocked)) {
      const std::uint64_t returned = space.tallies.seen(function, count.clock, clocked);
      if (count.entries <= returned) continue;
      tell_total(space, {function, count.clock, Route::vdso, count.entries - returned, 0, 0});
    }
  }
}

}  // namespace vdsotrace
