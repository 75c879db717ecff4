#include "engines/inline/plan/stub_settings.hpp"

#include "arch/registers.hpp"
#include "engines/wanted_functions.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

StubDepth depth_of(const Needs& needs) {
  if (needs.each_call) return StubDepth::values;
  if (needs.vdso_durations) return StubDepth::measured;
  return needs.callers ? StubDepth::callers : StubDepth::count;
}

/// Whether a record has room for all that will be printed of the values.
bool values_fit(const VdsoService& service, const Needs& needs) {
  return service.output != ServiceOutput::random || !needs.each_call || needs.limits.string <= RECORD_VALUE_BYTES;
}

}  // namespace

StubSettings::StubSettings(const Needs& wanted, bool outlive_us)
    : needs(wanted),
      attached(outlive_us),
      keeps_stack(wanted.callers || (wanted.stacks && wanted.each_call)),
      depth(depth_of(wanted)) {}

std::optional<RecordSize> StubSettings::record_size() const {
  if (depth == StubDepth::count) return std::nullopt;
  if (keeps_stack) return depth == StubDepth::values ? RecordSize::values_window : RecordSize::window;
  return depth == StubDepth::values ? RecordSize::values : RecordSize::line;
}

StubWishes StubSettings::wishes() const {
  StubWishes wishes;
  wishes.depth = depth;
  wishes.keep_stack = keeps_stack;
  wishes.rings_alone = records_system_calls();
  // Where direct calls are wanted a filter may have to distinguish them from ours (StopPolicy).
  if (!attached && needs.selection.wants_route(Route::syscall)) wishes.mark = arch::kOwnCallMark;
  wishes.wanted = [this](const VdsoService& service) { return is_wanted(service, Abi::x86_64, needs); };
  wishes.unsuited = [this](const VdsoService& service) -> std::string {
    const auto nr = number_of(Abi::x86_64, service.syscall);
    if (needs.injections != nullptr && needs.injections->of(Abi::x86_64, nr, true) != nullptr)
      return "what is injected into its calls takes stops";
    // Of a process that is attached to the rest of a long value is not shown, as it takes a stop.
    return attached || values_fit(service, needs) ? "" : "its records have no room for its values";
  };
  return wishes;
}

}  // namespace vdsotrace
