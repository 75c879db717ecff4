// Calls that stubs record and calls that trace points show, in the order in which each thread made them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

#include "vdsotrace/event.hpp"

namespace vdsotrace {

/// Stubs' calls pass through it, batch by batch, each batch in order of time. Direct calls are kept until the stubs'
/// call that follows them passes, or until it is certain that none before them can come.
class CallOrder final : public EventSink {
 public:
  /// `look`: before a batch passes, has all direct calls kept that were made up to now. False if the batch may lack
  /// calls that stubs have recorded before it was begun.
  CallOrder(EventSink& sink, std::function<bool()> look) : sink_(sink), look_(std::move(look)), direct_(*this) {}
  CallOrder(const CallOrder&) = delete;

  /// What stubs have recorded.
  void accept(Event&& event) override;
  void flush() override { sink_.flush(); }
  void hold() override;
  void show() override { sink_.show(); }

  /// Where direct calls go.
  EventSink& direct() { return direct_; }

  /// All rings are about to be read: what began before that time (CLOCK_REALTIME) is complete in the batch that comes.
  /// What came while they are read, one after the other, may be in the next one.
  void begin_batch(std::int64_t now_ns) { begun_ = now_ns; }
  /// The batch has passed: passes on the direct calls of the time in which it was complete. Whether there were any.
  bool end_batch();
  /// Those of a thread that is stopped: what stubs have recorded of it has passed.
  void pass_thread(pid_t tid);
  void pass_all();

 private:
  class Direct final : public EventSink {
   public:
    explicit Direct(CallOrder& order) : order_(order) {}
    void accept(Event&& event) override { order_.keep(std::move(event)); }

   private:
    CallOrder& order_;
  };

  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void keep(Event&& event);
  void look();
  bool pass_before(std::int64_t time_ns);
  void pass_of_thread(pid_t tid, std::int64_t before_ns);

  EventSink& sink_;
  std::function<bool()> look_;
  Direct direct_;
  std::int64_t begun_ = 0;
  std::int64_t complete_until_ = 0;
  std::unordered_map<pid_t, std::multimap<std::int64_t, Event>> kept_;  ///< direct calls, by thread and beginning
  std::int64_t earliest_ = kNever;                                      ///< none of them began before that
};

}  // namespace vdsotrace
