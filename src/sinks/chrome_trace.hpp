// vDSO-capable calls as a trace that Perfetto and chrome://tracing load (the Trace Event Format, JSON object form).
#pragma once

#include <memory>
#include <string>

#include "output/output.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

class ChromeTraceSink final : public Sink {
 public:
  explicit ChromeTraceSink(std::shared_ptr<Output> output);

  /// A call whose duration is known is a complete event ("X"), another an instant of its thread ("i").
  void consume(const Event& event) override;
  Result<void> finish() override;

 private:
  void write(const std::string& object);

  std::shared_ptr<Output> output_;
  bool any_ = false;
  std::int64_t first_ns_ = 0;  ///< time stamps count from the first call, as doubles lose digits otherwise
};

}  // namespace vdsotrace
