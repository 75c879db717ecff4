#include "engines/perf/watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "model/syscalls/spec.hpp"
#include "os/machine/processors.hpp"

namespace vdsotrace {
namespace {

/// Gives the first the highest of their numbers: the kernel closes what a process had open from the lowest on.
void reverse_numbers(std::span<UniqueFd> descriptors) {
  for (std::size_t low = 0, high = descriptors.size(); low + 1 < high; ++low) {
    --high;
    UniqueFd& one = descriptors[low];
    UniqueFd& other = descriptors[high];
    if (one.get() > other.get()) continue;
    const UniqueFd kept(::fcntl(one.get(), F_DUPFD_CLOEXEC, 0));
    if (!kept || ::dup3(other.get(), one.get(), O_CLOEXEC) < 0) continue;
    if (::dup3(kept.get(), other.get(), O_CLOEXEC) < 0) continue;
    std::swap(one, other);
  }
}

/// All calls that some vDSO of 64-bit programs serves.
std::vector<std::int64_t> capable_calls() {
  std::set<std::int64_t> numbers;
  for (const VdsoService& service : known_services()) {
    const auto nr = number_of(Abi::x86_64, service.syscall);
    if (nr >= 0) numbers.insert(nr);
  }
  return {numbers.begin(), numbers.end()};
}

/// The kernel's reading of the clock for a record and ours may differ by what an adjustment of the clock makes of it.
constexpr std::int64_t kClockMarginNs = 50'000;

}  // namespace

std::int64_t epoch_of_records_ns() {
  constexpr std::int64_t kClose = 200;
  std::int64_t closest = std::numeric_limits<std::int64_t>::max();
  std::int64_t epoch = 0;
  for (int attempt = 0; attempt < 10 && closest > kClose; ++attempt) {
    const std::int64_t before = monotonic_ns();
    const std::int64_t now = realtime_ns();
    const std::int64_t width = monotonic_ns() - before;
    if (width >= closest) continue;
    closest = width;
    epoch = now - (before + width / 2);
  }
  return epoch;
}

Result<PerfStream> PerfStream::open() {
  std::vector<PerfRing> rings;
  const auto processors = online_processors();
  if (!processors) return tl::unexpected(processors.error());
  for (const int processor : *processors) {
    auto ring = PerfRing::open(processor, processors->size());
    if (!ring) return tl::unexpected(ring.error());
    rings.push_back(std::move(*ring));
  }
  return PerfStream(std::move(rings));
}

void PerfStream::read(const PerfTimes& times) {
  for (PerfRing& ring : rings_) ring.read(waiting_, times);
}

double PerfStream::fill() const {
  double fill = 0;
  for (const PerfRing& ring : rings_) fill = std::max(fill, ring.fill());
  return fill;
}

std::vector<PerfRecord> PerfStream::take(std::optional<pid_t> stopped, bool all) {
  // A thread's earlier record is in its ring before its later one is even stamped. So of what is older than the look at
  // the first ring nothing is missing that comes before it.
  complete_until_ = monotonic_ns() - kClockMarginNs;
  read(times_);
  const auto is_ready = [&](const PerfRecord& record) {
    return all || time_of(record) <= complete_until_ || (stopped && thread_of(record) == *stopped);
  };
  const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(), is_ready);
  std::vector<PerfRecord> ready(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(rest));
  waiting_.erase(waiting_.begin(), rest);
  std::ranges::stable_sort(ready, {}, time_of);
  return ready;
}

Result<void> PerfWatch::keep(Result<PerfEvent>&& event, PerfEventInfo::Kind kind, const PerfPoint& point) {
  if (!event) return tl::unexpected(event.error());
  meanings_.emplace(event->id, PerfEventInfo{kind, origin_, point});
  descriptors_.push_back(std::move(event->descriptor));
  return {};
}

Result<void> PerfWatch::add_point(const PerfTarget& target, const WatchSpec& order, const PerfPoint& point,
                                  const PerfRing& ring) {
  return keep(open_perf_breakpoint(target, order.base + point.offset, order.stack_bytes, ring),
              PerfEventInfo::Kind::point, point);
}

Result<void> PerfWatch::add_others(const PerfTarget& target, const WatchSpec& order, const PerfRing& ring) {
  Result<void> done;
  if (order.forks) done = keep(open_perf_forks(target, ring), PerfEventInfo::Kind::other);
  if (done && order.system_call_returned)
    done = keep(open_perf_trace_point(target, *order.system_call_returned, {}, ring),
                PerfEventInfo::Kind::system_call_returned);
  if (done && order.system_call_entered) done = add_entered(target, order, ring);
  return done;
}

/// The calls that only show where a thread is make shorter samples.
Result<void> PerfWatch::add_entered(const PerfTarget& target, const WatchSpec& order, const PerfRing& ring) {
  const auto add = [&](const PerfSampling& sampling) {
    return keep(open_perf_trace_point(target, *order.system_call_entered, sampling, ring),
                PerfEventInfo::Kind::system_call_entered);
  };
  if (order.stack_bytes == 0 || order.samples_all_stacks) return add({"", order.stack_bytes});
  const auto capable = capable_calls();
  const auto done = add({only_system_calls(capable), order.stack_bytes});
  return done ? add({all_system_calls_but(capable), 0}) : done;
}

PerfWatch& PerfWatch::operator=(PerfWatch&& other) noexcept {
  stop();
  descriptors_ = std::move(other.descriptors_);
  meanings_ = std::move(other.meanings_);
  origin_ = other.origin_;
  return *this;
}

void PerfWatch::stop() {
  while (!descriptors_.empty()) descriptors_.pop_back();
}

Result<void> PerfWatch::add(const PerfTarget& target, const WatchSpec& order, std::span<const PerfRing> rings) {
  const std::size_t first = descriptors_.size();
  auto done = open(target, order, rings);
  reverse_numbers(std::span(descriptors_).subspan(first));
  return done;
}

Result<void> PerfWatch::open(const PerfTarget& target, const WatchSpec& order, std::span<const PerfRing> rings) {
  ++origin_;
  for (const PerfRing& ring : rings) {
    if (auto done = add_others(target, order, ring); !done) return done;
    for (const PerfPoint& point : order.points) {
      if (auto done = add_point(target, order, point, ring); !done) return done;
    }
  }
  return {};
}

void PerfWatch::complete(const PerfTarget& target, const WatchSpec& order, std::span<const PerfRing> rings) {
  ++origin_;
  const std::size_t first = descriptors_.size();
  for (const PerfRing& ring : rings) {
    for (auto point = order.points.rbegin(); point != order.points.rend(); ++point) {
      if (!add_point(target, order, *point, ring)) break;
    }
    static_cast<void>(add_others(target, order, ring));
  }
  reverse_numbers(std::span(descriptors_).subspan(first));
}

const PerfEventInfo* PerfWatch::meaning(std::uint64_t event) const {
  const auto found = meanings_.find(event);
  return found == meanings_.end() ? nullptr : &found->second;
}

}  // namespace vdsotrace
