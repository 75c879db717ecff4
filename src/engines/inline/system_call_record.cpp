#include "engines/inline/system_call_record.hpp"

#include <cstring>

#include "model/syscalls/begin_call.hpp"

namespace vdsotrace {
namespace {

/// Of those that lie where other records have values.
std::uint64_t late_word(const StubRecord& record, std::size_t offset) {
  return word_at(record.value.data(), offset - RECORD_VALUE);
}

}  // namespace

static_assert(RECORD_CALL_BACK + sizeof(std::uint64_t) <= RECORD_VALUE + RECORD_VALUE_BYTES);

void read_system_call(const std::byte* at, StubRecord& record) {
  record.function = RECORD_SYSTEM_CALL;
  record.fallback = false;
  record.arg0 = word_at(at, RECORD_ARG0);
  record.arg1 = word_at(at, RECORD_ARG1);
  record.arg2 = word_at(at, RECORD_ARG2);
  record.return_address = word_at(at, RECORD_CALL_NUMBER);
  record.result = static_cast<std::int64_t>(word_at(at, RECORD_RESULT));
  record.start = word_at(at, RECORD_START);
  record.end = word_at(at, RECORD_END);
  record.stack = word_at(at, RECORD_STACK);
  std::memcpy(record.value.data(), at + RECORD_VALUE, record.value.size());
}

std::optional<StubRecord> open_system_call(const RegionMemory& memory, const StubBlock& block, RecordSize size) {
  if (size < RecordSize::values || size == RecordSize::window) return std::nullopt;
  const auto position = [&] { return memory.load<std::uint64_t>(block.offset + BLOCK_HEAD); };
  const auto begun = [&] { return memory.load<std::uint64_t>(block.offset + BLOCK_CALL_BEGUN); };
  const std::uint64_t at = position();
  if (begun() != at + 1 || block.records == 0) return std::nullopt;
  StubRecord record;
  read_system_call(memory.at(block.ring + ((at & (block.records - 1)) << static_cast<unsigned>(size))), record);
  if (position() != at || begun() != at + 1) return std::nullopt;
  record.key = block.key;
  record.tid = block.tid;
  record.end = 0;
  return record;
}

void fill_open_system_call(Call& call, const StubRecord& record, const TscClock& clock) {
  begin_system_call(call, Abi::x86_64, static_cast<std::int64_t>(record.return_address));
  call.args = {record.arg0,
               record.arg1,
               record.arg2,
               late_word(record, RECORD_CALL_ARG3),
               late_word(record, RECORD_CALL_ARG4),
               late_word(record, RECORD_CALL_ARG5)};
  call.stack_pointer = record.stack;
  call.instruction_pointer = late_word(record, RECORD_CALL_BACK);
  call.start_ns = clock.realtime_ns(record.start);
}

void fill_system_call(Call& call, const StubRecord& record, const TscClock& clock) {
  fill_open_system_call(call, record, clock);
  call.ending = Ending::returned;
  call.result = record.result;
  call.error = error_of(record.result);
  if (record.end > record.start)
    call.duration_ns = clock.duration_ns(static_cast<std::int64_t>(record.end - record.start));
}

}  // namespace vdsotrace
