#include "arch/call_stub.hpp"

#include <cstring>

#include "base/check.hpp"

extern "C" {
extern const std::byte vdsotrace_call_stub[];
extern const std::byte vdsotrace_call_stub_query[];
extern const std::byte vdsotrace_call_stub_enter[];
extern const std::byte vdsotrace_call_stub_others_jump[];
extern const std::byte vdsotrace_call_stub_call[];
extern const std::byte vdsotrace_call_stub_called[];
extern const std::byte vdsotrace_call_stub_counted[];
extern const std::byte vdsotrace_call_stub_done[];
extern const std::byte vdsotrace_call_stub_flags[];
extern const std::byte vdsotrace_call_stub_restored[];
extern const std::byte vdsotrace_call_stub_clock[];
extern const std::byte vdsotrace_call_stub_clock_word[];
extern const std::byte vdsotrace_call_stub_end[];
extern const std::byte vdsotrace_leave_stub[];
extern const std::byte vdsotrace_leave_stub_call[];
extern const std::byte vdsotrace_leave_stub_unsuited_call[];
extern const std::byte vdsotrace_leave_stub_end[];
}

namespace vdsotrace::arch {
namespace {

/// Carry, parity, adjust, zero, sign and overflow (Intel SDM 3.4.3.1): those that the stub changes.
constexpr std::uint64_t kStatusFlags = 0x8d5;

std::size_t offset(const std::byte* place) { return static_cast<std::size_t>(place - vdsotrace_call_stub); }
std::size_t offset_in_leave_stub(const std::byte* place) {
  return static_cast<std::size_t>(place - vdsotrace_leave_stub);
}

}  // namespace

std::vector<std::byte> make_call_stub(const CallStubWords& words, std::uint32_t clock) {
  std::vector<std::byte> stub(vdsotrace_call_stub, vdsotrace_call_stub_end);
  CHECK(stub.size() <= kCallStubBytes);
  const std::uint64_t slots[] = {std::uint64_t{0} - static_cast<std::uint64_t>(words.number), words.counters,
                                 words.back, words.resume, words.others};
  std::memcpy(stub.data(), slots, sizeof slots);
  const std::uint64_t minus_clock = std::uint64_t{0} - clock;
  std::memcpy(stub.data() + offset(vdsotrace_call_stub_clock_word), &minus_clock, sizeof minus_clock);
  return stub;
}

std::size_t call_stub_entry() { return offset(vdsotrace_call_stub_enter); }
std::size_t call_stub_query_entry() { return offset(vdsotrace_call_stub_query); }
std::size_t call_stub_clock_entry() { return offset(vdsotrace_call_stub_clock); }
std::size_t call_stub_call() { return offset(vdsotrace_call_stub_call); }
std::size_t call_stub_others_jump() { return offset(vdsotrace_call_stub_others_jump); }

std::vector<std::byte> make_far_jump(std::uint64_t to) {
  // jmp *0(%rip)
  std::vector<std::byte> jump{std::byte{0xff}, std::byte{0x25}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}};
  jump.resize(kFarJumpBytes);
  std::memcpy(jump.data() + kFarJumpBytes - sizeof to, &to, sizeof to);
  return jump;
}

std::vector<std::byte> make_leave_stub(const LeaveStubWords& words) {
  std::vector<std::byte> stub(vdsotrace_leave_stub, vdsotrace_leave_stub_end);
  CHECK(stub.size() <= kLeaveStubBytes);
  std::memcpy(stub.data(), &words, sizeof words);
  return stub;
}

std::size_t leave_stub_call() { return offset_in_leave_stub(vdsotrace_leave_stub_call); }
std::size_t leave_stub_unsuited_call() { return offset_in_leave_stub(vdsotrace_leave_stub_unsuited_call); }

bool has_called_in_leave_stub(std::size_t at) { return at > leave_stub_call() && at != leave_stub_unsuited_call(); }

CallStubProgress progress_in_call_stub(const Registers& registers, std::size_t at) {
  CallStubProgress progress;
  if (at >= offset(vdsotrace_call_stub_clock)) return progress;
  progress.made = at >= offset(vdsotrace_call_stub_called);
  progress.counted = at >= offset(vdsotrace_call_stub_counted);
  progress.error_counted = at >= offset(vdsotrace_call_stub_done);
  const bool set_aside = at >= offset(vdsotrace_call_stub_flags) && at < offset(vdsotrace_call_stub_restored);
  progress.result = static_cast<std::int64_t>(set_aside ? registers.rcx : registers.rax);
  return progress;
}

Registers behind_call(Registers r, std::int64_t result, std::uint64_t back) {
  r.rax = static_cast<unsigned long long>(result);
  r.rip = r.rcx = back;
  r.eflags = (r.eflags & ~kStatusFlags) | (r.r11 & kStatusFlags);
  return r;
}

Registers with_program_counter(Registers r, std::uint64_t address) {
  r.rip = address;
  return r;
}

}  // namespace vdsotrace::arch
