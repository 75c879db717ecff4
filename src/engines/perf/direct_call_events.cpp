#include "engines/perf/direct_call_events.hpp"

#include <algorithm>
#include <cerrno>

#include "engines/perf/sampled_caller.hpp"
#include "os/proc.hpp"

namespace vdsotrace {
namespace {

/// So many events of trace points of single calls there may be. Programs of up to some twenty threads on two processors
/// are within it.
constexpr std::size_t kMostEvents = 512;
/// Who made a call of 32-bit code, vDSO or program, lies on the stack above what __kernel_vsyscall has pushed.
constexpr std::uint32_t kGateStack = 64;

std::uint32_t stack_bytes(const Needs& needs, Abi abi) {
  const std::uint32_t least = needs.values ? kSampledStack : abi != Abi::x86_64 ? kGateStack : 0;
  return std::max(least, sampled_stack_bytes(needs));
}

}  // namespace

DirectCallEvents::DirectCallEvents(const Needs& needs) : needs_(needs) {
  allow_many_descriptors();
  auto stream = PerfStream::open();
  if (!stream) {
    for (const Abi abi : kAbis) points_.emplace(means_for(abi), tl::unexpected(stream.error()));
    return;
  }
  stream_.emplace(std::move(*stream));
  // Whether it is permitted is tried on ourselves.
  static_cast<void>(open(0, Abi::x86_64));
}

DirectCallEvents::Points& DirectCallEvents::points_of(const DirectCallMeans& means) {
  const auto found = points_.find(means);
  if (found != points_.end()) return found->second;
  return points_.emplace(means, find_direct_call_points(needs_, means, own_trace_point_number)).first->second;
}

/// For so many threads more. Whether filters are permitted is tried on ourselves.
void DirectCallEvents::choose_means(std::size_t threads) {
  const Points& single = points_of({Abi::x86_64, false});
  if (!stream_ || filters_ || !single) return;
  const std::size_t of_thread = single->size() * (needs_.durations ? 2 : 1) * stream_->rings().size();
  if (events_.size() + threads * of_thread <= kMostEvents) return;
  filters_ = open_points({0, Inherit::threads}, {Abi::x86_64, true}).has_value();
}

void DirectCallEvents::prepare(pid_t pid) {
  const auto tgid = static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid));
  const auto threads = proc::threads_of(tgid);
  choose_means(threads.size());
  for (const pid_t tid : threads) {
    if (!open(tid, Abi::x86_64)) return;
    stream_->make_room();
  }
}

Result<void> DirectCallEvents::open(pid_t tid, Abi abi) {
  const DirectCallMeans means = means_for(abi);
  if (const Points& points = points_of(means); !points) return tl::unexpected(points.error());
  if (!opened_.insert({tid, abi}).second) return {};
  return open_points({tid, needs_.children ? Inherit::processes : Inherit::threads}, means);
}

Result<void> DirectCallEvents::open_points(const PerfTarget& target, const DirectCallMeans& means) {
  using Moment = DirectCallEvent::Moment;
  Points& points = points_of(means);
  if (!points) return tl::unexpected(points.error());
  for (const DirectCallPoint& point : *points) {
    auto opened = open_event(target, point, Moment::returned, means.abi);
    if (opened && point.entered != 0) opened = open_event(target, point, Moment::entered, means.abi);
    if (opened || opened.error().code == ESRCH) continue;
    points = tl::unexpected(opened.error());
    return opened;
  }
  return {};
}

Result<void> DirectCallEvents::open_event(const PerfTarget& target, const DirectCallPoint& point,
                                          DirectCallEvent::Moment moment, Abi abi) {
  const bool returned = moment == DirectCallEvent::Moment::returned;
  const std::uint64_t number = returned ? point.returned : point.entered;
  const std::uint32_t stack = returned ? stack_bytes(needs_, abi) : 0;
  for (const PerfRing& ring : stream_->rings()) {
    auto event = point.filter.empty() ? open_perf_system_call(target, number, stack, ring)
                                      : open_perf_trace_point(target, number, {point.filter, stack}, ring);
    if (!event) return tl::unexpected(event.error());
    meanings_.emplace(event->id, DirectCallEvent{moment, target.tid, abi});
    events_.push_back(std::move(*event));
  }
  return {};
}

const DirectCallEvent* DirectCallEvents::meaning(std::uint64_t event) const {
  const auto found = meanings_.find(event);
  return found == meanings_.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> DirectCallEvents::lost() const {
  std::uint64_t all = 0;
  for (const PerfEvent& event : events_) {
    const auto lost = lost_samples(event);
    if (!lost) return std::nullopt;
    all += *lost;
  }
  return all;
}

}  // namespace vdsotrace
