// Totals by route on one line of a terminal, rewritten while the program runs, gone when it has ended.
#pragma once

#include <memory>

#include "output/output.hpp"
#include "pipeline/aggregate.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

class ProgressLine final : public Sink {
 public:
  /// `columns`: the terminal's width.
  ProgressLine(std::shared_ptr<Output> terminal, const Aggregate& totals, std::size_t columns)
      : terminal_(std::move(terminal)), totals_(totals), columns_(columns) {}

  void consume(const Event& event) override;
  Result<void> finish() override;

 private:
  std::string line() const;

  std::shared_ptr<Output> terminal_;
  const Aggregate& totals_;
  std::size_t columns_;
  std::int64_t shown_ns_ = 0;  ///< when, by the events' clock
};

}  // namespace vdsotrace
