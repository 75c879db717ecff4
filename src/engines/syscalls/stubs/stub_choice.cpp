#include "engines/syscalls/stubs/stub_choice.hpp"

#include <sys/syscall.h>

#include <algorithm>

#include "engines/inline/plan/stub_settings.hpp"
#include "engines/syscalls/stubs/copy_plan.hpp"
#include "engines/syscalls/stubs/signal_calls.hpp"
#include "engines/syscalls/stubs/stopping_calls.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/spec.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {
namespace {

bool is_wanted(const Selection& selection, std::int64_t nr) {
  return selection.wants_number(Abi::x86_64, nr, true) ||
         (selection.wants_ordinary_calls() && selection.wants_number(Abi::x86_64, nr, false));
}

/// Whether names of callers depend on the call. They come from what is mapped, which is looked at when code is mapped;
/// mremap(2) stops anyway. The callers of calls that the vDSO offers are looked for at their stops.
bool is_of_callers(const Needs& needs, std::int64_t nr, const CallSpec& spec) {
  const bool maps = nr == SYS_mmap || nr == SYS_mprotect;
  return (maps && (needs.callers || needs.stacks)) || (needs.callers && service_of_syscall(spec.name) != nullptr);
}

bool is_changed(const Needs& needs, std::int64_t nr) {
  const auto changed = [&](bool vdso_capable) {
    return needs.injections->of(Abi::x86_64, nr, vdso_capable) != nullptr;
  };
  return needs.injections != nullptr && (changed(true) || changed(false));
}

/// Of such a number, calls without a plan leave the stub and stop.
bool stops_without_plan(const Needs& needs, std::int64_t nr, bool recorded) {
  return recorded && needs.values && needs_stop_without_plan(nr);
}

bool must_be_seen(const Needs& needs, std::int64_t nr, const CallSpec& spec, bool recorded) {
  const bool is_known = SignalCalls::concerns(nr) || stops_without_plan(needs, nr, recorded);
  return (needs_stop(nr) && !is_known) || is_changed(needs, nr) || is_of_callers(needs, nr, spec);
}

bool has_descriptors(std::int64_t nr, const CallSpec& spec) {
  return may_have_descriptors(spec) || pointee_plans(nr).empty();
}

/// Whether -P may show such a call: then the paths and descriptors that it uses are looked up, which takes a stop.
bool may_use_path(std::int64_t nr, const CallSpec& spec) {
  return has_descriptors(nr, spec) || std::ranges::any_of(spec.kinds, [](const ArgKind* kind) {
           return kind != nullptr && kind->print == print_path_arg;
         });
}

/// Whether what is shown of calls is nothing but their values and what these point to.
bool shows_only_values(const Needs& needs, bool has_descriptors, const arch::CopyPlan& copies) {
  const bool has_pointees = !copies.entry.empty() || !copies.exit.empty();
  const bool looks_up = needs.limits.processes.any() || (needs.limits.descriptors.any() && has_descriptors);
  return !looks_up && !(needs.dumps.any() && has_pointees);
}

}  // namespace

StubChoice::StubChoice(const Needs& needs)
    : records_(needs.each_call),
      copies_values_(needs.values),
      record_size_(StubSettings(needs, false).record_size().value_or(RecordSize::values)),
      reports_counts_(!needs.each_call && needs.paths.empty()),
      stubs_(kCallNumbers) {
  for (std::size_t nr = 0; nr < stubs_.size(); ++nr) stubs_[nr] = choose(needs, static_cast<std::int64_t>(nr));
}

bool StubChoice::counts_by_clock(std::int64_t nr) const {
  return reports_counts_ && of(nr) == CallStub::counts && is_counted_by_clock(nr);
}

CallStub StubChoice::choose(const Needs& needs, std::int64_t nr) {
  const CallSpec* spec = spec_of(Abi::x86_64, nr);
  const bool wanted = is_wanted(needs.selection, nr);
  const bool recorded = needs.each_call && wanted && needs.paths.empty();
  if (spec == nullptr || must_be_seen(needs, nr, *spec, recorded)) return CallStub::none;
  if (!needs.paths.empty() && wanted && may_use_path(nr, *spec)) return CallStub::none;
  if (!recorded) return CallStub::counts;
  auto copies = needs.values ? copy_plan(nr, needs.limits) : arch::CopyPlan();
  if (!copies || !shows_only_values(needs, has_descriptors(nr, *spec), *copies)) return CallStub::none;
  copies->record_log2 = static_cast<unsigned>(record_size_);
  copies_.emplace(nr, needs.stacks ? with_stack(std::move(*copies)) : std::move(*copies));
  return CallStub::records;
}

}  // namespace vdsotrace
