// What stands at the end: the table of -c and -C, and the line that counts by route.
#pragma once

#include <memory>
#include <string>

#include "output/output.hpp"
#include "output/palette.hpp"
#include "pipeline/aggregate.hpp"
#include "sinks/summary_columns.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// A table in the manner of strace -c, with a column for the route and one row for
/// each clock.
class SummarySink final : public Sink {
 public:
  SummarySink(std::shared_ptr<Output> output, const Aggregate& totals, SortKey sort, std::string engine,
              SummaryColumns columns = default_summary_columns(), bool color = false)
      : output_(std::move(output)),
        totals_(totals),
        sort_(sort),
        engine_(std::move(engine)),
        columns_(std::move(columns)),
        palette_(color) {}

  void consume(const Event&) override {}
  Result<void> finish() override;

 private:
  std::shared_ptr<Output> output_;
  const Aggregate& totals_;
  SortKey sort_;
  std::string engine_;
  SummaryColumns columns_;
  Palette palette_;
};

/// "vdsotrace: 2 vDSO-capable calls: 1 in user space, ..."
class ClosingLineSink final : public Sink {
 public:
  ClosingLineSink(std::shared_ptr<Output> output, const Aggregate& totals)
      : output_(std::move(output)), totals_(totals) {}

  void consume(const Event&) override {}
  Result<void> finish() override;

 private:
  std::shared_ptr<Output> output_;
  const Aggregate& totals_;
};

}  // namespace vdsotrace
