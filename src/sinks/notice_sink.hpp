// Notices by themselves, for outputs that do not show them where they come up.
#pragma once

#include <memory>

#include "output/output.hpp"
#include "pipeline/notices.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// Writes each once, as soon as it is reported; at the end, how many more processes it was about.
class NoticeSink final : public Sink {
 public:
  /// `quiet`: how often -q was given.
  NoticeSink(std::shared_ptr<Output> output, int quiet) : output_(std::move(output)), quiet_(quiet) {}

  void consume(const Event& event) override;
  Result<void> finish() override;

 private:
  void write(const std::string& line);

  std::shared_ptr<Output> output_;
  int quiet_;
  Notices notices_;
};

}  // namespace vdsotrace
