// `vdsotrace PROGRAM` and `vdsotrace -p PID`: wires options, engine, session and outputs together.
#pragma once

#include <memory>

#include "cli/options.hpp"
#include "trace/session.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace::cli {

/// What became of a program that was observed.
struct Observed {
  Outcome outcome;
  std::string engine;  ///< that did it
};
/// Runs the program of `options` and gives all that is seen of it to `sink`; of the options only those count that say
/// how to run and observe it.
Result<Observed> observe_program(const Options& options, std::unique_ptr<Sink> sink);
/// The exit status that stands for that outcome; if a signal ended the program, does not return but dies of it.
int pass_on(const Outcome& outcome);

/// Runs the trace of a program or of running processes. The exit status of vdsotrace; if a signal ended the
/// program, does not return but dies of the same signal.
Result<int> run_trace(const Options& options);

}  // namespace vdsotrace::cli
