#include "os/perf_events.hpp"

#include <fmt/core.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/number.hpp"
#include "os/kernel_file.hpp"
#include "os/perf_records.hpp"
#include "os/perf_ring.hpp"
#include "os/processors.hpp"

namespace vdsotrace {
namespace {

constexpr const char* kTraceFolders[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
constexpr std::uint32_t kWakeAt = 1 << 13;  // bytes; the smallest ring has twice that

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

Result<PerfEvent> open_into(perf_event_attr& attributes, const PerfTarget& target, const PerfRing& ring) {
  attributes.inherit = 1;
  attributes.inherit_thread = target.heirs == Inherit::threads;
  // It shall not occur before its records have a place to go to.
  attributes.disabled = 1;
  auto opened = open(attributes, target.tid, ring.processor());
  if (!opened) return tl::unexpected(opened.error());
  PerfEvent event{std::move(*opened), 0};
  const int fd = event.descriptor.get();
  if (::ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring.descriptor()) == 0 &&
      ::ioctl(fd, PERF_EVENT_IOC_ID, &event.id) == 0 && ::ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0)
    return event;
  const int error = errno;
  return fail(error_text("perf event", error), hint_for(error), error);
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

Result<PerfEvent> open_perf_breakpoint(const PerfTarget& target, std::uint64_t address, const PerfRing& ring) {
  perf_event_attr attributes = breakpoint_at(address);
  return open_into(attributes, target, ring);
}

Result<PerfEvent> open_perf_forks(const PerfTarget& target, const PerfRing& ring) {
  perf_event_attr attributes = base_attributes(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY);
  attributes.task = 1;
  attributes.comm = 1;
  attributes.comm_exec = 1;
  return open_into(attributes, target, ring);
}

Result<PerfEvent> open_perf_trace_point(const PerfTarget& target, std::uint64_t number, const PerfRing& ring) {
  perf_event_attr attributes = base_attributes(PERF_TYPE_TRACEPOINT, number);
  attributes.exclude_kernel = 0;
  attributes.sample_period = 1;
  return open_into(attributes, target, ring);
}

Result<std::uint64_t> perf_trace_point_number(const std::string& name) {
  for (const char* folder : kTraceFolders) {
    const auto text = kernel_line(KernelFileSystem::trace, fmt::format("{}/events/{}/id", folder, name));
    if (!text) continue;
    if (const auto number = parse_number<std::uint64_t>(*text)) return *number;
  }
  return fail(fmt::format("trace point {}: tracefs is not mounted or may not be read", name));
}

Result<void> try_perf_breakpoints() {
  const auto processors = online_processors();
  if (!processors) return tl::unexpected(processors.error());
  auto ring = PerfRing::open(processors->front(), processors->size());
  if (!ring) return tl::unexpected(ring.error());
  // Any address of user space will do.
  const auto address = reinterpret_cast<std::uint64_t>(&try_perf_breakpoints);
  if (auto event = open_perf_breakpoint({0, Inherit::threads}, address, *ring); !event)
    return tl::unexpected(event.error());
  return {};
}

Result<UniqueFd> open_ring_owner(int processor) {
  perf_event_attr attributes = base_attributes(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY);
  attributes.watermark = 1;
  attributes.wakeup_watermark = kWakeAt;
  return open(attributes, 0, processor);
}

void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace vdsotrace
