#include "trace/calls/stop_policy.hpp"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "arch/stubs.hpp"
#include "model/syscalls/spec.hpp"
#include "os/proc/proc.hpp"
#include "trace/calls/vsyscall.hpp"
#include "trace/detached_sharers.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {
namespace {

using When = FilterRule::When;

struct TracersCall {
  std::string_view name;
  FilterRule rule;
};

/// The rule as it is for programs of that ABI: in those of 32 bits no address has an upper half, and mmap's arguments
/// may be in memory.
FilterRule rule_in(Abi abi, const TracersCall& call) {
  const bool wide_only = call.rule.when == When::first_is_above || call.rule.when == When::may_map_code;
  return wide_only && word_size(abi) < sizeof(std::uint64_t) ? FilterRule{} : call.rule;
}

/// Calls that stop whatever we observe. A child must not escape us, as the filter needs a tracer; and a filter that the
/// program adds may answer in place of ours.
constexpr TracersCall kAlways[] = {
    {"clone", {When::first_has_bits, CLONE_UNTRACED}},
    {"clone3", {}},
    {"prctl", {When::first_is, PR_SET_SECCOMP}},
    {"seccomp", {}},
};
/// Calls that can put other code in the place of code that we name. This set comes before the next, whose mmap it
/// includes.
constexpr TracersCall kForNames[] = {
    {"mmap", {When::may_map_code, arch::kStackRegion}},
    {"mmap2", {}},
    {"mprotect", {When::may_map_code, UINT32_MAX}},
    {"mremap", {}},
};
/// Calls that can move or remove code that we have changed.
constexpr TracersCall kForPatches[] = {
    {"mremap", {}},
    {"munmap", {When::first_is_above, arch::kStackRegion}},
    {"mmap", {When::first_is_above, arch::kStackRegion}},
    {"mmap2", {}},
    {"mlockall", {}},
};
constexpr TracersCall kForSignals[] = {
    {"rt_sigprocmask", {}}, {"rt_sigaction", {}}, {"rt_sigreturn", {}}, {"sigprocmask", {}},
    {"ssetmask", {}},       {"sigaction", {}},    {"signal", {}},       {"sigreturn", {}},
};

void add(FilterPlan& plan, std::span<const TracersCall> calls) {
  for (const Abi abi : kAbis) {
    for (const TracersCall& call : calls) {
      const auto nr = number_of(abi, call.name);
      if (nr >= 0) plan.of(abi).try_emplace(static_cast<std::uint32_t>(nr), rule_in(abi, call));
    }
  }
}

/// Whether some vDSO may offer what the call does.
bool may_be_capable(std::string_view name) { return service_of_syscall(name) != nullptr; }

bool wants_ordinary(const Selection& selection, Abi abi, std::uint32_t nr) {
  const CallSpec* spec = spec_of(abi, nr);
  const bool capable = spec != nullptr && may_be_capable(spec->name);
  return !capable && selection.wants_ordinary_calls() && selection.wants_number(abi, nr, false);
}

/// How a call that is wanted is to stop, if it is. `direct`: stops show direct calls.
std::optional<FilterRule> rule_for(const Selection& selection, const EngineStops& engine, bool direct, Abi abi,
                                   std::uint32_t nr) {
  const CallSpec* spec = spec_of(abi, nr);
  const bool capable = spec != nullptr && may_be_capable(spec->name);
  if (wants_ordinary(selection, abi, nr)) return FilterRule{};
  if (!capable || !selection.wants_number(abi, nr, true)) return std::nullopt;
  if (engine.patches && engine.fallbacks) return FilterRule{};
  if (!direct || !selection.wants_route(Route::syscall)) return std::nullopt;
  return engine.patches && abi == Abi::x86_64 ? FilterRule{When::unless_marked, arch::kOwnCallMark} : FilterRule{};
}

/// To look for calls through a page that is not there does no harm.
bool may_have_vsyscall_page() {
  const auto mappings = proc::known_mappings(::getpid());
  return !mappings || std::ranges::any_of(*mappings, [](const auto& m) { return m.start == arch::kVsyscallPage; });
}

void add_page(FilterPlan& plan, const Selection& selection) {
  for (const std::string_view name : kVsyscalls) {
    const auto nr = number_of(Abi::x86_64, name);
    if (selection.wants_number(Abi::x86_64, nr, true))
      plan.of(Abi::x86_64).try_emplace(static_cast<std::uint32_t>(nr), FilterRule{When::in_page, 0});
  }
}

bool empty(const FilterPlan& plan) {
  return std::ranges::all_of(plan.rules, [](const auto& rules) { return rules.empty(); });
}

/// Whether calls are wanted beyond those that are named.
bool wants_all_but_some(const Selection& selection) {
  return selection.wants_ordinary_calls() && selection.wants_number(Abi::x86_64, kCallNumbers - 1, false);
}

FilterPlan plan_calls(const Selection& selection, const EngineStops& engine, bool direct) {
  FilterPlan plan;
  for (const Abi abi : kAbis) {
    for (std::uint32_t index = 0; index < kCallNumbers; ++index) {
      const auto nr = static_cast<std::uint32_t>(index | number_bit(abi));
      if (const auto rule = rule_for(selection, engine, direct, abi, nr)) plan.of(abi)[nr] = *rule;
    }
  }
  // Returns from handlers would show earlier which interrupted calls never return; that is not worth stops of its own.
  if (engine.signals && direct) add(plan, kForSignals);
  return plan;
}

/// What is to stop.
struct Wishes {
  bool all;        ///< every call
  bool filtering;  ///< what a filter of ours picks
  bool page;       ///< calls of the vsyscall page, which only a filter sees
};

Wishes wishes_of(const Needs& needs, bool spawned) {
  const Selection& selection = needs.selection;
  // A signal for a thread is lost at a filter's stop (ptrace(2), PTRACE_EVENT stops).
  const bool all = wants_all_but_some(selection) || (needs.injections != nullptr && needs.injections->send_signals());
  const bool page_asked = selection.asks_for_route(Route::vsyscall) && may_have_vsyscall_page();
  // Children that are not followed run untraced, which they cannot under a filter of ours.
  const bool picks = needs.filter && !all && (needs.children || !wants_ordinary_calls(selection));
  const bool filtering = spawned && (page_asked || picks);
  const bool page = filtering && (page_asked || (selection.wants_route(Route::vsyscall) && may_have_vsyscall_page()));
  return {all, filtering, page};
}

FilterPlan plan_for(const Needs& needs, const EngineStops& stops, const Wishes& wishes) {
  const bool direct = needs.direct_calls == DirectCallsBy::stops;
  FilterPlan plan = wishes.all ? FilterPlan{} : plan_calls(needs.selection, stops, direct);
  if (wishes.page) add_page(plan, needs.selection);
  if (wishes.filtering && !wishes.all && (needs.callers || needs.stacks)) add(plan, kForNames);
  return plan;
}

}  // namespace

bool wants_ordinary_calls(const Selection& selection) {
  for (std::uint32_t nr = 0; nr < kCallNumbers; ++nr) {
    if (wants_ordinary(selection, Abi::x86_64, nr)) return true;
  }
  return false;
}

StopPolicy::StopPolicy(const Needs& needs, const ProbeEngine& engine, bool spawned) {
  // Calls are counted or recorded by stubs, and no filter is used: it would see the calls of the stubs. In a program
  // that we start, the calls of a thread that has no stubs all stop. In processes that run already, none stops.
  if (needs.inline_calls) {
    if (!spawned) mode_ = Mode::none;
    return;
  }
  const Selection& selection = needs.selection;
  const Wishes wishes = wishes_of(needs, spawned);
  if (wishes.all && !wishes.page) return;
  only_fallbacks_enter_ = selection.wants_route(Route::fallback) && !selection.wants_route(Route::syscall);
  const EngineStops stops = engine.stops();
  FilterPlan plan = plan_for(needs, stops, wishes);
  if (empty(plan)) {
    mode_ = Mode::none;
    return;
  }
  if (!wishes.filtering) return;
  add(plan, kAlways);
  if (stops.patches) add(plan, kForPatches);
  auto program = make_filter(plan);
  if (!program) return;
  mode_ = wishes.all ? Mode::every : Mode::picked;
  filter_ = std::move(*program);
}

void StopPolicy::apply_after_exec(AddressSpace& space) const {
  if (only_fallbacks_enter_ && space.abi() != Abi::x86_64) space.stop_at_every_syscall();
}

void StopPolicy::confirm(bool installed) {
  if (filter_.empty() || filtered_) return;
  filtered_ = installed;
  if (!filtered_) mode_ = Mode::every;
}

bool StopPolicy::stops(const Thread& thread) const {
  if (thread.in_call || thread.seccomp_suspended || thread.executed || thread.phase == Thread::Phase::launching)
    return true;
  if (thread.dispatched) return false;
  if (thread.in_exec_prologue > 0) return true;
  if (may_ask_to_be_traced(thread)) return true;
  if (mode_ != Mode::every && !thread.space->every_call_stops()) return false;
  return thread.role == Thread::Role::traced || thread.space->vdso().is_patched();
}

}  // namespace vdsotrace
