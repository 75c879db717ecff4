// What every event goes through: filter, number, explain, count, fan out.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/aggregate.hpp"
#include "pipeline/explainer.hpp"
#include "pipeline/status_filter.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/selection.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

class Pipeline final : public EventSink {
 public:
  /// `totals` is kept up to date for sinks that end with a summary; it must outlive them.
  /// `explainer` learns from the events and explains them.
  Pipeline(const Selection& selection, Aggregate& totals, Explainer& explainer)
      : selection_(selection), totals_(totals), explainer_(explainer), by_status_(selection) {}

  void add(std::unique_ptr<Sink> sink) { sinks_.push_back(std::move(sink)); }
  void accept(Event&& event) override;
  void flush() override;
  void hold() override;
  void show() override;
  /// Finishes every sink. The first error of them. What comes after that goes to no sink.
  Result<void> finish();

 private:
  bool wanted(const Event& event) const;
  void show(const Event& event);

  const Selection& selection_;
  Aggregate& totals_;
  Explainer& explainer_;
  StatusFilter by_status_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::uint64_t last_ = 0;
  bool finished_ = false;
};

}  // namespace vdsotrace
