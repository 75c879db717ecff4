#include "engines/inline/direct_call_engine.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace vdsotrace {
namespace {

/// How far the time stamps of stubs and of perf records differ at most for the same moment.
constexpr std::int64_t kClocksDifferNs = 100'000;

EventSink& through(const std::unique_ptr<CallOrder>& order, EventSink& sink) {
  return order ? static_cast<EventSink&>(*order) : sink;
}

}  // namespace

DirectCallEngine::DirectCallEngine(const Needs& needs, EventSink& sink)
    : DirectCallEngine(needs, sink,
                       needs.each_call ? std::make_unique<CallOrder>(sink, [this] { return look(); }) : nullptr) {}

DirectCallEngine::DirectCallEngine(const Needs& needs, EventSink& sink, std::unique_ptr<CallOrder> order)
    : EngineDecorator(std::make_unique<InlineEngine>(needs, through(order, sink), true)),
      order_(std::move(order)),
      stubs_(static_cast<InlineEngine&>(*inner_)),
      direct_(needs, order_ ? order_->direct() : sink,
              [this](const AddressSpace& space, const VdsoFunction& function) {
                const StubSpace* stubs = stubs_.stubs().find(&space);
                return stubs != nullptr && stubs->installed().plan->covers(&function);
              }),
      wants_fallbacks_(needs.selection.wants_route(Route::fallback)) {}

void DirectCallEngine::install(AddressSpace& space, StoppedThread& stopped, std::span<StoppedThread* const> others) {
  direct_.watch_process(stopped.thread());
  inner_->install(space, stopped, others);
  if (wants_fallbacks_ && !direct_.reports(stopped.thread())) stubs_.show_fallbacks_by_stops(space);
}

bool DirectCallEngine::vacate_for_detach(StoppedThread& stopped, bool may_wait) {
  if (!inner_->vacate_for_detach(stopped, may_wait)) return false;
  direct_.on_end(stopped.thread());
  if (order_) order_->pass_thread(stopped.tid());
  return true;
}

bool DirectCallEngine::remove(AddressSpace& space, StoppedThread& stopped) {
  const bool removed = inner_->remove(space, stopped);
  if (order_) order_->pass_all();
  return removed;
}

void DirectCallEngine::on_stop(Thread& thread) {
  inner_->on_stop(thread);
  direct_.on_stop(thread);
  if (order_ && !stubs_.stubs().left_records()) order_->pass_thread(thread.tid);
}

void DirectCallEngine::on_clone(const Thread& parent, const Thread& child) {
  direct_.on_clone(parent, child);
  inner_->on_clone(parent, child);
}

void DirectCallEngine::on_attach_thread(Thread& thread, StoppedThread* stopped) {
  direct_.watch(thread);
  inner_->on_attach_thread(thread, stopped);
}

void DirectCallEngine::on_end(Thread& thread) {
  inner_->on_end(thread);
  direct_.on_end(thread);
  if (order_) order_->pass_thread(thread.tid);
}

bool DirectCallEngine::look() {
  direct_.look();
  return !stubs_.stubs().left_records();
}

Drained DirectCallEngine::drain() {
  if (order_) order_->begin_batch(realtime_ns() - kClocksDifferNs);
  const Drained direct = direct_.drain();
  const Drained stubs = inner_->drain();
  const bool passed = order_ && order_->end_batch();
  const auto found = passed ? Drained::Found::something : std::max(stubs.found, direct.found);
  return {found, std::max(stubs.fill, direct.fill)};
}

void DirectCallEngine::finish() {
  if (order_) order_->pass_all();
  direct_.finish();
  if (order_) order_->pass_all();
}

}  // namespace vdsotrace
