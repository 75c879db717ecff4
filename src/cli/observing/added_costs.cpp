#include "cli/observing/added_costs.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "audit/tally.hpp"
#include "audit/tally_sink.hpp"
#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "cli/observing/observation.hpp"

namespace vdsotrace::cli {
namespace {

constexpr char kOurselves[] = "/proc/self/exe";
constexpr char kObserved[] = "observed";
/// Under any engine a call that is made directly stops at its entry and at its end.
constexpr double kStopsPerDirectCall = 2;
constexpr int kMostMs = 5'000;

/// Processor time of a call each, in ns.
struct Workload {
  double through_vdso = 0;
  double direct = 0;
};

/// getrusage(2) is no call that a vDSO serves: it does not stop under a filter, and has no stub.
std::int64_t own_cpu_ns() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
}

/// The median of batches: an interrupt's time stands in the account of whom it interrupts.
double each_ns(void (*call)(), int batch) {
  std::array<std::int64_t, 21> spent{};
  call();
  for (std::int64_t& ns : spent) {
    const std::int64_t start = own_cpu_ns();
    for (int i = 0; i < batch; ++i) call();
    ns = own_cpu_ns() - start;
  }
  std::ranges::sort(spent);
  return static_cast<double>(spent[spent.size() / 2]) / batch;
}

/// How many calls through the vDSO make a batch: more than fit into a ring of a stub, so that waits for room are in it;
/// few where each traps into the kernel. None under engines that stop at them.
int batch_for(std::string_view engine) {
  if (!observes_without_stops(engine)) return 0;
  return engine == "perf" ? 50 : 5'000;
}

Workload run_workload(std::string_view engine) {
  static timespec out;
  Workload work;
  if (const int batch = batch_for(engine); batch > 0)
    work.through_vdso = each_ns([] { ::clock_gettime(CLOCK_MONOTONIC, &out); }, batch);
  work.direct = each_ns([] { ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &out); }, 25);
  return work;
}

template <class T>
bool report(int fd, const T& what) {
  return ::write(fd, &what, sizeof what) == static_cast<ssize_t>(sizeof what);
}

/// Of the workload's calls through the vDSO; 0 where none was measured.
double median_ns(const AuditTally& tally) {
  const auto found = tally.entries().find({"clock_gettime", "CLOCK_MONOTONIC", Route::vdso, {}});
  return found == tally.entries().end() ? 0 : static_cast<double>(found->second.durations.percentile(50));
}

[[noreturn]] void observe_workload(const Options& options, const Needs& needs, int fd) {
  if (!report(fd, run_workload(options.engine))) ::_exit(EXIT_FAILURE);
  {
    Observation observation(options, needs, Streams::keep);
    AuditTally tally(observation.explainer());
    const auto ended = observation.run([&]() -> Result<void> {
      observation.pipeline().add(std::make_unique<TallySink>(tally));
      return {};
    });
    if (!ended || !report(fd, median_ns(tally))) ::_exit(EXIT_FAILURE);
  }
  ::_exit(EXIT_SUCCESS);
}

/// Nothing if it does not come in time.
template <class T>
std::optional<T> receive(int fd, std::int64_t until_ns) {
  T what{};
  pollfd waited{fd, POLLIN, 0};
  // The clocks of OwnSignals interrupt it again and again.
  for (int found = -1; found != 1;) {
    const auto left_ms = static_cast<int>((until_ns - monotonic_ns()) / 1'000'000);
    found = left_ms > 0 ? ::poll(&waited, 1, left_ms) : 0;
    if (found == 0 || (found < 0 && errno != EINTR)) return std::nullopt;
  }
  // Fewer bytes than PIPE_BUF are written, and so read, in one piece.
  if (::read(fd, &what, sizeof what) != static_cast<ssize_t>(sizeof what)) return std::nullopt;
  return what;
}

}  // namespace

bool observes_without_stops(std::string_view engine) { return engine == "inline" || engine == "perf"; }

std::optional<AddedPrices> added_prices(std::string_view engine, const Needs& needs) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return std::nullopt;
  const UniqueFd from(ends[0]);
  UniqueFd into(ends[1]);
  Options options;
  options.engine = engine;
  options.program = {kOurselves, kObserved, std::to_string(into.get()), options.engine};
  const pid_t child = ::fork();
  if (child == 0) observe_workload(options, needs, into.get());
  into.reset();
  if (child < 0) return std::nullopt;
  const std::int64_t until = monotonic_ns() + std::int64_t{kMostMs} * 1'000'000;
  const auto bare = receive<Workload>(from.get(), until);
  const auto observed = bare ? receive<Workload>(from.get(), until) : std::nullopt;
  const auto median = observed ? receive<double>(from.get(), until) : std::nullopt;
  // What it traces dies with it (PTRACE_O_EXITKILL).
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {}
  if (!median) return std::nullopt;
  return AddedPrices{std::max(0.0, observed->through_vdso - bare->through_vdso),
                     std::max(0.0, observed->direct - bare->direct) / kStopsPerDirectCall,
                     *median > 0 ? std::max(0.0, *median - bare->through_vdso) : 0};
}

std::optional<int> run_as_observed(int argc, char** argv) {
  constexpr int kWords = 4;
  if (argc != kWords || std::string_view(argv[0]) != kOurselves || std::string_view(argv[1]) != kObserved)
    return std::nullopt;
  return report(std::atoi(argv[2]), run_workload(argv[3])) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace vdsotrace::cli
