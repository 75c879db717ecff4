// -ff: the trace of each process in a file of its own.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "sinks/text.hpp"

namespace vdsotrace {

/// Writes PREFIX.PID for every process, from the moment it is first seen. What concerns no
/// process in particular stands in every file.
class SplitSink final : public Sink {
 public:
  SplitSink(std::string prefix, bool append, const TextOptions& options)
      : prefix_(std::move(prefix)), append_(append), options_(options) {}

  void consume(const Event& event) override;
  void flush() override;
  Result<void> finish() override;

 private:
  struct Part {
    std::shared_ptr<Output> output;
    std::unique_ptr<TextSink> text;
  };
  Part* part_of(pid_t pid);
  void close(Part& part);

  std::string prefix_;
  bool append_;
  TextOptions options_;
  std::map<pid_t, Part> parts_;
  std::set<pid_t> written_;  ///< processes that have, or had, a file
  Result<void> result_;
};

}  // namespace vdsotrace
