#include "engines/inline/region/system_call_record.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "arch/record_stub.hpp"
#include "model/syscalls/begin_call.hpp"
#include "model/syscalls/pointees.hpp"

namespace vdsotrace {
namespace {

/// Of those that lie where other records have values.
std::uint64_t late_word(const StubRecord& record, std::size_t offset) {
  return word_at(record.value.data(), offset - RECORD_VALUE);
}

/// The pieces that lie behind a record, one behind the other. They end where there can be no more.
class Pieces {
 public:
  explicit Pieces(std::span<const std::byte> bytes) : left_(bytes) {}

  std::span<const std::byte> next() {
    const std::uint64_t size = left_.size() >= PIECE_BYTES ? word_at(left_.data(), 0) : UINT64_MAX;
    if (size > left_.size() - std::min<std::size_t>(left_.size(), PIECE_BYTES)) return left_ = {};
    const auto piece = left_.subspan(PIECE_BYTES, size);
    const std::size_t whole = PIECE_BYTES + (size + PIECE_BYTES - 1) / PIECE_BYTES * PIECE_BYTES;
    left_ = left_.subspan(std::min(whole, left_.size()));
    return piece;
  }

 private:
  std::span<const std::byte> left_;
};

/// Those of one end of a call. Where a structure was not copied whole, there are none of what it leads to.
void note_pointees(const Call& call, const PointeePlan& plan, bool at_entry, Pieces& pieces, Capture& into) {
  std::optional<Call> inner;
  for (const Pointee& pointee : plan.pointees) {
    if (pointee.extent == Pointee::Extent::none || (pointee.when == Pointee::When::entry) != at_entry) continue;
    if (pointee.within && !inner) continue;
    const std::uint64_t address = (pointee.within ? *inner : call).args[pointee.argument];
    const auto piece = pieces.next();
    into.note(address, piece);
    if (pointee.extent == Pointee::Extent::structure) inner = call_within(call, pointee, piece);
    if (pointee.extent != Pointee::Extent::vectors) continue;
    for (const PointeeBytes& vector : vectors_in(piece)) into.note(vector.address, pieces.next());
  }
}

/// In the order in which the stub has copied them (engines/syscalls/stubs/copy_plan).
void note_pointees(Call& call, const StubRecord& record, bool keeps_stack) {
  const PointeePlan* plan = pointee_plan(call.nr, call.args);
  if (plan == nullptr || record.pointees.empty()) return;
  Pieces pieces(record.pointees);
  if (keeps_stack) pieces.next();
  note_pointees(call, *plan, true, pieces, call.at_entry);
  note_pointees(call, *plan, false, pieces, call.at_exit);
}

}  // namespace

static_assert(RECORD_CALL_LOOK + sizeof(std::uint64_t) <= RECORD_VALUE + RECORD_VALUE_BYTES);

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

std::optional<std::size_t> system_call_bytes(const StubRecord& record, std::size_t room) {
  const std::uint64_t bytes = late_word(record, RECORD_CALL_END);
  const bool fits = bytes >= RECORD_POINTEES && bytes <= std::min<std::size_t>(room, RECORD_MOST_BYTES);
  return fits ? std::optional<std::size_t>(bytes) : std::nullopt;
}

void read_pointees(const std::byte* at, std::size_t bytes, StubRecord& record) {
  record.pointees.assign(at + RECORD_POINTEES, at + bytes);
}

std::optional<StubRecord> open_system_call(const RegionMemory& memory, const StubBlock& block, RecordSize size) {
  if (size < RecordSize::values || size == RecordSize::window) return std::nullopt;
  const auto position = [&] { return memory.load<std::uint64_t>(block.offset + BLOCK_HEAD); };
  const auto begun = [&] { return memory.load<std::uint64_t>(block.offset + BLOCK_CALL_BEGUN); };
  const std::uint64_t at = position();
  if (begun() != at + 1 || block.records == 0) return std::nullopt;
  StubRecord record;
  const std::size_t offset = (at & (block.records - 1)) << static_cast<unsigned>(size);
  const std::byte* const place = memory.at(block.ring + offset);
  read_system_call(place, record);
  if (const auto bytes = system_call_bytes(record, block.room - offset)) read_pointees(place, *bytes, record);
  if (position() != at || begun() != at + 1) return std::nullopt;
  record.key = block.key;
  record.tid = block.tid;
  record.end = 0;
  return record;
}

bool is_to_be_looked_at(const StubRecord& record) { return late_word(record, RECORD_CALL_LOOK) != 0; }

std::optional<KeptStack> kept_stack(const StubRecord& record) {
  std::array<std::uint64_t, KEPT_REGISTERS> registers;
  const auto piece = Pieces(record.pointees).next();
  if (piece.size() < sizeof registers) return std::nullopt;
  std::memcpy(registers.data(), piece.data(), sizeof registers);
  const std::uint64_t back = late_word(record, RECORD_CALL_BACK);
  KeptStack kept{{true, back, arch::kept_registers(registers, record.stack, back)}, {}};
  kept.words.note(record.stack, piece.subspan(sizeof registers));
  return kept;
}

void fill_open_system_call(Call& call, const StubRecord& record, const TscClock& clock, bool keeps_stack) {
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
  note_pointees(call, record, keeps_stack);
}

void fill_system_call(Call& call, const StubRecord& record, const TscClock& clock, bool keeps_stack) {
  fill_open_system_call(call, record, clock, keeps_stack);
  call.ending = Ending::returned;
  call.result = record.result;
  call.error = error_of(record.result);
  if (record.end > record.start)
    call.duration_ns = clock.duration_ns(static_cast<std::int64_t>(record.end - record.start));
}

}  // namespace vdsotrace
