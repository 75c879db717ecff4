#include "engines/make_engine.hpp"

#include <algorithm>
#include <iterator>

#include "engines/breakpoint/engine.hpp"
#include "engines/breakpoint/step.hpp"
#include "engines/inline/direct_call_engine.hpp"
#include "engines/inline/engine.hpp"
#include "engines/perf/engine.hpp"
#include "engines/syscalls/attached/attached_engine.hpp"
#include "engines/syscalls/engine.hpp"

namespace vdsotrace {
namespace {

struct Row {
  std::string_view name;
  bool survives_us;  ///< an attached process goes on, unharmed, when we are killed
  bool stops;        ///< at each call: then its whole stack can be had, as of system calls that stubs record
  /// Null where this machine does not allow it.
  std::unique_ptr<ProbeEngine> (*make)(Origin, const Needs&, EventSink&);
};

std::unique_ptr<ProbeEngine> make_inline(Origin origin, const Needs& needs, EventSink& sink) {
  if (!arch::stubs_usable()) return nullptr;
  const bool attached = origin == Origin::attached;
  if (attached && needs.direct_calls == DirectCallsBy::trace_points)
    return std::make_unique<DirectCallEngine>(needs, sink);
  return std::make_unique<InlineEngine>(needs, sink, attached);
}

std::unique_ptr<ProbeEngine> make_breakpoint(Origin, const Needs& needs, EventSink& sink) {
  return std::make_unique<BreakpointEngine>(needs, sink);
}

std::unique_ptr<ProbeEngine> make_step(Origin, const Needs& needs, EventSink& sink) {
  return std::make_unique<StepEngine>(needs, sink);
}

/// Running processes it observes without stops: PerfSession.
std::unique_ptr<ProbeEngine> make_perf(Origin origin, const Needs& needs, EventSink& sink) {
  if (origin == Origin::attached) return nullptr;
  auto stream = PerfStream::open();
  const auto heirs = needs.children ? Inherit::processes : Inherit::threads;
  return stream ? std::make_unique<PerfEngine>(needs, sink, heirs, std::move(*stream)) : nullptr;
}

/// In the order in which `auto` tries them.
constexpr Row kEngines[] = {
    {"inline", true, false, make_inline},
    {"breakpoint", false, true, make_breakpoint},
    {"perf", true, false, make_perf},
    {"step", false, true, make_step},
};

}  // namespace

std::unique_ptr<ProbeEngine> make_engine(std::string_view name, Origin origin, const Needs& needs, EventSink& sink) {
  for (const Row& row : kEngines) {
    const bool spawned = origin == Origin::spawned;
    const bool by_itself = spawned ? row.stops || !needs.stacks || needs.inline_calls : row.survives_us;
    const bool suits = name == "auto" ? by_itself : name == row.name;
    if (!suits) continue;
    if (auto engine = row.make(origin, needs, sink)) return engine;
  }
  return make_breakpoint(origin, needs, sink);
}

std::unique_ptr<ProbeEngine> count_calls_inline(std::unique_ptr<ProbeEngine> engine, Origin origin, const Needs& needs,
                                                EventSink& sink) {
  if (origin == Origin::attached) return std::make_unique<AttachedCallEngine>(std::move(engine), needs, sink);
  return std::make_unique<SyscallEngine>(std::move(engine), needs, sink);
}

Result<void> check_engine(std::string_view name) { return name == "perf" ? try_perf_breakpoints() : Result<void>(); }

}  // namespace vdsotrace
