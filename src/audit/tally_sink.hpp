// An audit's tally as the end of a pipeline.
#pragma once

#include "audit/tally.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// Gives the tally what passes.
class TallySink final : public Sink {
 public:
  explicit TallySink(AuditTally& tally) : tally_(tally) {}
  void consume(const Event& event) override { tally_.add(event); }
  Result<void> finish() override { return {}; }

 private:
  AuditTally& tally_;
};

}  // namespace vdsotrace
