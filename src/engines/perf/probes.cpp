#include "engines/perf/probes.hpp"

#include <algorithm>
#include <cerrno>

#include "engines/perf/sampled_caller.hpp"
#include "engines/wanted_functions.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {
namespace {

/// A process whose threads start new ones faster than they can be watched, for so many rounds, is no usual one.
constexpr int kMostPasses = 1000;

}  // namespace

Result<void> PerfProbes::open() {
  auto stream = PerfStream::open();
  if (!stream) return tl::unexpected(stream.error());
  stream_.emplace(std::move(*stream));
  if (auto found = find_trace_points()) trace_points_ = *found;
  return {};
}

Result<PerfProbes::TracePoints> PerfProbes::find_trace_points() {
  const auto entered = perf_trace_point_number("raw_syscalls/sys_enter");
  if (!entered) return tl::unexpected(entered.error());
  const auto returned = perf_trace_point_number("raw_syscalls/sys_exit");
  if (!returned) return tl::unexpected(returned.error());
  // Whether they are permitted is tried on ourselves.
  if (auto event = open_perf_trace_point({0, Inherit::threads}, *entered, {}, stream_->rings().front()); !event)
    return tl::unexpected(event.error());
  return TracePoints{*entered, *returned};
}

Result<std::set<pid_t>> PerfProbes::watch_threads(pid_t pid, const AddressSpace& space) {
  const WatchSpec order = order_for(space);
  std::set<pid_t> threads;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    std::size_t found = 0;
    for (const pid_t tid : proc::threads_of(pid)) {
      if (!threads.insert(tid).second) continue;
      ++found;
      auto done = watch_thread(tid, order, pass > 0);
      if (done) continue;
      if (done.error().code != ESRCH) return tl::unexpected(done.error());
      threads.erase(tid);
    }
    if (found == 0) break;
  }
  if (threads.empty()) return fail("No such process");
  return threads;
}

/// Only threads that were there before the first was watched cannot have inherited anything.
Result<void> PerfProbes::watch_thread(pid_t tid, const WatchSpec& order, bool may_have_inherited) {
  if (may_have_inherited) {
    watch_.complete(target(tid), order, stream_->rings());
    return {};
  }
  auto done = watch_.add(target(tid), order, stream_->rings());
  stream_->make_room();
  return done;
}

Result<void> PerfProbes::watch_again(pid_t pid, const AddressSpace& space) {
  WatchSpec order = order_for(space);
  order.forks = false;
  order.system_call_entered = order.system_call_returned = std::nullopt;
  return watch_.add(target(pid), order, stream_->rings());
}

PerfTarget PerfProbes::target(pid_t tid) const {
  return {tid, needs_.children ? Inherit::processes : Inherit::threads};
}

WatchSpec PerfProbes::order_for(const AddressSpace& space) {
  WatchSpec order{space.vdso().base(), {}, true, {}, {}};
  order.stack_bytes = sampled_stack_bytes(needs_);
  order.samples_all_stacks = needs_.stacks && needs_.selection.wants_ordinary_calls();
  if (trace_points_) order.system_call_entered = trace_points_->entered;
  if (trace_points_) order.system_call_returned = trace_points_->returned;
  if (space.vdso().image() != nullptr && space.abi() == Abi::x86_64)
    order.points = plan_for(*space.vdso().image()).points;
  return order;
}

const PerfPlan& PerfProbes::plan_for(const VdsoImage& image) {
  const auto wanted = [this](const VdsoService& service) { return is_wanted(service, Abi::x86_64, needs_); };
  return plans_.get(image, [&] { return plan_perf_points(image, wanted, trace_points_.has_value()); });
}

bool PerfProbes::watches(const AddressSpace& space, const VdsoFunction& function) {
  return std::ranges::any_of(plan_for(*space.vdso().image()).points, [&](const PerfPoint& point) {
    return point.kind == PerfPoint::Kind::entry && point.offset == function.entry;
  });
}

}  // namespace vdsotrace
