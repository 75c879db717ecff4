// The records that the kernel writes into a perf ring, taken apart (perf_event_open(2), linux/perf_event.h).
//
// Only records of events that os/perf/perf_events opens: all have the same sample_type and sample_id_all, so that one
// layout fits all.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "arch/sampled_registers.hpp"

namespace vdsotrace {

/// What os/perf/perf_events asks for in every sample: PERF_SAMPLE_IDENTIFIER, TID, TIME, RAW and REGS_USER. What it
/// asks for beside that, STACK_USER, stands behind them.
extern const std::uint64_t kPerfSampleType;

/// An event occurred.
struct PerfSample {
  std::uint64_t event = 0;   ///< PerfEvent::id of the event, or of the one that it was inherited from
  std::int64_t time_ns = 0;  ///< CLOCK_MONOTONIC
  pid_t pid = 0;
  pid_t tid = 0;
  bool is_64_bit = false;              ///< whether `registers` are those of 64-bit code; if not they are worthless
  arch::SampledRegisters registers{};  ///< of user space
  std::vector<std::byte> raw;          ///< a trace point's own record
  std::vector<std::byte> stack;        ///< what lay at the stack pointer; empty if it was not asked for
};

/// A thread that is watched has made another thread or process.
struct PerfFork {
  std::int64_t time_ns = 0;
  pid_t parent_pid = 0;
  pid_t pid = 0;
  pid_t tid = 0;
};

/// A thread has ended.
struct PerfEnd {
  std::int64_t time_ns = 0;
  pid_t pid = 0;
  pid_t tid = 0;
};

/// A process has executed a program. It goes on under the number of its leader.
struct PerfExec {
  std::int64_t time_ns = 0;
  pid_t pid = 0;
};

/// The ring was full: so many records were not written.
struct PerfLost {
  std::int64_t time_ns = 0;
  std::uint64_t count = 0;
};

/// The ring was found full: from its last record on, until it was read, others may be missing. A PerfLost that comes
/// later says how many.
struct PerfGap {
  std::int64_t time_ns = 0;
  std::int64_t until_ns = 0;
};

using PerfRecord = std::variant<PerfSample, PerfFork, PerfEnd, PerfExec, PerfLost, PerfGap>;

/// Only samples of that time, both ends included, are of interest. Others cost next to nothing.
struct PerfTimes {
  std::int64_t from_ns = 0;
  std::int64_t until_ns = std::numeric_limits<std::int64_t>::max();
};

std::int64_t time_of(const PerfRecord& record);
/// The thread that it is about; 0 for lost ones.
pid_t thread_of(const PerfRecord& record);

/// One whole record with its header. Nothing if it is of a kind or a time that was not asked for, or not laid out as it
/// should be.
std::optional<PerfRecord> parse_perf_record(std::span<const std::byte> record, const PerfTimes& times = {});

/// What the trace points raw_syscalls:sys_enter and sys_exit write.
struct SystemCallEntered {
  std::int64_t nr = 0;
  std::array<std::uint64_t, 6> args{};
};
struct SystemCallReturned {
  std::int64_t nr = 0;
  std::int64_t result = 0;
};
/// What the trace points syscalls:sys_enter_NAME and sys_exit_NAME begin with (struct trace_entry and the number).
std::optional<std::int32_t> parse_system_call_number(std::span<const std::byte> raw);
/// The result in what syscalls:sys_exit_NAME writes.
std::optional<std::int64_t> parse_system_call_result(std::span<const std::byte> raw);
std::optional<SystemCallEntered> parse_system_call_entered(std::span<const std::byte> raw);
std::optional<SystemCallReturned> parse_system_call_returned(std::span<const std::byte> raw);

}  // namespace vdsotrace
