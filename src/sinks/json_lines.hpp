// The trace as JSON Lines: docs/formats.md, section 5.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/syscalls/render.hpp"
#include "output/output.hpp"
#include "pipeline/aggregate.hpp"
#include "sinks/json_line.hpp"
#include "vdsotrace/document.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// What the `start` object says.
struct RunFacts {
  DocumentHead head;
  std::vector<std::string> command;
  std::string engine;
  std::string arch;
  std::string kernel;
  std::string clocksource;
  std::string syscalls = "stops";  ///< how system calls are observed, as --syscalls spells it
};

class JsonLinesSink final : public Sink {
 public:
  /// Writes the `start` line at once. `summary_only`: no lines between it and `summary`.
  JsonLinesSink(std::shared_ptr<Output> output, const Aggregate& totals, const RunFacts& facts,
                const DecodeLimits& limits, bool summary_only);

  void consume(const Event& event) override;
  void flush() override { output_->flush(); }
  void hold(bool held) override { output_->hold(held); }
  Result<void> finish() override;

 private:
  void write_call(const Event& event, const Call& call);
  void write_signal(const Event& event, const Signal& signal);
  /// What a line says between time and arguments.
  std::string_view identity_of(const Event& event, const Call& call);
  /// Keeps `parents_`: an exec is written with the parent's number too.
  void note_family(const Event& event);
  std::optional<pid_t> parent_of(pid_t pid) const;

  /// All that identity_of() looks at. Most calls are like the one before, and half of their line is.
  struct Identity {
    pid_t pid;
    pid_t tid;
    Abi abi;
    std::int64_t nr;
    std::string_view name;
    std::string_view symbol;
    std::optional<Route> route;
    std::uint64_t arg0;  ///< may be a clock
    bool operator==(const Identity&) const = default;
  };

  std::shared_ptr<Output> output_;
  const Aggregate& totals_;
  DecodeLimits limits_;
  bool summary_only_;
  JsonLine line_;  ///< these two are kept for their memory
  CallText shown_;
  std::optional<Identity> last_;
  JsonLine last_text_;
  std::map<pid_t, pid_t> parents_;  ///< of the processes that live
};

}  // namespace vdsotrace
