// One run of the observing half, wired to a pipeline: what traces and audits have in common.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "cli/options/options.hpp"
#include "os/self/standard_streams.hpp"
#include "output/output.hpp"
#include "pipeline/pipeline.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace::cli {

/// How the program ended; nothing in the case of processes that ran already.
struct ProgramEnd {
  bool signaled = false;
  int code = 0;  ///< exit status, or the signal's number
};

/// What becomes of our standard input and output when the program has them.
enum class Streams : std::uint8_t {
  release,  ///< they are the program's alone; what `begin` has opened stays
  keep,     ///< another program will get them
};

class Observation {
 public:
  Observation(const Options& options, Needs needs, Streams streams = Streams::release);
  ~Observation();
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  Pipeline& pipeline();
  const Aggregate& totals() const;
  const Explainer& explainer() const;
  std::string_view engine() const;
  /// How often threads have stopped for us so far.
  std::uint64_t stops() const;

  /// Starts the program, or attaches, and observes to the end. `begin` runs when it is certain that there is something
  /// to observe, before the first event: it adds the sinks. If it fails, nothing is observed.
  Result<std::optional<ProgramEnd>> run(const std::function<Result<void>()>& begin);
  /// After all has been reported: stays with a program that runs on and cannot be detached. Answers how it ended; else
  /// `end`.
  std::optional<ProgramEnd> await_rest(const std::optional<ProgramEnd>& end);

 private:
  struct Wiring;
  Result<std::optional<ProgramEnd>> run_attached(const std::function<Result<void>()>& begin);
  /// Says what a user should know of what these options show.
  void report_limits();
  Result<std::optional<ProgramEnd>> run_program(const std::function<Result<void>()>& begin);

  const Options& options_;
  const Streams streams_;
  StandardStreams standard_streams_;
  std::unique_ptr<Wiring> wiring_;
};

/// What vdsotrace exits with after the program ended so: the same, by the same signal.
int exit_as(const std::optional<ProgramEnd>& end);

/// Where -o says; standard error without it.
Result<std::shared_ptr<Output>> open_output(const Options& options);
/// Notices go to standard error as well, unless `output` is shown there, with its own.
void add_notices(Pipeline& pipeline, const Options& options, const Output& output);
/// The last message: how many calls are missing in what was written to `output`, if any are.
void report_lost(const Options& options, const Output& output, const Aggregate& totals);

}  // namespace vdsotrace::cli
