#include "engines/inline/engine.hpp"

#include <fmt/core.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "engines/inline/stub_call.hpp"
#include "engines/inline/stub_exit.hpp"
#include "engines/inline/stub_leftovers.hpp"
#include "engines/wanted_functions.hpp"
#include "os/proc.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kPage = 4096;

StubDepth depth_of(const Needs& needs) {
  if (needs.each_call) return StubDepth::values;
  if (needs.vdso_durations) return StubDepth::measured;
  return needs.callers ? StubDepth::callers : StubDepth::count;
}

/// Whether a record has room for all that will be printed of the values.
bool values_fit(const VdsoService& service, const Needs& needs) {
  return service.output != ServiceOutput::random || !needs.each_call || needs.string_limit <= RECORD_VALUE_BYTES;
}

/// It may make none of the calls that it would have to make for us, nor read the counter: killed meanwhile, we would leave it to die.
bool is_strict(pid_t tid) {
  return proc::status_number(tid, "Seccomp").value_or(SECCOMP_MODE_STRICT) == SECCOMP_MODE_STRICT;
}

/// What may be the reason why it cannot make calls for us, where that is one.
std::string_view restriction(pid_t tid) {
  const bool restricted = proc::status_number(tid, "Seccomp").value_or(SECCOMP_MODE_DISABLED) != SECCOMP_MODE_DISABLED;
  return restricted ? " (it is under seccomp; --engine=perf asks nothing of it)" : "";
}

/// Where it is forbidden (PR_SET_TSC) we read it for the thread, as long as we live. False also where that cannot be asked.
bool may_read_counter(RemoteCalls& calls, const StubSpace& space) {
  const std::uint64_t at = space.region()->address() + REGION_ANSWER;
  const auto* answer = reinterpret_cast<const int*>(space.region()->shared(at, sizeof(int)));
  const auto told = calls.call(SYS_prctl, {PR_GET_TSC, at, 0, 0, 0, 0});
  return told && (*told != 0 || *answer == PR_TSC_ENABLE);
}

/// Where nobody stops at system calls, nobody has seen a vDSO move.
void find_moved_vdso(AddressSpace& space, pid_t tid) {
  const auto vdso = proc::vdso_mapping(tid);
  if (vdso && vdso->start != space.base()) space.moved_to(vdso->start);
}

}  // namespace

InlineEngine::InlineEngine(const Needs& needs, EventSink& sink, bool attached)
    : needs_(needs),
      sink_(sink),
      reporter_(sink),
      attached_(attached),
      inherited_(attached || ::geteuid() != 0),
      depth_(depth_of(needs)),
      for_refused_functions_(
          needs, sink,
          {[this](const VdsoImage& image, const VdsoService& service) { return !stubs_cover(image, service); },
           [this](const VdsoImage& image) { return unused_from(image); }}),
      for_stubless_processes_(needs, sink),
      processors_(std::max(1u, std::thread::hardware_concurrency())) {
  if (depth_ >= StubDepth::measured) clock_.emplace();
}

const StubPlan& InlineEngine::plan_for(const VdsoImage& image) {
  const auto found = plans_.find(&image);
  if (found != plans_.end()) return found->second;
  StubWishes wishes;
  wishes.depth = depth_;
  wishes.keep_stack = keeps_stack();
  // Where direct calls are wanted a filter may have to tell them from ours (StopPolicy).
  if (!attached_ && needs_.selection.wants_route(Route::syscall)) wishes.mark = arch::kOwnCallMark;
  wishes.wanted = [&](const VdsoService& service) {
    // Of a process that is attached to the rest of a long value is not shown, as it takes a stop.
    return is_wanted(service, Abi::x86_64, needs_) && (attached_ || values_fit(service, needs_));
  };
  return plans_.emplace(&image, plan_stubs(image, wishes)).first->second;
}

/// Behind the trampolines.
std::uint32_t InlineEngine::unused_from(const VdsoImage& image) const {
  const auto found = plans_.find(&image);
  if (found == plans_.end()) return image.unused_from();
  return found->second.trampolines_at + static_cast<std::uint32_t>(found->second.trampolines.size());
}

bool InlineEngine::stubs_cover(const VdsoImage& image, const VdsoService& service) const {
  const auto found = plans_.find(&image);
  if (found == plans_.end()) return false;
  const auto& functions = found->second.functions;
  return std::ranges::find(functions, &service, &StubbedFunction::service) != functions.end();
}

StubSpace* InlineEngine::find(const Thread& thread) {
  const auto found = spaces_.find(thread.space.get());
  return found == spaces_.end() ? nullptr : found->second.get();
}

BreakpointEngine& InlineEngine::breakpoints_for(const Thread& thread) {
  return find(thread) != nullptr ? for_refused_functions_ : for_stubless_processes_;
}

std::optional<RecordSize> InlineEngine::record_size() const {
  if (depth_ == StubDepth::count) return std::nullopt;
  if (keeps_stack()) return depth_ == StubDepth::values ? RecordSize::values_window : RecordSize::window;
  return depth_ == StubDepth::values ? RecordSize::values : RecordSize::line;
}

// ---- placing and removing ----

/// Stubs need next to nothing of the session's stops; followed signals are for the calls that handlers interrupt.
EngineStops InlineEngine::stops() const {
  const bool any = for_stubless_processes_.stops().patches;
  return {any, any && depth_ == StubDepth::values, false};
}

/// None in a process that lives on when we are killed: it would die of the first that it meets.
void InlineEngine::use_breakpoints(BreakpointEngine& engine, AddressSpace& space, StoppedThread& stopped) {
  const bool changes = space.image() != nullptr && engine.changes(*space.image());
  if (changes && stopped.thread().on_tracer_death == ptrace::OnTracerDeath::leave) {
    if (!std::exchange(warned_unseen_, true))
      reporter_.report(stopped.thread(), Notice{unseen(engine, space), Missing::user_space_calls});
    return;
  }
  if (changes) space.stop_at_every_syscall();
  engine.install(space, stopped, {});
}

/// What is not seen without breakpoints.
std::string InlineEngine::unseen(const BreakpointEngine& engine, const AddressSpace& space) const {
  const std::string_view what = &engine == &for_stubless_processes_ ? "its vDSO calls"
                                                                    : "its calls of vDSO functions that have no stub";
  return fmt::format(
      "{} program that runs already: only those of {} that enter the kernel are reported "
      "(--engine=breakpoint shows all, but if vdsotrace is killed by SIGKILL, the program dies)",
      name_of(space.abi()), what);
}

void InlineEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const> others) {
  if (space.image() == nullptr) return;
  if (space.abi() != Abi::x86_64) {
    use_breakpoints(for_stubless_processes_, space, stopped);
    return;
  }
  const auto strict = [](const StoppedThread* one) { return is_strict(one->tid()); };
  if (attached_ && (is_strict(stopped.tid()) || std::ranges::any_of(others, strict))) {
    use_breakpoints(for_stubless_processes_, space, stopped);
    return;
  }
  if (inherited_) unmap_leftovers(stopped, others);
  if (auto placed = place(space, stopped, others); !placed) {
    if (!std::exchange(warned_why_, true))
      reporter_.report(stopped.thread(),
                       Notice{fmt::format("no stubs: {}{}", placed.error().message, restriction(stopped.tid()))});
    use_breakpoints(for_stubless_processes_, space, stopped);
    return;
  }
  const StubSpace* stubs = find(stopped.thread());
  if (stubs != nullptr && !stubs->placed().plan->refused.empty())
    use_breakpoints(for_refused_functions_, space, stopped);
}

Result<void> InlineEngine::place(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const> others) {
  const pid_t tid = stopped.tid();
  const StubPlan& plan = plan_for(*space.image());
  if (plan.functions.empty()) {
    use_breakpoints(for_refused_functions_, space, stopped);
    return {};
  }
  const std::uint64_t code_bytes = (plan.code.size() + kPage - 1) / kPage * kPage;
  const auto where =
      find_stub_place(tid, space.base(), code_bytes, code_bytes + StubRegion::first_bytes(record_size()));
  if (!where) return fail("there is no free memory, or it is not known where");
  const PlacedStubs placed{&plan, space.image(), *where};
  auto made = std::make_unique<StubSpace>(placed, stopped.thread().tgid, symbols_of(space));
  bool reads_counter = true;
  {
    RemoteCalls calls(stopped);
    if (!map_stub_code(calls, *where)) return fail("the process could not map executable memory");
    if (!write_code(tid, placed)) {
      unmap_stubs(calls, *where, 0);
      return fail("its memory could not be written");
    }
    auto region = map_region(stopped, calls, *where, false);
    if (!region) {
      unmap_stubs(calls, *where, 0);
      return tl::unexpected(region.error());
    }
    made->set_region(std::move(*region), tid);
    if (attached_ && proc::status_number(tid, "VmLck").value_or(0) != 0)
      unlock_stub_region(calls, *where, made->region()->bytes());
    reads_counter = !attached_ || !clock_ || may_read_counter(calls, *made);
  }
  if (!reads_counter) end_clock_reads(*made, stopped);
  if (!write_trampolines(space, tid, placed)) return fail("its vDSO could not be written");
  // Before there is a jump: should we be killed in between, nobody may be in the middle of one.
  placed.move_out_of_patches(stopped);
  for (StoppedThread* other : others) placed.move_out_of_patches(*other);
  if (!write_jumps(space, tid, placed)) {
    space.unpatch(tid);
    return fail("its vDSO could not be written");
  }
  note_engine_memory(space, placed);
  StubSpace& known = *(spaces_[&space] = std::move(made));
  known.bind_thread(stopped);
  return {};
}

/// The code begins with the name of the memory.
Result<std::unique_ptr<StubRegion>> InlineEngine::map_region(StoppedThread& stopped, RemoteCalls& calls,
                                                             const StubPlace& place, bool replace) {
  const std::size_t bytes = StubRegion::first_bytes(record_size());
  return map_stub_region(stopped, calls, place, place.code, bytes, replace, inherited_, [&](SharedMemory memory) {
    return std::make_unique<StubRegion>(std::move(memory), place.region(), bytes, may_sleep(), record_size());
  });
}

bool InlineEngine::write_trampolines(AddressSpace& space, pid_t tid, const PlacedStubs& placed) {
  std::vector<std::byte> trampolines = placed.plan->trampolines;
  for (const StubWord& word : placed.plan->stub_words) {
    const std::uint64_t address = placed.place.code + word.in_code;
    std::memcpy(trampolines.data() + word.offset, &address, sizeof address);
  }
  return space.patch(tid, placed.plan->trampolines_at, trampolines);
}

bool InlineEngine::write_jumps(AddressSpace& space, pid_t tid, const PlacedStubs& placed) {
  return std::ranges::all_of(placed.plan->patches,
                             [&](const StubPatch& patch) { return space.patch(tid, patch.offset, patch.bytes); });
}

void InlineEngine::note_engine_memory(AddressSpace& space, const PlacedStubs& placed) {
  const StubPlace& place = placed.place;
  EngineMemory memory{place.code, place.region(), place.code + StubPlan::kSystemCall, {}};
  for (const MovedFallback& fallback : placed.plan->fallbacks)
    memory.fallbacks[space.base() + fallback.after] = placed.function(fallback.function).function;
  space.set_engine_memory(std::move(memory));
}

bool InlineEngine::write_code(pid_t tid, const PlacedStubs& placed) {
  std::vector<std::byte> code = placed.plan->code;
  for (const RegionWord& word : placed.plan->region_words) {
    const std::uint64_t value = placed.place.region() + word.in_region;
    std::memcpy(code.data() + word.offset, &value, sizeof value);
  }
  return write_remote(tid, placed.place.code, code);
}

bool InlineEngine::remove(AddressSpace& space, StoppedThread& stopped) {
  const auto found = spaces_.find(&space);
  if (found == spaces_.end()) return for_stubless_processes_.remove(space, stopped);
  find_moved_vdso(space, stopped.tid());
  if (!for_refused_functions_.remove(space, stopped)) return false;
  StubSpace& known = *found->second;
  finish(known);
  if (known.may_be_unmapped()) {
    RemoteCalls calls(stopped);
    unmap_stubs(calls, known.placed().place, known.mapped_bytes());
  }
  space.set_engine_memory({});
  spaces_.erase(found);
  return true;
}

/// Jumps and trampolines have moved along.
void InlineEngine::on_vdso_moved(AddressSpace& space, StoppedThread&) {
  if (const auto found = spaces_.find(&space); found != spaces_.end())
    note_engine_memory(space, found->second->placed());
}

void InlineEngine::move_out_of_engine_code(StoppedThread& stopped) {
  breakpoints_for(stopped.thread()).move_out_of_engine_code(stopped);
  StubSpace* space = find(stopped.thread());
  if (space == nullptr || space->region() == nullptr) return;
  // A handler must not run while a stub does: nobody could tell then when the stub is no longer needed, and a record begun
  // must be completed before the next.
  on_stop(stopped.thread());
  leave_stub(stopped, space->placed(), *space->region());
  if (depth_ != StubDepth::count) note_interrupted(*space, stopped);
}

/// A handler that is about to run makes calls of its own, and can jump out of the one that it interrupts: a call that never returns
/// is to be known.
void InlineEngine::note_interrupted(StubSpace& space, StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  on_stop(stopped.thread());
  const PlacedStubs& placed = space.placed();
  // At the jump itself a call has yet to begin.
  const auto offset = stopped.thread().space->offset_of(arch::program_counter(*registers));
  if (!offset || placed.image->function_at(*offset) != nullptr) return;
  const std::uint64_t pointer = arch::thread_pointer(*registers);
  auto record = space.region()->open_call(pointer, arch::stack_pointer(*registers));
  if (!record || record->function >= placed.plan->functions.size()) return;
  space.region()->set_aside(pointer);
  if (depth_ == StubDepth::values) open_interrupted(space, stopped, *record);
}

void InlineEngine::open_interrupted(StubSpace& space, StoppedThread& stopped, StubRecord& record) {
  const std::uint64_t stamp = record.start;
  date(record);
  Thread& thread = stopped.thread();
  const auto word = [&](std::uint64_t address) { return stopped.memory().object<std::uint64_t>(address); };
  record.return_address = word(record.stack).value_or(0);
  Call call;
  fill_call(call, space.placed().function(record.function), record, record.fallback ? Route::fallback : Route::vdso,
            *clock_);
  call.engine = name();
  if (auto fallback = fallbacks_.extract(thread.tid)) {
    fallback.mapped().start_ns = call.start_ns;
    call = std::move(fallback.mapped());
  } else {
    call.ending = Ending::unfinished;
    call.duration_ns.reset();
    call.at_exit = {};
  }
  space.find_callers(record, word);
  note_caller(call, space.place(record.caller, record.beyond, thread.tid));
  open_[thread.tid].enter(std::move(call), record.stack, left_by(space, thread), stamp);
}

OpenCalls::OnAbandoned InlineEngine::left_by(StubSpace& space, const Thread& thread) {
  return [this, &space, &thread](Call&& call) {
    space.add_unreturned(call);
    reporter_.report(thread, std::move(call));
  };
}

/// No return address leads into a stub: whoever is out of it is out for good.
bool InlineEngine::vacate_for_detach(StoppedThread& stopped, bool may_wait) {
  breakpoints_for(stopped.thread()).move_out_of_engine_code(stopped);
  StubSpace* space = find(stopped.thread());
  if (space == nullptr || space->region() == nullptr) return true;
  on_stop(stopped.thread());
  space->placed().move_back_frames(stopped);
  if (leave_stub_for_good(stopped, space->placed(), *space->region())) return true;
  if (may_wait) return false;
  space->keep_mapped();
  return true;
}

// ---- who is who ----

/// Not when a record shows it: a thread must not change its ring in the middle of a call.
void InlineEngine::on_thread_pointer(StoppedThread& stopped) {
  StubSpace* space = find(stopped.thread());
  if (space == nullptr || space->region() == nullptr) return;
  on_stop(stopped.thread());
  // Its libraries are mapped now. It may end before they are needed.
  if (keeps_stack()) stopped.thread().space->symbols().follow(stopped.tid());
  space->unbind_thread(stopped.tid(), false);
  space->bind_thread(stopped);
}

void InlineEngine::on_clone(const Thread& parent, const Thread& child) {
  StubSpace* space = find(parent);
  if (space != nullptr && child.space == parent.space) {
    space->enter();
    return;
  }
  const auto placed = space != nullptr ? space->placed() : placed_before(*parent.space);
  if (!placed) return;
  auto& own = spaces_[child.space.get()];
  own = std::make_unique<StubSpace>(*placed, child.tgid, symbols_of(*child.space));
  if (inherited_ && space != nullptr) own->inherit(space->mapped_bytes());
}

/// The stubs in the space of a creator that is no more, as they were placed there.
std::optional<PlacedStubs> InlineEngine::placed_before(const AddressSpace& space) {
  const EngineMemory& memory = space.engine_memory();
  if (memory.start == memory.end || space.image() == nullptr) return std::nullopt;
  return PlacedStubs{&plan_for(*space.image()), space.image(), {memory.start, memory.end - memory.start}};
}

void InlineEngine::on_first_stop(StoppedThread& stopped) {
  StubSpace* space = find(stopped.thread());
  if (space == nullptr) return;
  if (space->region() == nullptr && !arm(*space, stopped)) return;
  space->bind_thread(stopped);
}

void InlineEngine::on_attach_thread(Thread& thread, StoppedThread* stopped) {
  StubSpace* space = find(thread);
  if (space == nullptr) return;
  space->enter();
  space->expect_thread(thread);
  if (stopped != nullptr) space->bind_thread(*stopped);
}

bool InlineEngine::raises_traps(const AddressSpace& mapped) const {
  const auto found = spaces_.find(&mapped);
  return found == spaces_.end() ? mapped.patched() : !found->second->placed().plan->refused.empty();
}

/// Gives a child, before its first instruction, its own region where its creator's is or was.
bool InlineEngine::arm(StubSpace& space, StoppedThread& stopped) {
  const StubPlace& place = space.placed().place;
  AddressSpace& mapped = *stopped.thread().space;
  {
    RemoteCalls calls(stopped);
    const std::uint64_t inherited = space.mapped_bytes();
    if (auto region = map_region(stopped, calls, place, true)) {
      space.set_region(std::move(*region), stopped.tid());
      const std::uint64_t own = space.region()->bytes();
      if (inherited > own) calls.call(SYS_munmap, {place.region() + own, inherited - own, 0, 0, 0, 0});
      return true;
    }
  }
  mapped.unpatch(stopped.tid());
  mapped.set_engine_memory({});
  spaces_.erase(&mapped);
  use_breakpoints(for_stubless_processes_, mapped, stopped);
  return false;
}

/// mlockall(2) has locked what is ours as well.
void InlineEngine::on_memory_locked(StoppedThread& stopped) {
  StubSpace* space = find(stopped.thread());
  if (space == nullptr || space->region() == nullptr) return;
  RemoteCalls calls(stopped);
  unlock_stub_region(calls, space->placed().place, space->region()->bytes());
}

void InlineEngine::on_end(Thread& thread) {
  breakpoints_for(thread).on_end(thread);
  StubSpace* space = find(thread);
  if (space == nullptr) return;
  if (space->region() != nullptr) {
    collect(*space, space->is_last());
    report_found();
    end_open_calls(*space, thread);
  }
  space->unbind_thread(thread.tid, true);
  if (space->leave()) return;
  finish(*space);
  spaces_.erase(thread.space.get());
}

void InlineEngine::end_open_calls(StubSpace& space, Thread& thread) {
  const auto left = left_by(space, thread);
  if (auto open = open_.extract(thread.tid)) open.mapped().end(left);
  if (auto fallback = fallbacks_.extract(thread.tid)) left(std::move(fallback.mapped()));
}

/// A process that may not read the counter and that outlives us: nobody could do it for its threads then.
void InlineEngine::end_clock_reads(const StubSpace& space, StoppedThread& stopped) {
  constexpr std::array<std::byte, sizeof(std::uint64_t)> kNo{};
  for (const std::uint32_t word : space.placed().plan->counter_words)
    write_remote(stopped.tid(), space.placed().place.code + word, kNo);
  if (std::exchange(warned_undated_, true)) return;
  reporter_.report(stopped.thread(),
                   Notice{"may not read the processor's time-stamp counter: times of calls that stay in user space are "
                          "those at which they were found",
                          Missing::times});
}

// ---- what the breakpoints take care of ----

std::optional<Resume> InlineEngine::on_trap(StoppedThread& stopped) {
  // Where reading the counter is forbidden (PR_SET_TSC, strict seccomp) stubs must not show it.
  StubSpace* space = find(stopped.thread());
  const auto* registers = stopped.registers();
  if (space != nullptr && registers != nullptr && space->placed().in_stub(arch::program_counter(*registers))) {
    const auto code = stopped.memory().object<std::array<std::byte, 2>>(arch::program_counter(*registers));
    if (code != arch::kClockRead) return std::nullopt;
    stopped.set_registers(arch::after_clock_read(*registers, TscClock::now()));
    if (attached_) end_clock_reads(*space, stopped);
    return Resume{};
  }
  return breakpoints_for(stopped.thread()).on_trap(stopped);
}

bool InlineEngine::covered(const Thread& thread, const VdsoFunction* function) {
  const StubSpace* space = find(thread);
  return space != nullptr && space->placed().plan->covers(function);
}

bool InlineEngine::on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) {
  if (covered(thread, fallback)) return true;
  StubSpace* space = find(thread);
  if (const auto open = open_.find(thread.tid); space != nullptr && open != open_.end())
    open->second.saw_code_outside_vdso(stack_pointer, left_by(*space, thread));
  return breakpoints_for(thread).on_call_entry(thread, fallback, stack_pointer);
}

void InlineEngine::on_fallback_exit(Thread& thread, Call&& call) {
  if (!covered(thread, function_of(thread, call))) {
    breakpoints_for(thread).on_fallback_exit(thread, std::move(call));
  } else if (depth_ == StubDepth::values && thread.is_reported()) {
    // The function's own record will tell, with its system call in it; unless it never returns.
    call.engine = name();
    fallbacks_[thread.tid] = std::move(call);
  }
}

const VdsoFunction* InlineEngine::function_of(const Thread& thread, const Call& call) {
  const StubSpace* space = find(thread);
  return space == nullptr ? nullptr : space->placed().image->function_named(call.symbol);
}

const Call* InlineEngine::call_in_progress(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  const bool inside = registers != nullptr &&
                      stopped.thread().space->offset_of(arch::program_counter(*registers)).has_value();
  const auto open = open_.find(stopped.tid());
  if (inside && open != open_.end() && open->second.innermost() != nullptr) return open->second.innermost();
  return breakpoints_for(stopped.thread()).call_in_progress(stopped);
}

void InlineEngine::on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) {
  breakpoints_for(thread).on_handler(thread, stack_pointer, alternate_stack);
  if (const auto open = open_.find(thread.tid); open != open_.end())
    open->second.enter_handler(stack_pointer, alternate_stack);
}

void InlineEngine::on_handler_return(Thread& thread, std::uint64_t stack_pointer) {
  breakpoints_for(thread).on_handler_return(thread, stack_pointer);
  StubSpace* space = find(thread);
  if (const auto open = open_.find(thread.tid); space != nullptr && open != open_.end())
    open->second.leave_handler(stack_pointer, left_by(*space, thread));
}

}  // namespace vdsotrace
