// perf events on threads, and what they have recorded, in order.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "engines/perf/plan.hpp"
#include "os/perf/perf_events.hpp"
#include "os/perf/perf_ring.hpp"

namespace vdsotrace {

/// CLOCK_REALTIME less CLOCK_MONOTONIC, in which records are dated. An interruption while they are read shows, and they
/// are read again.
std::int64_t epoch_of_records_ns();

/// What an event's samples mean.
struct PerfEventInfo {
  enum class Kind : std::uint8_t { point, system_call_entered, system_call_returned, other };
  Kind kind = Kind::point;
  /// Distinguishes the events that were opened for one thread, on all processors, from another's.
  std::uint64_t origin = 0;
  PerfPoint point;
};

/// The rings of all processors. Records of one thread come out in the order in which they were made, whichever
/// processors it ran on.
class PerfStream {
 public:
  /// Errors as PerfRing::open.
  static Result<PerfStream> open();

  std::span<const PerfRing> rings() const { return rings_; }

  /// What has been recorded since. A record that was made during the call may be left to the next one, unless it
  /// belongs to `stopped`, a thread that cannot make any now, or `all` is given.
  std::vector<PerfRecord> take(std::optional<pid_t> stopped = {}, bool all = false);
  /// Makes room: samples that are there belong to no thread, all else waits for take().
  void make_room() { read({std::numeric_limits<std::int64_t>::max(), 0}); }
  /// Samples of other times are not taken from now on.
  void limit(const PerfTimes& times) { times_ = times; }
  /// How full the fullest ring is, 1 for all of it.
  double fill() const;
  /// CLOCK_MONOTONIC up to which nothing is missing in what was taken.
  std::int64_t complete_until() const { return complete_until_; }

 private:
  explicit PerfStream(std::vector<PerfRing> rings) : rings_(std::move(rings)) {}

  void read(const PerfTimes& times);

  std::vector<PerfRing> rings_;
  PerfTimes times_;
  std::vector<PerfRecord> waiting_;
  std::int64_t complete_until_ = 0;
};

/// What to watch in a thread.
struct WatchSpec {
  std::uint64_t base = 0;  ///< of its vDSO
  std::span<const PerfPoint> points;
  bool forks = false;
  std::optional<std::uint64_t> system_call_entered;  ///< number of the trace point
  std::optional<std::uint64_t> system_call_returned;
  std::uint32_t stack_bytes = 0;    ///< of what samples of vDSO-capable calls have of the stack
  bool samples_all_stacks = false;  ///< those of other calls, too
};

/// The events of some threads and of those that inherit them. Closed when it goes.
///
/// What was opened last is closed first, also by the kernel when we are killed. The kernel gives a thread's breakpoints
/// the processor's registers in the order in which they were opened, and does not clear a register that is free again;
/// the processor reports a match with it all the same (DR6, Intel SDM, volume 3, 18.2.3), of which the kernel then
/// makes a SIGTRAP (hw_breakpoint_handler, seen in Linux 6.18). Closed first to last, breakpoints move to other
/// registers while copies of their addresses stay behind: the program died of that.
class PerfWatch {
 public:
  PerfWatch() = default;
  PerfWatch(PerfWatch&&) = default;
  PerfWatch& operator=(PerfWatch&& other) noexcept;
  ~PerfWatch() { stop(); }

  /// Opens a thread's events on every processor. Errors: as open_perf_breakpoint; what was opened stays.
  Result<void> add(const PerfTarget& target, const WatchSpec& order, std::span<const PerfRing> rings);
  /// The same for a thread that may have inherited the first of them, while its creator's were being opened. They are
  /// opened from the last to the first, until no breakpoint is left; one that is there twice makes two samples of a
  /// call.
  void complete(const PerfTarget& target, const WatchSpec& order, std::span<const PerfRing> rings);

  /// Closes them all. What they have recorded keeps its meaning.
  void stop();

  /// By PerfEvent::id. Null: not of this watch.
  const PerfEventInfo* meaning(std::uint64_t event) const;

 private:
  Result<void> open(const PerfTarget& target, const WatchSpec& order, std::span<const PerfRing> rings);
  Result<void> add_point(const PerfTarget& target, const WatchSpec& order, const PerfPoint& point,
                         const PerfRing& ring);
  Result<void> add_others(const PerfTarget& target, const WatchSpec& order, const PerfRing& ring);
  Result<void> add_entered(const PerfTarget& target, const WatchSpec& order, const PerfRing& ring);
  Result<void> keep(Result<PerfEvent>&& event, PerfEventInfo::Kind kind, const PerfPoint& point = {});

  std::vector<UniqueFd> descriptors_;
  std::unordered_map<std::uint64_t, PerfEventInfo> meanings_;
  std::uint64_t origin_ = 0;
};

}  // namespace vdsotrace
