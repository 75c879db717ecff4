// What the outputs ask of an engine, said once. An engine does no more than that.
#pragma once

#include <string>
#include <vector>

#include "vdsotrace/decode_limits.hpp"
#include "vdsotrace/injection.hpp"
#include "vdsotrace/selection.hpp"

namespace vdsotrace {

/// How system calls are seen that a vDSO could have served and that were made without it.
enum class DirectCallsBy : std::uint8_t {
  stops,         ///< every thread stops at them
  trace_points,  ///< of processes that are attached to: the kernel's trace points; if they cannot be had, not at all
  nothing,       ///< they are not seen
};

struct Needs {
  bool each_call = true;              ///< Call events; otherwise Counts suffice
  bool entries = true;                ///< CallEntered events, to show a call while it runs
  bool values = true;                 ///< what the arguments point to, captured at the stop
  bool durations = false;             ///< Call::duration_ns for system calls
  bool kernel_times = false;          ///< Call::kernel_ns for them
  bool vdso_durations = false;        ///< and for vDSO calls, where the engine can measure them
  bool callers = false;               ///< Call::caller
  bool steps = false;                 ///< StepFacts::path
  bool children = false;              ///< calls of the processes that the observed ones create, too
  bool progress = false;              ///< Counts now and then while the program runs, not only at the end
  bool stacks = false;                ///< Call::stack, of every call
  bool inline_calls = false;          ///< system calls are counted without stops, where that is possible
  bool instruction_pointers = false;  ///< Signal::instruction_pointer
  std::vector<std::string> paths;     ///< if there are any, only system calls that use one of them
  /// How calls are shown. So much of their values is captured; of system calls, Call::descriptors and Call::processes.
  DecodeLimits limits;
  Dumps dumps;                             ///< captured with the values
  const Injections* injections = nullptr;  ///< what is done to calls; null: nothing
  Selection selection;
  DirectCallsBy direct_calls = DirectCallsBy::stops;
  bool filter = true;  ///< what is started may stop by a seccomp filter of ours: its children stay ours then, too
};

}  // namespace vdsotrace
