#include "engines/perf/direct_call_events.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "engines/perf/sampled_caller.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {
namespace {

/// The most events of trace points of single calls. Programs of up to some twenty threads on two processors are within
/// it.
constexpr std::size_t kMostEvents = 512;
/// Who made a call of 32-bit code, vDSO or program, lies on the stack above what __kernel_vsyscall has pushed.
constexpr std::uint32_t kGateStack = 64;
/// PID_NS_INIT_INO (linux/nsfs.h, Linux 6.18): it has had that number since there have been such links.
constexpr std::string_view kFirstPidNamespace = "pid:[4026531836]";

std::uint32_t stack_bytes(const Needs& needs, Abi abi) {
  const std::uint32_t least = needs.values ? kSampledStack : abi != Abi::x86_64 ? kGateStack : 0;
  return std::max(least, sampled_stack_bytes(needs));
}

}  // namespace

DirectCallEvents::DirectCallEvents(const Needs& needs) : needs_(needs) {
  allow_many_descriptors();
  auto stream = PerfStream::open();
  if (stream) {
    stream_.emplace(std::move(*stream));
    return;
  }
  for (const Abi abi : kAbis) points_.emplace(means_for(abi), tl::unexpected(stream.error()));
}

DirectCallEvents::Points& DirectCallEvents::points_of(const DirectCallMeans& means) {
  const auto found = points_.find(means);
  if (found != points_.end()) return found->second;
  return points_.emplace(means, find_direct_call_points(needs_, means, own_trace_point_number)).first->second;
}

void DirectCallEvents::prepare(pid_t pid) {
  const auto tgid = static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid));
  const auto threads = proc::threads_of(tgid);
  if (pick_threads(tgid, threads)) return;
  choose_means(threads.size());
  for (const pid_t tid : threads) {
    if (!open_own(tid, Abi::x86_64)) return;
    stream_->make_room();
  }
}

Result<void> DirectCallEvents::open(pid_t tid, Abi abi) {
  if (abi == Abi::x86_64 && picked_.contains(tid)) return {};
  return open_own(tid, abi);
}

void DirectCallEvents::on_birth(pid_t tid) {
  picked_.erase(tid);
  for (const Abi abi : kAbis) opened_.erase({tid, abi});
}

Result<void> DirectCallEvents::hand_on(pid_t creator, pid_t child, pid_t tgid, Abi abi) {
  if (abi != Abi::x86_64 || !picked_.contains(creator) || opened_.contains({creator, abi})) return {};
  const Points& points = points_of({abi, false});
  if (points && has_room_for(1, *points) && pick_threads(tgid, {&child, 1})) return {};
  choose_means(2);
  if (auto opened = open_own(creator, abi); !opened) return opened;
  return open_own(child, abi);
}

// ---- events of processors ----

/// False if that is not permitted, or the numbers are others to the kernel.
bool DirectCallEvents::pick_threads(pid_t tgid, std::span<const pid_t> tids) {
  const DirectCallMeans means{Abi::x86_64, false};
  if (proc::namespace_link(::getpid(), "pid") != kFirstPidNamespace || tids.empty() || !points_of(means)) return false;
  auto points = *points_of(means);
  for (DirectCallPoint& point : points) point.filter = only_threads(tids);
  ++groups_;
  const auto before = static_cast<std::ptrdiff_t>(events_.size());
  if (!open_points({PerfTarget::kEveryThread}, means, points)) {
    events_.erase(events_.begin() + before, events_.end());
    return false;
  }
  for (const pid_t tid : tids) picked_.insert_or_assign(tid, Picked{tgid, groups_});
  return true;
}

// ---- events of threads ----

bool DirectCallEvents::has_room_for(std::size_t threads, std::span<const DirectCallPoint> points) const {
  const std::size_t of_thread = points.size() * (needs_.durations ? 2 : 1) * stream_->rings().size();
  return events_.size() + threads * of_thread <= kMostEvents;
}

/// Which trace points to use for so many threads more. Whether filters are permitted is tried on ourselves.
void DirectCallEvents::choose_means(std::size_t threads) {
  const Points& single = points_of({Abi::x86_64, false});
  if (!stream_ || filters_ || !single) return;
  if (has_room_for(threads, *single)) return;
  const DirectCallMeans means{Abi::x86_64, true};
  const Points& filtered = points_of(means);
  filters_ = filtered && open_points({}, means, *filtered);
}

Result<void> DirectCallEvents::open_own(pid_t tid, Abi abi) {
  const DirectCallMeans means = means_for(abi);
  Points& points = points_of(means);
  if (!points) return tl::unexpected(points.error());
  if (!opened_.insert({tid, abi}).second) return {};
  auto opened = open_points({tid, needs_.children ? Inherit::processes : Inherit::threads}, means, *points);
  if (!opened) points = tl::unexpected(opened.error());
  return opened;
}

// ---- opening ----

Result<void> DirectCallEvents::open_points(const PerfTarget& target, const DirectCallMeans& means,
                                           std::span<const DirectCallPoint> points) {
  using Moment = DirectCallEvent::Moment;
  for (const DirectCallPoint& point : points) {
    auto opened = open_event(target, means, point, Moment::returned);
    if (opened && point.entered != 0) opened = open_event(target, means, point, Moment::entered);
    if (!opened && opened.error().code != ESRCH) return opened;
  }
  return {};
}

Result<void> DirectCallEvents::open_event(const PerfTarget& target, const DirectCallMeans& means,
                                          const DirectCallPoint& point, DirectCallEvent::Moment moment) {
  const bool returned = moment == DirectCallEvent::Moment::returned;
  const std::uint64_t number = returned ? point.returned : point.entered;
  const PerfSampling sampling{point.filter, returned ? stack_bytes(needs_, means.abi) : 0};
  for (const PerfRing& ring : stream_->rings()) {
    auto event = means.filters ? open_perf_trace_point(target, number, sampling, ring)
                               : open_perf_system_call(target, number, sampling, ring);
    if (!event) return tl::unexpected(event.error());
    meanings_.emplace(event->id, DirectCallEvent{moment, target.tid, means.abi, groups_});
    events_.push_back(std::move(*event));
  }
  return {};
}

// ---- what they have recorded ----

const DirectCallEvent* DirectCallEvents::meaning(const PerfSample& sample) const {
  const auto found = meanings_.find(sample.event);
  if (found == meanings_.end()) return nullptr;
  const DirectCallEvent& event = found->second;
  if (event.opened_for != PerfTarget::kEveryThread) return &event;
  const auto picked = picked_.find(sample.tid);
  const bool counts = picked != picked_.end() && picked->second.tgid == sample.pid &&
                      picked->second.group == event.group;
  return counts ? &event : nullptr;
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

bool DirectCallEvents::lost_processor() const {
  return std::ranges::any_of(events_, [this](const PerfEvent& event) {
    return meanings_.at(event.id).opened_for == PerfTarget::kEveryThread && has_been_off(event);
  });
}

}  // namespace vdsotrace
