// The trace as JSON Lines: CONTRACT section 5.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/syscalls/render.hpp"
#include "pipeline/aggregate.hpp"
#include "sinks/json_line.hpp"
#include "sinks/output.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// What the `start` object says.
struct RunFacts {
  std::string version;
  std::vector<std::string> command;
  std::string engine;
  std::string arch;
  std::string kernel;
  std::string clocksource;
};

class JsonLinesSink final : public Sink {
 public:
  /// Writes the `start` line at once. `summary_only`: no lines between it and `summary`.
  JsonLinesSink(std::shared_ptr<Output> output, const Aggregate& totals, const RunFacts& facts,
                const DecodeLimits& limits, bool summary_only);

  void consume(const Event& event) override;
  void settle() override { output_->settle(); }
  Result<void> finish() override;

 private:
  /// Keeps `parents_`: an exec is told with the parent's number too.
  void note_family(const Event& event);
  std::optional<pid_t> parent_of(pid_t pid) const;

  std::shared_ptr<Output> output_;
  const Aggregate& totals_;
  DecodeLimits limits_;
  bool summary_only_;
  JsonLine line_;                    ///< kept for its memory
  std::map<pid_t, pid_t> parents_;   ///< of the processes that live
};

}  // namespace vdsotrace
