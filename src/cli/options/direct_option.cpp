#include "cli/options/direct_option.hpp"

#include <fmt/core.h>

#include "engines/perf/direct_calls.hpp"
#include "trace/calls/stop_policy.hpp"

namespace vdsotrace::cli {
namespace {

std::string_view name_of(Direct direct) {
  switch (direct) {
    case Direct::automatic: return "auto";
    case Direct::trace_points: return "tracepoints";
    case Direct::stops: return "stops";
    case Direct::off: return "off";
  }
  return {};
}

/// Whether the engine sees vDSO calls and fallbacks by itself, and leaves direct calls to others.
bool leaves_direct_calls(const Options& o) { return o.engine == "auto" || o.engine == "inline"; }

/// Whether calls that no vDSO could serve are wanted, and are seen by stops.
bool stops_at_ordinary_calls(const Options& o) { return wants_ordinary_calls(o.selection) && !o.inline_syscalls; }

}  // namespace

Result<Direct> direct_named(const std::string& name) {
  for (const Direct direct : {Direct::automatic, Direct::trace_points, Direct::stops, Direct::off}) {
    if (name == name_of(direct)) return direct;
  }
  return fail(fmt::format("--direct={}: unknown", name), "one of auto, tracepoints, stops, off");
}

Result<void> check_direct(const Options& o) {
  if (o.direct == Direct::automatic) return {};
  const std::string option = fmt::format("--direct={}", name_of(o.direct));
  if (o.engine == "perf" && !o.attach.empty()) return fail(option + " and --engine=perf exclude each other");
  if (o.direct == Direct::stops) return {};
  if (o.attach.empty()) return fail(option + ": needs -p", "a program that is started stops at its direct calls");
  if (!leaves_direct_calls(o))
    return fail(fmt::format("{} and --engine={} exclude each other", option, o.engine),
                "that engine stops processes at their system calls");
  if (!o.program.empty()) return fail(option + " and PROGRAM exclude each other");
  if (stops_at_ordinary_calls(o))
    return fail(option + ": other system calls are traced, too, and these are stops", "add -e trace=%vdso");
  return {};
}

DirectCallsBy direct_calls_by(const Options& o, const Needs& needs) {
  // Of what starts beside attached processes the beginning would be missing.
  if (o.attach.empty() || !o.program.empty() || o.direct == Direct::stops || !leaves_direct_calls(o) ||
      stops_at_ordinary_calls(o))
    return DirectCallsBy::stops;
  if (o.direct == Direct::off) return DirectCallsBy::nothing;
  if (!o.selection.wants_route(Route::syscall)) return DirectCallsBy::nothing;
  // Whole stacks take stops, but under --syscalls=inline there are to be none.
  return needs.stacks && !needs.inline_calls && o.direct == Direct::automatic ? DirectCallsBy::stops
                                                                              : DirectCallsBy::trace_points;
}

Result<void> check_direct_usable(const Options& o) {
  return o.direct == Direct::trace_points ? DirectCalls::check() : Result<void>();
}

std::optional<Notice> direct_notice(const Options& o, const Needs& needs) {
  if (o.direct == Direct::stops && !o.attach.empty())
    return Notice{
        "processes stop at every system call (--direct=stops): those that make many run several times slower"};
  if (needs.direct_calls == DirectCallsBy::nothing && o.selection.wants_route(Route::syscall))
    return Notice{"direct system calls are not seen (--direct=off)", Missing::direct_calls};
  return std::nullopt;
}

}  // namespace vdsotrace::cli
