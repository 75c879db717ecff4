// The calls of a run, kept to be compared.
#pragma once

#include "model/compare/seen_run.hpp"
#include "vdsotrace/decode_limits.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

class SeenRunSink final : public Sink {
 public:
  /// `run` must outlive it.
  SeenRunSink(SeenRun& run, const DecodeLimits& limits) : run_(run), limits_(limits) {}

  void consume(const Event& event) override;
  Result<void> finish() override { return {}; }

 private:
  SeenRun& run_;
  DecodeLimits limits_;
};

}  // namespace vdsotrace
