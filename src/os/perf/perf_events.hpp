// perf_event_open(2), typed: the few kinds of events that are used here. No process is stopped or changed by them, and
// they end with the process that holds their descriptors.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/unique_fd.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

class PerfRing;

/// What the threads and processes that the thread creates from now on get of its events.
enum class Inherit : std::uint8_t {
  threads,    ///< threads have them too (inherit_thread, Linux 5.13)
  processes,  ///< and processes
};

/// Where an event is looked for: in one thread and its heirs while they run on the ring's processor. A thread is
/// observed by one event on each processor: only so may heirs and rings go together.
struct PerfTarget {
  /// In place of a thread: all that run on that processor, which takes CAP_PERFMON. Such an event has no heirs, and
  /// costs nothing when threads change.
  static constexpr pid_t kEveryThread = -1;

  pid_t tid = 0;
  Inherit heirs = Inherit::threads;
};

struct PerfEvent {
  UniqueFd descriptor;     ///< the event and its heirs are gone when it is closed
  std::uint64_t id = 0;    ///< as in PerfSample::event
  std::int64_t on_ns = 0;  ///< CLOCK_MONOTONIC: it has been on before that
};

/// The instruction at `address` is about to be executed: a breakpoint of the processor (HW_BREAKPOINT_X), of
/// which a thread can have arch::kHardwareBreakpoints. It goes away when the thread executes a program (remove_on_exec,
/// Linux 5.13). `stack_bytes`: so much of the stack each sample has, a multiple of 8. Errors: ENOSPC none is left,
/// ESRCH no such thread, EMFILE, not permitted, not supported.
Result<PerfEvent> open_perf_breakpoint(const PerfTarget& target, std::uint64_t address, std::uint32_t stack_bytes,
                                       const PerfRing& ring);
/// Forks, ends and executions (PERF_RECORD_FORK, EXIT, COMM). It stays when the thread executes a program.
Result<PerfEvent> open_perf_forks(const PerfTarget& target, const PerfRing& ring);

/// So much of the stack a sample has at most: kLargestRecord of os/perf/perf_ring.cpp counts on it.
inline constexpr std::uint32_t kMostSampledStack = 2048;
/// What samples of a trace point are taken of.
struct PerfSampling {
  std::string filter;             ///< only of these ("id == 228", PERF_EVENT_IOC_SET_FILTER); empty: of all
  std::uint32_t stack_bytes = 0;  ///< so much of the stack each sample has, a multiple of 8
};
/// Filters of raw_syscalls' points: the calls by these numbers, or all but them. There is one.
std::string only_system_calls(std::span<const std::int64_t> numbers);
std::string all_system_calls_but(std::span<const std::int64_t> numbers);
/// Of any trace point: what these threads do, by their numbers in the first PID namespace. Where they are too many for
/// a filter, others come with them whose numbers lie between theirs.
std::string only_threads(std::span<const pid_t> tids);
/// A trace point of the kernel, by its number. It stays when the thread executes a program.
Result<PerfEvent> open_perf_trace_point(const PerfTarget& target, std::uint64_t number, const PerfSampling& sampling,
                                        const PerfRing& ring);
/// A trace point syscalls:sys_enter_NAME or sys_exit_NAME, by its number: its samples are of user space, so it needs no
/// more privilege than a breakpoint. It stays when the thread executes a program.
Result<PerfEvent> open_perf_system_call(const PerfTarget& target, std::uint64_t number, const PerfSampling& sampling,
                                        const PerfRing& ring);
/// How often a thread and those that it creates come to a trace point, without a ring; `filter` as PerfSampling's. It
/// stays when the thread executes a program.
Result<UniqueFd> open_perf_count(pid_t tid, std::uint64_t number, const std::string& filter);
/// Keeps a trace point in use until it is closed, and counts nothing. That others may be opened and closed soon: the
/// first use takes the kernel long, and the end of the last one longer (tracepoint_synchronize_unregister).
Result<UniqueFd> keep_perf_trace_point(std::uint64_t number);
/// What has been counted so; nothing if it cannot be read.
std::optional<std::uint64_t> perf_count(const UniqueFd& event);

/// How many samples of that event and its heirs there was no room for (PERF_FORMAT_LOST). Nothing before Linux 6.0.
std::optional<std::uint64_t> lost_samples(const PerfEvent& event);
/// Whether a trace point's event of PerfTarget::kEveryThread was off for some time: when its processor is taken offline
/// it goes off, for good (perf_event_exit_cpu, seen in Linux 6.18). Its last milliseconds may not show.
bool has_been_off(const PerfEvent& event);

/// The number of a trace point ("raw_syscalls/sys_enter"), from tracefs where it is mounted and may be
/// read. It is not mounted here if it is not. Errors: it is not there.
Result<std::uint64_t> perf_trace_point_number(const std::string& name);
/// The same, where tracefs is not mounted from a mount that only we have (fsopen(2), Linux 5.2). Errors: it may not be
/// mounted, or has no such trace point.
Result<std::uint64_t> own_trace_point_number(const std::string& name);

/// Whether breakpoints may be used, tried on ourselves. Errors: why not, with a hint.
Result<void> try_perf_breakpoints();

/// An event of our own that never occurs, to hold a ring.
Result<UniqueFd> open_ring_owner(int processor);

/// Raises the limit of open descriptors as far as it may be.
void allow_many_descriptors();

/// "WHAT: the errno in words".
std::string error_text(const char* what, int error);

}  // namespace vdsotrace
