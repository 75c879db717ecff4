#include "engines/syscalls/stub_choice.hpp"

#include "engines/syscalls/copy_plan.hpp"
#include "engines/syscalls/signal_calls.hpp"
#include "engines/syscalls/stopping_calls.hpp"
#include "model/syscalls/spec.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {
namespace {

bool is_wanted(const Selection& selection, std::int64_t nr) {
  return selection.wants_number(Abi::x86_64, nr, true) ||
         (selection.wants_ordinary_calls() && selection.wants_number(Abi::x86_64, nr, false));
}

/// Those of which the route is shown: a record does not say it.
bool has_route(std::int64_t nr) {
  const CallSpec* spec = spec_of(Abi::x86_64, nr);
  return spec != nullptr && service_of_syscall(spec->name) != nullptr;
}

/// Whether what is shown of calls is nothing but their values and what these point to.
bool shows_only_values(const Needs& needs, const arch::CopyPlan& copies) {
  const bool has_pointees = !copies.entry.empty() || !copies.exit.empty();
  return !needs.processes.any() && !(needs.dumps.any() && has_pointees);
}

}  // namespace

StubChoice::StubChoice(const Needs& needs) : records_(needs.each_call), stubs_(kCallNumbers) {
  for (std::size_t nr = 0; nr < stubs_.size(); ++nr) stubs_[nr] = choose(needs, static_cast<std::int64_t>(nr));
}

CallStub StubChoice::choose(const Needs& needs, std::int64_t nr) {
  if (needs_stop(nr) && !SignalCalls::concerns(nr)) return CallStub::none;
  if (!needs.each_call || !is_wanted(needs.selection, nr)) return CallStub::counts;
  auto copies = has_route(nr) ? std::nullopt : copy_plan(nr, capture_limits(needs));
  if (!copies || !shows_only_values(needs, *copies)) return CallStub::none;
  copies_.emplace(nr, std::move(*copies));
  return CallStub::records;
}

}  // namespace vdsotrace
