#include "os/perf/perf_records.hpp"

#include <linux/perf_event.h>

#include <algorithm>
#include <cstring>

namespace vdsotrace {

const std::uint64_t kPerfSampleType = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW |
                                      PERF_SAMPLE_REGS_USER;

namespace {

/// Takes values from the front of bytes, as long as there are any.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : left_(bytes) {}

  template <class Value>
  Value take() {
    Value value{};
    const auto bytes = take_bytes(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  std::span<const std::byte> take_bytes(std::size_t count) {
    if (count > left_.size()) {
      whole_ = false;
      count = 0;
    }
    const auto taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  bool empty() const { return left_.empty(); }
  /// Whether there was enough for all that was taken.
  bool whole() const { return whole_; }

 private:
  std::span<const std::byte> left_;
  bool whole_ = true;
};

pid_t take_pid(Fields& fields) { return static_cast<pid_t>(fields.take<std::uint32_t>()); }
std::int64_t take_time(Fields& fields) { return static_cast<std::int64_t>(fields.take<std::uint64_t>()); }

template <class Record>
std::optional<PerfRecord> if_whole(const Fields& fields, Record&& record) {
  return fields.whole() ? std::optional<PerfRecord>(std::forward<Record>(record)) : std::nullopt;
}

/// As much as could be read of what was asked for: PERF_SAMPLE_STACK_USER.
std::vector<std::byte> take_stack(Fields& fields) {
  const auto asked = fields.take_bytes(fields.take<std::uint64_t>());
  const auto read = asked.empty() ? 0 : fields.take<std::uint64_t>();
  const auto stack = asked.first(std::min<std::uint64_t>(read, asked.size()));
  return {stack.begin(), stack.end()};
}

std::optional<PerfRecord> parse_sample(Fields fields, const PerfTimes& times) {
  PerfSample sample;
  sample.event = fields.take<std::uint64_t>();
  sample.pid = take_pid(fields);
  sample.tid = take_pid(fields);
  sample.time_ns = take_time(fields);
  if (sample.time_ns < times.from_ns || sample.time_ns > times.until_ns) return std::nullopt;
  const auto raw = fields.take_bytes(fields.take<std::uint32_t>());
  sample.raw.assign(raw.begin(), raw.end());
  const auto abi = fields.take<std::uint64_t>();
  sample.is_64_bit = abi == PERF_SAMPLE_REGS_ABI_64;
  if (abi != PERF_SAMPLE_REGS_ABI_NONE) {
    for (std::uint64_t& value : sample.registers) value = fields.take<std::uint64_t>();
  }
  // Where the stack was not asked for nothing follows.
  if (!fields.empty()) sample.stack = take_stack(fields);
  return if_whole(fields, std::move(sample));
}

/// PERF_RECORD_FORK and PERF_RECORD_EXIT.
template <class Make>
std::optional<PerfRecord> parse_task(Fields fields, Make make) {
  const pid_t pid = take_pid(fields);
  const pid_t parent_pid = take_pid(fields);
  const pid_t tid = take_pid(fields);
  take_pid(fields);
  const std::int64_t time = take_time(fields);
  return if_whole(fields, make(time, parent_pid, pid, tid));
}

/// The end of all but samples: sample_id_all.
struct Trailer {
  pid_t tid;
  std::int64_t time_ns;
};
constexpr std::size_t kTrailer = 24;  // pid, tid, time, identifier

std::optional<Trailer> trailer_of(std::span<const std::byte> body) {
  if (body.size() < kTrailer) return std::nullopt;
  Fields fields(body.last(kTrailer));
  take_pid(fields);
  const pid_t tid = take_pid(fields);
  return Trailer{tid, take_time(fields)};
}

std::optional<PerfRecord> parse_name_change(std::span<const std::byte> body, std::uint16_t misc) {
  if ((misc & PERF_RECORD_MISC_COMM_EXEC) == 0) return std::nullopt;
  const auto trailer = trailer_of(body);
  Fields fields(body);
  const pid_t pid = take_pid(fields);
  return trailer ? if_whole(fields, PerfExec{trailer->time_ns, pid}) : std::nullopt;
}

std::optional<PerfRecord> parse_lost(std::span<const std::byte> body) {
  const auto trailer = trailer_of(body);
  Fields fields(body);
  fields.take<std::uint64_t>();
  const auto count = fields.take<std::uint64_t>();
  return trailer ? if_whole(fields, PerfLost{trailer->time_ns, count}) : std::nullopt;
}

/// Behind the fields that every trace point has: type, flags, preempt count, pid.
Fields trace_point_fields(std::span<const std::byte> raw) {
  Fields fields(raw);
  fields.take_bytes(8);
  return fields;
}

}  // namespace

std::int64_t time_of(const PerfRecord& record) {
  return std::visit([](const auto& one) { return one.time_ns; }, record);
}

pid_t thread_of(const PerfRecord& record) {
  if (const auto* sample = std::get_if<PerfSample>(&record)) return sample->tid;
  if (const auto* fork = std::get_if<PerfFork>(&record)) return fork->tid;
  if (const auto* end = std::get_if<PerfEnd>(&record)) return end->tid;
  if (const auto* exec = std::get_if<PerfExec>(&record)) return exec->pid;
  return 0;
}

std::optional<PerfRecord> parse_perf_record(std::span<const std::byte> record, const PerfTimes& times) {
  Fields fields(record);
  const auto header = fields.take<perf_event_header>();
  if (!fields.whole()) return std::nullopt;
  const auto body = record.subspan(sizeof header);
  switch (header.type) {
    case PERF_RECORD_SAMPLE: return parse_sample(fields, times);
    case PERF_RECORD_FORK:
      return parse_task(fields, [](auto time, pid_t parent, pid_t pid, pid_t tid) {
        return PerfFork{time, parent, pid, tid};
      });
    case PERF_RECORD_EXIT:
      return parse_task(fields, [](auto time, pid_t, pid_t pid, pid_t tid) { return PerfEnd{time, pid, tid}; });
    case PERF_RECORD_COMM: return parse_name_change(body, header.misc);
    case PERF_RECORD_LOST: return parse_lost(body);
    default: return std::nullopt;
  }
}

std::optional<std::int32_t> parse_system_call_number(std::span<const std::byte> raw) {
  Fields fields = trace_point_fields(raw);
  const auto nr = fields.take<std::int32_t>();
  return fields.whole() ? std::optional(nr) : std::nullopt;
}

std::optional<std::int64_t> parse_system_call_result(std::span<const std::byte> raw) {
  Fields fields = trace_point_fields(raw);
  fields.take_bytes(8);
  const auto result = fields.take<std::int64_t>();
  return fields.whole() ? std::optional(result) : std::nullopt;
}

std::optional<SystemCallEntered> parse_system_call_entered(std::span<const std::byte> raw) {
  Fields fields = trace_point_fields(raw);
  SystemCallEntered entered;
  entered.nr = fields.take<std::int64_t>();
  for (std::uint64_t& arg : entered.args) arg = fields.take<std::uint64_t>();
  return fields.whole() ? std::optional(entered) : std::nullopt;
}

std::optional<SystemCallReturned> parse_system_call_returned(std::span<const std::byte> raw) {
  Fields fields = trace_point_fields(raw);
  SystemCallReturned returned;
  returned.nr = fields.take<std::int64_t>();
  returned.result = fields.take<std::int64_t>();
  return fields.whole() ? std::optional(returned) : std::nullopt;
}

}  // namespace vdsotrace
