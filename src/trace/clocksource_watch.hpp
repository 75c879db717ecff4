// Reports the clocksource, which can change while programs run.
#pragma once

#include <cstdint>
#include <string>

#include "vdsotrace/event.hpp"

namespace vdsotrace {

class ClocksourceWatch final : public EventSink {
 public:
  explicit ClocksourceWatch(EventSink& sink) : sink_(sink) {}

  /// Passes the event on, after the clocksource if that has become another one. It is asked for ten times a second at
  /// most, so that calls of the last tenth may still have met the one before.
  void accept(Event&& event) override;
  void flush() override;
  void hold() override { sink_.hold(); }
  void show() override { sink_.show(); }

 private:
  void look(std::int64_t now);

  EventSink& sink_;
  std::string last_;
  bool reported_ = false;
  std::int64_t looked_at_ = 0;  ///< realtime ns, as events have it
};

}  // namespace vdsotrace
