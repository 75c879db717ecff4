#include "engines/inline/records/stub_call.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

#include <sys/time.h>

#include "engines/inline/region/system_call_record.hpp"
#include "model/syscalls/begin_call.hpp"
#include "model/syscalls/render.hpp"
#include "os/memory/remote_memory.hpp"
#include "os/proc/descriptors.hpp"

namespace vdsotrace {
namespace {

std::span<const std::byte> value(const StubRecord& record, std::size_t offset, std::size_t size) {
  return std::span(record.value).subspan(offset, size);
}

void note_timespec(const StubRecord& record, Call& call) {
  if (record.result == 0 && record.arg1 != 0) call.at_exit.note(record.arg1, value(record, 0, sizeof(timespec)));
}

void note_timeval(const StubRecord& record, Call& call) {
  if (record.result != 0) return;
  if (record.arg0 != 0) call.at_exit.note(record.arg0, value(record, 0, sizeof(timeval)));
  if (record.arg1 != 0) call.at_exit.note(record.arg1, value(record, sizeof(timeval), sizeof(struct timezone)));
}

void note_time(const StubRecord& record, Call& call) {
  if (record.arg0 != 0) call.at_exit.note(record.arg0, std::as_bytes(std::span(&record.result, 1)));
}

void note_cpu(const StubRecord& record, Call& call) {
  call.args[2] = record.arg2;
  if (record.result != 0) return;
  if (record.arg0 != 0) call.at_exit.note(record.arg0, value(record, 0, sizeof(unsigned)));
  if (record.arg1 != 0) call.at_exit.note(record.arg1, value(record, 8, sizeof(unsigned)));
}

void note_random(const StubRecord& record, Call& call) {
  call.args[2] = record.arg2;
  if (record.result <= 0 || record.arg0 == 0) return;
  const auto size = std::min<std::uint64_t>(static_cast<std::uint64_t>(record.result), RECORD_VALUE_BYTES);
  call.at_exit.note(record.arg0, value(record, 0, size));
}

void note_output(ServiceOutput output, const StubRecord& record, Call& call) {
  switch (output) {
    case ServiceOutput::timespec: return note_timespec(record, call);
    case ServiceOutput::timeval: return note_timeval(record, call);
    case ServiceOutput::result: return note_time(record, call);
    case ServiceOutput::cpu: return note_cpu(record, call);
    case ServiceOutput::random: return note_random(record, call);
    case ServiceOutput::unknown: return;
  }
}

}  // namespace

void date(StubRecord& record) {
  if (record.start == 0) record.start = record.end = TscClock::now();
}

void find_callers(StubRecord& record, Symbols& symbols, pid_t tid, const Symbols::StackWord& word) {
  FrameRegisters registers;
  registers[kDwarfStackPointer] = record.stack + sizeof(std::uint64_t);
  registers[kDwarfReturnAddress] = record.return_address;
  if (record.goroutine_stack != 0) {
    registers[kDwarfFramePointer] = record.frame_pointer;
    registers[kDwarfGoStackPointer] = record.goroutine_stack;
  }
  const CallerAddresses found = symbols.caller_addresses(tid, registers, word);
  record.caller = found.outside.value_or(0);
  record.beyond = found.beyond.value_or(0);
}

std::optional<Caller> caller_at(Symbols* symbols, pid_t tid, std::uint64_t caller, std::uint64_t beyond) {
  if (symbols == nullptr || caller == 0) return std::nullopt;
  return symbols->places(tid, {caller, beyond != 0 ? std::optional(beyond) : std::nullopt});
}

std::optional<Caller> RecordedCall::caller() const {
  return caller_at(symbols, tid != 0 ? tid : tgid, record.caller, record.beyond);
}

std::vector<Caller> RecordedCall::kept_stack() const {
  auto kept = symbols != nullptr ? vdsotrace::kept_stack(record) : std::nullopt;
  if (!kept) return {};
  return symbols->stack(tid != 0 ? tid : tgid, kept->words, kept->start);
}

void fill_call(Call& call, const RecordedCall& recorded, const TscClock& clock) {
  const VdsoService& service = *recorded.function->service;
  const StubRecord& record = recorded.record;
  begin_service_call(call, Abi::x86_64, recorded.function->nr, service);
  call.route = recorded.route;
  call.args = {record.arg0, record.arg1, 0, 0, 0, 0};
  call.ending = Ending::returned;
  call.result = record.result;
  call.error = error_of(record.result);
  call.start_ns = clock.realtime_ns(record.start);
  if (record.end > record.start)
    call.duration_ns = clock.duration_ns(static_cast<std::int64_t>(record.end - record.start));
  note_output(service.output, record, call);
}

CallMaker::CallMaker(const StubSettings& settings, std::string_view engine) : settings_(settings), engine_(engine) {
  if (settings_.records_times()) clock_.emplace();
}

void CallMaker::fill(Call& call, const RecordedCall& recorded) const {
  if (recorded.function != nullptr) {
    fill_call(call, recorded, *clock_);
  } else {
    fill_system_call(call, recorded.record, *clock_, settings_.needs.stacks);
    call.route = recorded.route;
    if (is_to_be_looked_at(recorded.record)) look_at(call, recorded.tid);
  }
  call.engine = engine_;
  note_callers(call, recorded);
}

void CallMaker::fill_open(Call& call, const RecordedCall& recorded) const {
  fill_open_system_call(call, recorded.record, *clock_, settings_.needs.stacks);
  call.route = recorded.route;
  call.engine = engine_;
  note_callers(call, recorded);
}

Call CallMaker::interrupted(const RecordedCall& begun, std::optional<Call> fallback) const {
  Call call;
  fill_call(call, begun, *clock_);
  call.engine = engine_;
  if (fallback) {
    fallback->start_ns = call.start_ns;
    call = std::move(*fallback);
  } else {
    call.ending = Ending::unfinished;
    call.duration_ns.reset();
    call.at_exit = {};
  }
  note_caller(call, begun.caller());
  return call;
}

/// Notes what the call's results point to, as at a stop behind it: the thread waits there in a trap, or is about to
/// come to it.
void CallMaker::look_at(Call& call, pid_t tid) const {
  RemoteMemory memory(tid);
  ProcessDescriptors descriptors(tid, settings_.needs.limits.descriptors, settings_.needs.limits.processes);
  capture_exit(call, memory, settings_.needs.limits, &descriptors);
}

void CallMaker::note_callers(Call& call, const RecordedCall& recorded) const {
  if (recorded.function != nullptr) return note_caller(call, recorded.caller());
  if (settings_.needs.stacks) call.stack = recorded.kept_stack();
}

void CallMaker::note_caller(Call& call, std::optional<Caller> caller) const {
  if (settings_.needs.stacks && caller) call.stack = {*caller};
  if (settings_.needs.callers) call.caller = std::move(caller);
}

}  // namespace vdsotrace
