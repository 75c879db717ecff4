// Which processes were attached and detached, in strace's words.
#pragma once

#include <memory>
#include <string>

#include "output/output.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// "Process 7 attached"; empty for an event of another kind, and for a thread that was reported with its process.
std::string attachment(const Event& event);

/// Says it where the user is, while the trace goes to a file.
class AttachmentSink final : public Sink {
 public:
  explicit AttachmentSink(std::shared_ptr<Output> output) : output_(std::move(output)) {}

  void consume(const Event& event) override;
  Result<void> finish() override { return {}; }

 private:
  std::shared_ptr<Output> output_;
};

}  // namespace vdsotrace
