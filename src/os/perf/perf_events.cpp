#include "os/perf/perf_events.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <linux/hw_breakpoint.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

#include "base/clock.hpp"
#include "base/number.hpp"
#include "os/kernel_file.hpp"
#include "os/machine/processors.hpp"
#include "os/perf/perf_records.hpp"
#include "os/perf/perf_ring.hpp"

namespace vdsotrace {
namespace {

constexpr const char* kTraceFolders[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
constexpr std::uint64_t kFormatLost = 1 << 4;  // PERF_FORMAT_LOST, which headers have since Linux 6.0

/// What all events have in common, so that they can share a ring and its records one layout.
perf_event_attr base_attributes(std::uint32_t type, std::uint64_t config) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config = config;
  attributes.sample_type = kPerfSampleType;
  attributes.sample_regs_user = arch::kSampledRegisters;
  attributes.sample_id_all = 1;
  attributes.use_clockid = 1;
  attributes.clockid = CLOCK_MONOTONIC;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return attributes;
}

/// A mount of tracefs that is in no namespace, so that no other process can see it; -1 if there can be none.
int own_tracefs() {
  static const UniqueFd kMount = [] {
    const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
    if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
      return UniqueFd();
    return UniqueFd(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  }();
  return kMount ? kMount.get() : -1;
}

std::string hint_for(int error) {
  const auto paranoid = kernel_line(KernelFileSystem::proc, "/proc/sys/kernel/perf_event_paranoid");
  switch (error) {
    case EACCES:
    case EPERM:
      return fmt::format("kernel.perf_event_paranoid is {}: set it to 2 or less (sysctl), or use CAP_PERFMON",
                         paranoid.value_or("not known here"));
    case EINVAL:
    case E2BIG: return "this takes Linux 5.13 or newer";
    case EMFILE:
    case ENFILE: return "raise the limit of open files (ulimit -n)";
    case ENOSPC: return "the processor's breakpoints are in use, perhaps by a debugger";
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP: return "this machine has no hardware breakpoints for perf_event_open: use another --engine";
    default: return {};
  }
}

Result<UniqueFd> open(perf_event_attr& attributes, pid_t tid, int processor) {
  const long fd = ::syscall(SYS_perf_event_open, &attributes, tid, processor, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  const int error = errno;
  return fail(error_text("perf_event_open", error), hint_for(error), error);
}

void sample_stack(perf_event_attr& attributes, std::uint32_t bytes) {
  if (bytes > 0) attributes.sample_type |= PERF_SAMPLE_STACK_USER;
  attributes.sample_stack_user = std::min(bytes, kMostSampledStack);
}

Result<PerfEvent> open_into(perf_event_attr& attributes, const PerfTarget& target, const PerfRing& ring,
                            const std::string& filter = {}) {
  attributes.inherit = target.tid != PerfTarget::kEveryThread;
  attributes.inherit_thread = attributes.inherit != 0 && target.heirs == Inherit::threads;
  // It shall not occur before its records have a place to go to.
  attributes.disabled = 1;
  auto opened = open(attributes, target.tid, ring.processor());
  if (!opened) return tl::unexpected(opened.error());
  PerfEvent event{std::move(*opened)};
  const int fd = event.descriptor.get();
  if (::ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring.descriptor()) == 0 &&
      (filter.empty() || ::ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter.c_str()) == 0) &&
      ::ioctl(fd, PERF_EVENT_IOC_ID, &event.id) == 0 && ::ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0) {
    event.on_ns = monotonic_ns();
    return event;
  }
  const int error = errno;
  return fail(error_text("perf event", error), hint_for(error), error);
}

/// For lost_samples() and has_been_off().
Result<PerfEvent> open_counting_losses(perf_event_attr& attributes, const PerfTarget& target, const PerfRing& ring,
                                       const std::string& filter = {}) {
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | kFormatLost;
  auto event = open_into(attributes, target, ring, filter);
  if (event || event.error().code != EINVAL) return event;
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
  return open_into(attributes, target, ring, filter);
}

/// As read(2) has it; before Linux 6.0 without what was lost.
struct EventCounts {
  std::int64_t enabled_ns = 0;
  std::optional<std::uint64_t> lost;
};

EventCounts read_counts(const PerfEvent& event) {
  std::array<std::uint64_t, 3> read{};  // how often it has occurred stands first
  const ssize_t size = ::read(event.descriptor.get(), read.data(), sizeof read);
  return {static_cast<std::int64_t>(read[1]), size == sizeof read ? std::optional(read[2]) : std::nullopt};
}

/// That is off.
Result<UniqueFd> open_trace_point_count(pid_t tid, std::uint64_t number) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.config = number;
  attributes.inherit = 1;
  attributes.inherit_thread = 1;
  attributes.disabled = 1;
  return open(attributes, tid, -1);
}

/// The largest step from one number to the next within one term of a filter. The kernel takes filters of a page at most
/// (perf_event_set_filter), and asks one term after the other.
pid_t widest_step(std::span<const pid_t> sorted) {
  constexpr std::size_t kMostTerms = 64;
  std::vector<pid_t> steps;
  for (std::size_t i = 1; i < sorted.size(); ++i) steps.push_back(sorted[i] - sorted[i - 1]);
  std::ranges::sort(steps, std::ranges::greater());
  return steps.size() < kMostTerms ? 1 : std::max(1, steps[kMostTerms - 1]);
}

perf_event_attr breakpoint_at(std::uint64_t address) {
  perf_event_attr attributes = base_attributes(PERF_TYPE_BREAKPOINT, 0);
  attributes.bp_type = HW_BREAKPOINT_X;
  attributes.bp_addr = address;
  attributes.bp_len = sizeof(long);
  attributes.sample_period = 1;
  attributes.remove_on_exec = 1;
  return attributes;
}

}  // namespace

std::string error_text(const char* what, int error) { return fmt::format("{}: {}", what, std::strerror(error)); }

Result<PerfEvent> open_perf_breakpoint(const PerfTarget& target, std::uint64_t address, std::uint32_t stack_bytes,
                                       const PerfRing& ring) {
  perf_event_attr attributes = breakpoint_at(address);
  sample_stack(attributes, stack_bytes);
  return open_into(attributes, target, ring);
}

Result<PerfEvent> open_perf_forks(const PerfTarget& target, const PerfRing& ring) {
  perf_event_attr attributes = base_attributes(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY);
  attributes.task = 1;
  attributes.comm = 1;
  attributes.comm_exec = 1;
  return open_into(attributes, target, ring);
}

/// "id >= 96 && (id == 96 || (id >= 201 && (id == 201 || (id == 228))))": most calls have small numbers, and the first
/// comparison shows that they are others.
std::string only_system_calls(std::span<const std::int64_t> numbers) {
  std::vector<std::int64_t> sorted(numbers.begin(), numbers.end());
  std::ranges::sort(sorted, std::ranges::greater());
  std::string filter;
  for (const std::int64_t number : sorted)
    filter = filter.empty() ? fmt::format("id == {}", number)
                            : fmt::format("id >= {0} && (id == {0} || ({1}))", number, filter);
  return filter;
}

std::string all_system_calls_but(std::span<const std::int64_t> numbers) {
  return fmt::format("id != {}", fmt::join(numbers, " && id != "));
}

std::string only_threads(std::span<const pid_t> tids) {
  std::vector<pid_t> sorted(tids.begin(), tids.end());
  std::ranges::sort(sorted);
  const pid_t step = widest_step(sorted);
  std::vector<std::string> terms;
  for (std::size_t first = 0, last = 0; first < sorted.size(); first = ++last) {
    while (last + 1 < sorted.size() && sorted[last + 1] - sorted[last] <= step) ++last;
    terms.push_back(sorted[first] == sorted[last]
                        ? fmt::format("common_pid == {}", sorted[first])
                        : fmt::format("(common_pid >= {} && common_pid <= {})", sorted[first], sorted[last]));
  }
  return fmt::format("{}", fmt::join(terms, " || "));
}

Result<PerfEvent> open_perf_trace_point(const PerfTarget& target, std::uint64_t number, const PerfSampling& sampling,
                                        const PerfRing& ring) {
  perf_event_attr attributes = base_attributes(PERF_TYPE_TRACEPOINT, number);
  attributes.exclude_kernel = 0;
  attributes.sample_period = 1;
  sample_stack(attributes, sampling.stack_bytes);
  return open_counting_losses(attributes, target, ring, sampling.filter);
}

Result<PerfEvent> open_perf_system_call(const PerfTarget& target, std::uint64_t number, const PerfSampling& sampling,
                                        const PerfRing& ring) {
  perf_event_attr attributes = base_attributes(PERF_TYPE_TRACEPOINT, number);
  attributes.sample_period = 1;
  sample_stack(attributes, sampling.stack_bytes);
  return open_counting_losses(attributes, target, ring, sampling.filter);
}

Result<UniqueFd> open_perf_count(pid_t tid, std::uint64_t number, const std::string& filter) {
  auto event = open_trace_point_count(tid, number);
  if (!event || ((filter.empty() || ::ioctl(event->get(), PERF_EVENT_IOC_SET_FILTER, filter.c_str()) == 0) &&
                 ::ioctl(event->get(), PERF_EVENT_IOC_ENABLE, 0) == 0))
    return event;
  const int error = errno;
  return fail(error_text("perf event", error), hint_for(error), error);
}

Result<UniqueFd> keep_perf_trace_point(std::uint64_t number) { return open_trace_point_count(0, number); }

std::optional<std::uint64_t> perf_count(const UniqueFd& event) {
  std::uint64_t count = 0;
  return ::read(event.get(), &count, sizeof count) == sizeof count ? std::optional(count) : std::nullopt;
}

std::optional<std::uint64_t> lost_samples(const PerfEvent& event) { return read_counts(event).lost; }

bool has_been_off(const PerfEvent& event) {
  // The clock of perf events is not adjusted as ours is.
  constexpr std::int64_t kSlackNs = 20'000'000;
  constexpr std::int64_t kAdjusted = 1000;
  const std::int64_t on_ns = monotonic_ns() - event.on_ns;
  return read_counts(event).enabled_ns < on_ns - on_ns / kAdjusted - kSlackNs;
}

Result<std::uint64_t> perf_trace_point_number(const std::string& name) {
  for (const char* folder : kTraceFolders) {
    const auto text = kernel_line(KernelFileSystem::trace, fmt::format("{}/events/{}/id", folder, name));
    if (!text) continue;
    if (const auto number = parse_number<std::uint64_t>(*text)) return *number;
  }
  return fail(fmt::format("trace point {}: tracefs is not mounted or may not be read", name));
}

Result<std::uint64_t> own_trace_point_number(const std::string& name) {
  if (auto mounted = perf_trace_point_number(name)) return mounted;
  const int folder = own_tracefs();
  const auto text = folder >= 0 ? kernel_line_at(KernelFileSystem::trace, folder, fmt::format("events/{}/id", name))
                                : std::nullopt;
  const auto number = text ? parse_number<std::uint64_t>(*text) : std::nullopt;
  if (number) return *number;
  return fail(folder >= 0 ? fmt::format("the kernel has no trace point {}", name)
                          : std::string("tracefs is not mounted or may not be read"));
}

Result<void> try_perf_breakpoints() {
  const auto processors = online_processors();
  if (!processors) return tl::unexpected(processors.error());
  auto ring = PerfRing::open(processors->front(), processors->size());
  if (!ring) return tl::unexpected(ring.error());
  // Any address of user space will do.
  const auto address = reinterpret_cast<std::uint64_t>(&try_perf_breakpoints);
  if (auto event = open_perf_breakpoint({0, Inherit::threads}, address, 0, *ring); !event)
    return tl::unexpected(event.error());
  return {};
}

Result<UniqueFd> open_ring_owner(int processor) {
  perf_event_attr attributes = base_attributes(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY);
  // Half of the ring. Each time the kernel wakes who waits for any of the events that write into it
  // (ring_buffer_wakeup), at the cost of the thread that made the record.
  attributes.watermark = 1;
  attributes.wakeup_watermark = 0;
  return open(attributes, 0, processor);
}

void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace vdsotrace
