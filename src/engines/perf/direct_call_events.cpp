#include "engines/perf/direct_call_events.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

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
  static_cast<void>(can_be_had({Abi::x86_64, false}));
}

DirectCallEvents::Points& DirectCallEvents::points_of(const DirectCallMeans& means) {
  const auto found = points_.find(means);
  if (found != points_.end()) return found->second;
  return points_.emplace(means, find_direct_call_points(needs_, means, own_trace_point_number)).first->second;
}

/// Tried on ourselves.
bool DirectCallEvents::can_be_had(const DirectCallMeans& means) {
  const auto before = static_cast<std::ptrdiff_t>(events_.size());
  const bool opened = open_points({}, means).has_value();
  events_.erase(events_.begin() + before, events_.end());
  return opened;
}

/// For so many threads more.
void DirectCallEvents::choose_means(std::size_t threads) {
  const Points& single = points_of({Abi::x86_64, false});
  if (!stream_ || filters_ || !single) return;
  const std::size_t of_thread = single->size() * (needs_.durations ? 2 : 1) * stream_->rings().size();
  if (events_.size() + threads * of_thread <= kMostEvents) return;
  filters_ = can_be_had({Abi::x86_64, true});
}

void DirectCallEvents::prepare(pid_t pid) {
  const auto tgid = static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid));
  const auto threads = proc::threads_of(tgid);
  if (may_pick_threads() && pick_threads(threads)) return;
  choose_means(threads.size());
  for (const pid_t tid : threads) {
    if (!open_own(tid, Abi::x86_64)) return;
    stream_->make_room();
  }
}

// ---- events of processors ----

/// Tried on ourselves: it may be forbidden, and our number be another one in the first PID namespace.
bool DirectCallEvents::may_pick_threads() {
  if (may_pick_) return *may_pick_;
  may_pick_ = false;
  const auto point = own_trace_point_number("syscalls/sys_exit_clock_gettime");
  const std::array own{::gettid()};
  if (!stream_ || !point) return false;
  std::vector<PerfEvent> events;
  for (const PerfRing& ring : stream_->rings()) {
    auto event = open_perf_system_call({PerfTarget::kEveryThread}, *point, {*only_threads(own)}, ring);
    if (!event) return false;
    events.push_back(std::move(*event));
  }
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  std::uint64_t seen = 0;
  for (const PerfEvent& event : events) seen += count_of(event);
  may_pick_ = seen == 1;
  return *may_pick_;
}

bool DirectCallEvents::pick_threads(std::span<const pid_t> tids) {
  const DirectCallMeans means{Abi::x86_64, false};
  const auto threads = only_threads(tids);
  // Its number stands for all of them: no thread is in two such sets.
  if (!threads || !points_of(means)) return false;
  if (!open_points({{PerfTarget::kEveryThread}, PerfTarget::kEveryThread, *threads}, means)) return false;
  picked_.insert(tids.begin(), tids.end());
  return true;
}

// ---- events of threads ----

Result<void> DirectCallEvents::open(pid_t tid, Abi abi) {
  if (abi == Abi::x86_64 && picked_.contains(tid)) return {};
  return open_own(tid, abi);
}

Result<void> DirectCallEvents::hand_on(pid_t creator, pid_t child, Abi abi) {
  // Whoever had its number is gone.
  picked_.erase(child);
  opened_.erase({child, abi});
  if (abi != Abi::x86_64 || !picked_.contains(creator) || opened_.contains({creator, abi})) return {};
  choose_means(2);
  if (auto opened = open_own(creator, abi); !opened) return opened;
  return open_own(child, abi);
}

Result<void> DirectCallEvents::open_own(pid_t tid, Abi abi) {
  const DirectCallMeans means = means_for(abi);
  if (const Points& points = points_of(means); !points) return tl::unexpected(points.error());
  if (!opened_.insert({tid, abi}).second) return {};
  return open_points({{tid, needs_.children ? Inherit::processes : Inherit::threads}, tid, {}}, means);
}

Result<void> DirectCallEvents::open_points(const DirectCallWatch& watch, const DirectCallMeans& means) {
  using Moment = DirectCallEvent::Moment;
  Points& points = points_of(means);
  if (!points) return tl::unexpected(points.error());
  for (const DirectCallPoint& point : *points) {
    auto opened = open_event(watch, point, Moment::returned, means.abi);
    if (opened && point.entered != 0) opened = open_event(watch, point, Moment::entered, means.abi);
    if (opened || opened.error().code == ESRCH) continue;
    points = tl::unexpected(opened.error());
    return opened;
  }
  return {};
}

Result<void> DirectCallEvents::open_event(const DirectCallWatch& watch, const DirectCallPoint& point,
                                          DirectCallEvent::Moment moment, Abi abi) {
  const bool returned = moment == DirectCallEvent::Moment::returned;
  const std::uint64_t number = returned ? point.returned : point.entered;
  const std::uint32_t stack = returned ? stack_bytes(needs_, abi) : 0;
  for (const PerfRing& ring : stream_->rings()) {
    auto event = point.filter.empty() ? open_perf_system_call(watch.target, number, {watch.threads, stack}, ring)
                                      : open_perf_trace_point(watch.target, number, {point.filter, stack}, ring);
    if (!event) return tl::unexpected(event.error());
    meanings_.emplace(event->id, DirectCallEvent{moment, watch.opened_for, abi});
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
