#include "engines/inline/space/stub_installer.hpp"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/address_range.hpp"
#include "base/page.hpp"
#include "os/proc/proc.hpp"
#include "trace/remote/inherited_filters.hpp"

namespace vdsotrace {
namespace {

/// Whether the thread may read the counter. Where PR_SET_TSC forbids it, we read it for the thread as long as we live.
/// False also where that cannot be asked.
bool may_read_counter(RemoteCalls& calls, const StubSpace& stubs) {
  const std::uint64_t at = stubs.region()->address() + REGION_ANSWER;
  const auto* answer = reinterpret_cast<const int*>(stubs.region()->shared(at, sizeof(int)));
  const auto done = calls.call(SYS_prctl, {PR_GET_TSC, at, 0, 0, 0, 0});
  return done && (*done != 0 || *answer == PR_TSC_ENABLE);
}

/// Whether stubs may put the thread to sleep by futex(2), until it puts a filter on itself: it has none of its own.
/// Filters that it inherited from us are tried: the kernel itself refuses futex(2) without an address, with EFAULT.
bool may_wait(StoppedThread& stopped) {
  if (!stopped.thread().space->filters_are_seen()) return false;
  if (under_inherited_filters(stopped)) return try_under_inherited_filters(SYS_futex, {}) == EFAULT;
  return !under_other_filters(stopped);
}

bool write_code(pid_t tid, const InstalledStubs& installed) {
  return write_remote(tid, installed.area.code, installed.code());
}

/// Whether our code begins there.
bool has_code(StoppedThread& stopped, const InstalledStubs& installed) {
  const auto there = stopped.memory().object<std::array<char, sizeof kStubMagic>>(installed.area.code);
  return there && std::ranges::equal(*there, kStubMagic);
}

std::uint64_t overlap(const AddressRange& one, const AddressRange& other) {
  const std::uint64_t from = std::max(one.start, other.start), to = std::min(one.end, other.end);
  return from < to ? to - from : 0;
}

bool write_trampolines(AddressSpace& space, pid_t tid, const InstalledStubs& installed) {
  std::vector<std::byte> trampolines = installed.plan->trampolines;
  if (trampolines.empty()) return true;
  for (const StubWord& word : installed.plan->stub_words) {
    const std::uint64_t address = installed.area.code + word.in_code;
    std::memcpy(trampolines.data() + word.offset, &address, sizeof address);
  }
  return space.vdso().patch(tid, installed.plan->trampolines_at, trampolines);
}

bool write_jumps(AddressSpace& space, pid_t tid, const InstalledStubs& installed) {
  std::vector<PatchedMapping::Write> writes;
  for (const StubPatch& patch : installed.plan->patches) writes.push_back({patch.offset, patch.bytes});
  return space.vdso().patch_all(tid, writes);
}

}  // namespace

const StubPlan& StubInstaller::plan_for(const VdsoImage& image) {
  return plans_.get(image, [&] { return plan_stubs(image, settings_.wishes()); });
}

std::unique_ptr<StubSpace> StubInstaller::make_space(const InstalledStubs& installed, const AddressSpace& space,
                                                     pid_t tgid) const {
  Symbols* symbols = settings_.keeps_stack ? &space.symbols() : nullptr;
  auto stubs = std::make_unique<StubSpace>(installed, tgid, symbols, reporter_);
  if (settings_.counts_by_callers()) stubs->records().count_by_callers(settings_.records_times());
  return stubs;
}

Result<std::unique_ptr<StubSpace>> StubInstaller::install(AddressSpace& space, StoppedThread& stopped,
                                                          std::span<StoppedThread* const> others) {
  const pid_t tid = stopped.tid();
  const StubPlan& plan = plan_for(*space.vdso().image());
  if (plan.code.empty()) return nullptr;
  const std::uint64_t code_bytes = whole_pages(plan.code.size());
  const std::uint64_t bytes = code_bytes + StubRegion::first_bytes(settings_.record_size(), settings_.overrun());
  const auto where = find_stub_area(tid, space.vdso().base(), code_bytes, bytes, true);
  if (!where) return fail("there is no free memory, or it is not known where");
  const InstalledStubs installed{&plan, space.vdso().image(), *where};
  auto stubs = make_space(installed, space, stopped.thread().tgid);
  if (auto mapped = map_stubs(*stubs, stopped); !mapped) return tl::unexpected(mapped.error());
  if (!write_trampolines(space, tid, installed)) return fail("its vDSO could not be written");
  // Before there is a jump: should we be killed in between, no thread may be in the middle of one.
  // A program that has only just been executed is nowhere in its vDSO.
  if (settings_.attached) {
    installed.move_out_of_patches(stopped);
    for (StoppedThread* other : others) installed.move_out_of_patches(*other);
  }
  if (!write_jumps(space, tid, installed)) {
    space.vdso().undo(tid);
    return fail("its vDSO could not be written");
  }
  note_engine_memory(space, installed);
  return stubs;
}

/// Code and region.
Result<void> StubInstaller::map_stubs(StubSpace& stubs, StoppedThread& stopped) {
  const StubArea& area = stubs.installed().area;
  const pid_t tid = stopped.tid();
  bool reads_counter = true;
  {
    RemoteCalls calls(stopped);
    if (!calls.can_be_made() && stopped.seccomp_mode().value_or(SECCOMP_MODE_DISABLED) != SECCOMP_MODE_DISABLED)
      return fail("its seccomp filters, which may not be suspended, might kill it for the calls that stubs take");
    if (!map_stub_code(calls, area)) return fail("the process could not map executable memory");
    if (!write_code(tid, stubs.installed())) {
      unmap_stubs(calls, area, 0);
      return fail("its memory could not be written");
    }
    auto region = map_region(stopped, calls, area, false);
    if (!region) {
      unmap_stubs(calls, area, 0);
      return tl::unexpected(region.error());
    }
    stubs.set_region(std::move(*region), tid);
    if (settings_.attached && proc::status_number(tid, "VmLck").value_or(0) != 0)
      unlock_stub_region(calls, area, stubs.region()->bytes());
    const bool must_ask = settings_.attached && settings_.records_times();
    reads_counter = !must_ask || may_read_counter(calls, stubs);
  }
  if (!reads_counter) end_counter_reads(stubs, stopped);
  return {};
}

/// The code begins with the name of the memory.
Result<std::unique_ptr<StubRegion>> StubInstaller::map_region(StoppedThread& stopped, RemoteCalls& calls,
                                                              const StubArea& area, bool replace) const {
  const auto size = settings_.record_size();
  const std::size_t overrun = settings_.overrun();
  const std::size_t bytes = StubRegion::first_bytes(size, overrun);
  const bool may_sleep = settings_.may_sleep() && may_wait(stopped);
  const auto make = [&](SharedMemory memory) {
    return std::make_unique<StubRegion>(std::move(memory), area.region(), bytes, may_sleep, size, overrun);
  };
  return map_stub_region(stopped, calls, area, area.code, bytes, replace, make);
}

std::unique_ptr<StubSpace> StubInstaller::copy_for_fork(const AddressSpace& parent, const StubSpace* of_parent,
                                                        const Thread& child) {
  if (of_parent != nullptr) {
    auto own = make_space(of_parent->installed(), *child.space, child.tgid);
    own->inherit(of_parent->mapped_bytes());
    return own;
  }
  // The creator is gone: in the child, its stubs lie where they were installed in the creator.
  const EngineMemory& memory = parent.engine_memory();
  if (memory.start == memory.end || parent.vdso().image() == nullptr) return nullptr;
  const InstalledStubs installed{
      &plan_for(*parent.vdso().image()), parent.vdso().image(), {memory.start, memory.end - memory.start}};
  return make_space(installed, *child.space, child.tgid);
}

bool StubInstaller::give_own_region(StubSpace& stubs, StoppedThread& stopped) {
  const StubArea& area = stubs.installed().area;
  if (!has_code(stopped, stubs.installed()) && !map_code(stubs, stopped)) return false;
  // What the program has mapped instead is its own.
  const bool has_another = stopped.memory().object<std::uint64_t>(area.region() + REGION_MAGIC) == StubRegion::kMagic;
  const std::uint64_t inherited = has_another ? stubs.mapped_bytes() : 0;
  RemoteCalls calls(stopped);
  auto region = map_region(stopped, calls, area, has_another);
  if (!region) return false;
  stubs.set_region(std::move(*region), stopped.tid());
  const std::uint64_t own = stubs.region()->bytes();
  if (inherited > own) calls.call(SYS_munmap, {area.region() + own, inherited - own, 0, 0, 0, 0});
  return true;
}

std::optional<StubInstaller::MissingMemory> StubInstaller::missing_memory(const StubSpace& stubs,
                                                                          StoppedThread& stopped) const {
  const StubArea& area = stubs.installed().area;
  const auto mappings = proc::known_mappings(stopped.tid());
  if (!mappings) return std::nullopt;
  const AddressRange code{area.code, area.region()};
  const AddressRange region{area.region(), area.region() + stubs.mapped_bytes()};
  std::uint64_t code_there = 0, region_there = 0;
  for (const proc::Mapping& mapping : *mappings) {
    const AddressRange there{mapping.start, mapping.end};
    const bool is_region = mapping.name.find(kStubMagic) != std::string::npos && !mapping.executable;
    const bool is_code = mapping.name.empty() && mapping.executable;
    if ((overlap(there, region) != 0 && !is_region) || (overlap(there, code) != 0 && !is_code)) return std::nullopt;
    region_there += overlap(there, region);
    code_there += overlap(there, code);
  }
  // Code of which only a part is there, or which is not ours, is somebody else's.
  if (code_there != 0 && (code_there != code.size() || !has_code(stopped, stubs.installed()))) return std::nullopt;
  return MissingMemory{code_there == 0, region_there != region.size()};
}

bool StubInstaller::map_code(const StubSpace& stubs, StoppedThread& stopped) const {
  RemoteCalls calls(stopped);
  return map_stub_code(calls, stubs.installed().area) && write_code(stopped.tid(), stubs.installed());
}

void StubInstaller::unmap(const StubSpace& stubs, AddressSpace& space, StoppedThread& stopped) {
  // What the program has mapped there since is its own.
  if (stubs.members().may_be_unmapped() && missing_memory(stubs, stopped)) {
    RemoteCalls calls(stopped);
    unmap_stubs(calls, stubs.installed().area, stubs.mapped_bytes());
  }
  space.set_engine_memory({});
}

void StubInstaller::note_engine_memory(AddressSpace& space, const InstalledStubs& installed) const {
  const StubArea& area = installed.area;
  EngineMemory memory{area.code, area.region(), area.code + StubPlan::kSystemCall, {}};
  for (const MovedFallback& fallback : installed.plan->fallbacks)
    memory.fallbacks[space.vdso().base() + fallback.after] = installed.function(fallback.function).function;
  space.set_engine_memory(std::move(memory));
}

void StubInstaller::end_counter_reads(const StubSpace& stubs, StoppedThread& stopped) {
  constexpr std::array<std::byte, sizeof(std::uint64_t)> kNo{};
  for (const std::uint32_t word : stubs.installed().plan->counter_words)
    write_remote(stopped.tid(), stubs.installed().area.code + word, kNo);
  if (std::exchange(warned_undated_, true)) return;
  reporter_.report(stopped.thread(),
                   Notice{"may not read the processor's time-stamp counter: times of calls that stay in user space are "
                          "those at which they were found",
                          Missing::times});
}

}  // namespace vdsotrace
