#include "engines/syscalls/call_space.hpp"

#include <algorithm>
#include <utility>

#include "engines/syscalls/sites/call_instruction.hpp"
#include "os/memory/remote_writes.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostSites = 4096;
/// Of one site. They cost as much as to read a file: on a busy machine that may get no processor as long as we do not
/// wait for it.
constexpr int kMostStopsAwaiting = 64;
/// Places that are left for calls that have stopped.
constexpr std::uint32_t kPlacesForStopped = CallCounters::kMost / 2;

std::optional<std::byte> byte_at(pid_t stopped, std::uint64_t address) {
  return RemoteMemory(stopped).object<std::byte>(address);
}

}  // namespace

std::optional<std::uint32_t> CallSpace::stub_for(StoppedThread& stopped, const CallCounters::CountedCall& call) {
  const CallStubs::Wanted wanted = stub_wanted(stopped, call);
  return stubs_.place_for(stopped.tid(), call, wanted.route, wanted.resume);
}

CallStubs::Wanted CallSpace::stub_wanted(const StoppedThread& stopped, const CallCounters::CountedCall& call) const {
  const bool capable = stopped.thread().space->vdso().serves(Abi::x86_64, call.nr);
  return {call, capable ? std::optional(Route::syscall) : std::nullopt, resume_of(call.site)};
}

std::uint64_t CallSpace::resume_of(std::uint64_t site) const {
  return patches_.tail_of(site).value_or(behind_site(site));
}

void CallSpace::on_stop(StoppedThread& stopped, std::uint32_t place, bool by_jump, CodeFiles& files) {
  const std::uint64_t address = stubs_.counters().call_at(place).site;
  Site& site = sites_[address];
  ++site.stops;
  const Others others = sharers_.others_than(stopped);
  if (!sharers_.may_meet_jumps()) return;
  if (by_jump) {
    add_number(stopped, site, place, others);
    return;
  }
  // The thread has come to the call by a way around the jump, or other code is there than what was patched.
  if (patches_.is_in_force(stopped.tid(), address)) return;
  if (patches_.is_patched(address)) undo(stopped.tid(), address);
  const auto cost = others == Others::running ? CodeFiles::Cost::high : CodeFiles::Cost::low;
  if (site.refused || !files.pays_after(site.stops, address, cost)) return;
  const bool is_patient = site.stops < kMostStopsAwaiting;
  if (site.awaits_file && is_patient && files.are_being_read()) return;
  const auto wait = is_patient ? CodeFiles::Wait::no : CodeFiles::Wait::yes;
  const CodeFiles::Answer answer = files.site_at(stopped.tid(), address, wait);
  site.awaits_file = answer.later;
  if (answer.later) return;
  site.refused = !answer.site || !patch(stopped, site, place, *answer.site, others);
  site.stubs = {place};
  if (site.refused) return;
  const CallCounters::CountedCall& call = stubs_.counters().call_at(place);
  CodeFiles::note_used(answer, call.nr, call.clock);
  if (others == Others::stopped) patch_used(stopped, answer);
}

/// What other processes have called from the file, this one is likely to call, too: one stop for them all.
void CallSpace::patch_used(StoppedThread& stopped, const CodeFiles::Answer& answer) {
  std::vector<UsedSite> used = CodeFiles::used_sites(answer);
  // A widened site is to be where no thread has been seen behind the call.
  std::erase_if(used, [&](const UsedSite& one) {
    return sites_.contains(one.site.address) || one.site.shape == SiteShape::widened;
  });
  const std::uint32_t taken = std::min(stubs_.counters().places() + kPlacesForStopped, CallCounters::kMost);
  used.resize(std::min<std::size_t>(used.size(), CallCounters::kMost - taken));
  std::vector<CallStubs::Wanted> stubs;
  for (const UsedSite& one : used) stubs.push_back(stub_wanted(stopped, {one.site.address, one.nr, one.clock}));
  const RemoteWrites together(stopped.tid());
  std::vector<SitePatches::Wanted> wanted;
  for (const std::uint32_t place : stubs_.places_for(stopped.tid(), stubs)) {
    const UsedSite& one = used[wanted.size()];
    sites_[one.site.address].stubs = {place};
    wanted.push_back({&one.site, stubs_.entry_of(place)});
  }
  if (!wanted.empty()) patches_.patch_all(stopped, wanted);
}

bool CallSpace::patch(StoppedThread& stopped, const Site& site, std::uint32_t place, const CallSite& found,
                      Others others) {
  const std::uint64_t address = stubs_.counters().call_at(place).site;
  if (found.shape == SiteShape::widened && (site.keeps_behind || !may_widen_)) return false;
  if (!stubs_.lead_to_leave(stopped.tid(), place, others)) return false;
  if (!patches_.patch(stopped, found, stubs_.entry_of(place), others)) return false;
  const auto tail = patches_.tail_of(address);
  return !tail || stubs_.set_resume(stopped.tid(), address, *tail) || (undo(stopped.tid(), address), false);
}

bool CallSpace::add_number(StoppedThread& stopped, Site& site, std::uint32_t place, Others others) {
  // Several threads may have stopped for the same number.
  if (site.stubs.empty() || std::ranges::find(site.stubs, place) != site.stubs.end()) return false;
  const pid_t tid = stopped.tid();
  if (!patches_.is_patched(stubs_.counters().call_at(place).site) || !stubs_.lead_to_leave(tid, place, others))
    return false;
  const std::uint64_t last = stubs_.memory().stub(site.stubs.back());
  const CodeWrite next = word_write(last + arch::kCallStubOthers, stubs_.entry_of(place));
  const std::uint64_t jump = last + arch::call_stub_others_jump();
  const auto first = byte_at(tid, jump);
  if (!first || *first == arch::kBreakpoint[0]) return false;
  if (others == Others::running ? !poke_text(stopped, next, {jump, {*first}})
                                : !write_remote(tid, next.address, next.bytes))
    return false;
  site.stubs.push_back(place);
  return true;
}

bool CallSpace::resume_at_written(StoppedThread& stopped) {
  const auto* registers = stopped.registers();
  if (registers == nullptr) return false;
  const std::uint64_t address = arch::breakpoint_address(*registers);
  const auto site = patches_.site_that_begins(address);
  const auto position = stubs_.memory().position_of(address);
  const bool in_stub = position && !position->leaves && position->offset == arch::call_stub_others_jump();
  if (!site && !in_stub) return false;
  if (byte_at(stopped.tid(), address) == arch::kBreakpoint[0]) {
    if (site) undo(stopped.tid(), *site);
    if (in_stub) mend_copied_stub(stopped.tid(), position->place);
  }
  return stopped.set_program_counter(address);
}

bool CallSpace::is_in_jump(const arch::Registers& registers) const {
  const std::uint64_t counter = arch::program_counter(registers);
  if (const auto own = patches_.own_place(counter)) return patches_.site_that_begins(own->address).has_value();
  const auto position = stubs_.memory().position_of(counter);
  const CallCounters::CountedCall* call = position ? stubs_.call_of(*position) : nullptr;
  return call != nullptr && !stubs_.has_made_call(registers, *position) && patches_.site_that_begins(call->site);
}

/// A fork has copied it while the stub that follows it was being written.
void CallSpace::mend_copied_stub(pid_t stopped, std::uint32_t place) {
  const std::uint64_t site = stubs_.counters().call_at(place).site;
  stubs_.write(stopped, place, resume_of(site));
  std::vector<std::uint32_t>& stubs = sites_[site].stubs;
  const auto found = std::ranges::find(stubs, place);
  if (found != stubs.end()) stubs.erase(found + 1, stubs.end());
}

bool CallSpace::keep_behind(pid_t stopped, std::uint64_t site) {
  // The program chooses how many such sites there are.
  may_widen_ = may_widen_ && sites_.size() < kMostSites;
  if (may_widen_ || sites_.contains(site)) sites_[site].keeps_behind = true;
  return !patches_.tail_of(site) || undo(stopped, site);
}

std::shared_ptr<CallSpace> CallSpace::copy_for_fork() const {
  auto copy = std::make_shared<CallSpace>(*this);
  copy->copied_while_written_ = copy->sharers_.begin_alone();
  return copy;
}

void CallSpace::look_at_copy(pid_t stopped) {
  if (!std::exchange(copied_while_written_, false)) return;
  patches_.look_at_copy(stopped);
  stubs_.look_at_copy(stopped);
  // Only the first stub of a site is sure to be the same in the copied memory.
  for (auto& [address, site] : sites_) site.stubs.resize(std::min<std::size_t>(site.stubs.size(), 1));
}

void CallSpace::admit(pid_t stopped, const Thread& other) {
  const bool follows = other.role == Thread::Role::traced;
  sharers_.admit(other.tid, follows);
  undo_widened(stopped);
  if (!follows) patches_.undo(stopped);
}

void CallSpace::undo_widened(pid_t stopped) {
  for (const std::uint64_t site : patches_.widened()) undo(stopped, site);
}

bool CallSpace::undo(pid_t stopped, std::uint64_t site) {
  const bool moved = patches_.tail_of(site).has_value();
  if (!patches_.undo(stopped, site)) return false;
  return !moved || stubs_.set_resume(stopped, site, behind_site(site));
}

bool CallSpace::undo(pid_t stopped) {
  undo_widened(stopped);
  return patches_.undo(stopped);
}

}  // namespace vdsotrace
