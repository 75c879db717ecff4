#include "engines/inline/code/abandoned_code.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <map>

#include "arch/constants.hpp"
#include "arch/return_stub.hpp"
#include "arch/signal_frame.hpp"
#include "arch/stubs.hpp"
#include "engines/inline/code/signal_frames.hpp"
#include "engines/inline/code/stub_execution.hpp"
#include "os/memory/emulated_memory.hpp"
#include "os/memory/remote_memory.hpp"

namespace vdsotrace {
namespace {

/// Memory while a signal handler runs, whose frame may lie where the stub would push something. A stub takes from the
/// stack all that it pushes before it is left: nothing else needs to see it.
class InterruptedMemory final : public ProcessMemory {
 public:
  InterruptedMemory(pid_t tid, Memory& memory, const AddressRange& region)
      : ProcessMemory(tid, memory), region_(region) {}

  std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
    const std::size_t size = ProcessMemory::read(address, into);
    for (std::size_t i = 0; i < size; ++i) {
      if (const auto found = pushed_.find(address + i); found != pushed_.end()) into[i] = found->second;
    }
    return size;
  }
  bool write(std::uint64_t address, std::span<const std::byte> bytes) override {
    if (region_.contains(address)) return ProcessMemory::write(address, bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) pushed_[address + i] = bytes[i];
    return true;
  }

 private:
  AddressRange region_;
  std::map<std::uint64_t, std::byte> pushed_;
};

std::optional<std::uint64_t> original_in(std::span<const StubJournal::Moved> list, const AddressRange& vdso,
                                         std::uint64_t address) {
  const auto found = std::ranges::find(list, address - vdso.start, &StubJournal::Moved::copy);
  if (found == list.end() || found->original >= vdso.size()) return std::nullopt;
  return vdso.start + found->original;
}

ExecutedStub execute(const arch::Registers& from, arch::EmulatedMemory& memory, const AbandonedCode& code) {
  return execute_stub(from, memory,
                      [&code](std::uint64_t counter) { return code.contains(counter) && !code.original_of(counter); });
}

/// Registers with which it goes on in what was there before the code was, from those with which it stands there or at
/// the code's end.
std::optional<arch::Registers> outside(const arch::Registers& registers, Memory& memory, const AbandonedCode& code) {
  const std::uint64_t counter = arch::program_counter(registers);
  if (const auto original = code.original_of(counter)) return arch::moved_to(registers, *original);
  if (const auto original = code.original_call_before(counter + arch::kSystemCall.size())) {
    const auto saved = memory.object<std::uint64_t>(arch::stack_pointer(registers));
    if (!saved) return std::nullopt;
    return arch::at_original_call(registers, *saved, *original - arch::kSystemCall.size());
  }
  return code.contains(counter) ? std::nullopt : std::optional(registers);
}

/// At a fallback's system call that has yet to be made, or is to be made again: the counter stands behind the copy.
std::optional<arch::Registers> at_original(const arch::Registers& registers, Memory& memory,
                                           const AbandonedCode& code) {
  const auto original = code.original_call_before(arch::program_counter(registers));
  const auto saved = memory.object<std::uint64_t>(arch::stack_pointer(registers));
  if (!original || !saved) return std::nullopt;
  return arch::at_original_call(registers, *saved, *original);
}

/// The one call of a return stub that can be made for the thread, and is harmless to make twice.
std::optional<arch::Registers> with_mask_set(pid_t tid, const arch::Registers& registers, Memory& memory) {
  if (arch::requested_call(registers) != arch::setting_mask().nr) return std::nullopt;
  const auto mask = memory.object<std::uint64_t>(arch::function_arguments(registers)[1]);
  if (!mask || !ptrace::set_signal_mask(tid, *mask)) return std::nullopt;
  return arch::after_call(registers, 0);
}

bool bring_out(pid_t tid, const arch::Registers& current, Memory& memory, const AbandonedCode& code) {
  if (ptrace::has_shadow_stack(tid)) return false;
  const auto from = registers_to_execute(tid, current);
  if (!from) {
    const auto there = at_original(current, memory, code);
    return there && ptrace::set_registers(tid, *there);
  }
  // Only the process has what it shared with the other vdsotrace.
  ProcessMemory abandoned(tid, memory);
  ExecutedStub done = execute(*from, abandoned, code);
  if (code.is_return_stub && code.contains(arch::program_counter(done.registers))) {
    if (const auto next = with_mask_set(tid, done.registers, memory)) done = execute(*next, abandoned, code);
  }
  const auto there = outside(done.registers, abandoned, code);
  return ptrace::set_registers(tid, there.value_or(done.registers)) && there;
}

/// The rest of an older frame must not be written: other things lie between its words. While a handler runs its signal
/// is blocked, as a rule.
bool is_of_running_handler(pid_t tid, std::uint64_t frame, Memory& memory) {
  const auto after = arch::mask_in_whole_frame(frame, memory);
  const auto now = ptrace::signal_mask(tid);
  return after && now && *now != *after && (*now & *after) == *after;
}

/// What a signal handler will return to, with the frame's program counter at `at`.
bool bring_frame_out(pid_t tid, const arch::Registers& now, std::uint64_t at, Memory& memory,
                     const AbandonedCode& code) {
  // Without a list of what was moved its copies would be executed, with what they write to the stack.
  if (!code.is_return_stub && code.journal.moved_count == 0) return false;
  const std::uint64_t frame = at - arch::kSavedCounter * sizeof(std::uint64_t);
  const auto saved = memory.object<arch::SavedRegisters>(frame);
  if (!saved || ptrace::has_shadow_stack(tid) || !is_of_running_handler(tid, frame, memory)) return false;
  InterruptedMemory interrupted(tid, memory, code.region);
  const ExecutedStub done = execute(arch::after_handler(*saved, now), interrupted, code);
  const auto there = outside(done.registers, interrupted, code);
  if (!there) return false;
  const arch::SavedRegisters instead = arch::to_be_saved(*there);
  return write_remote(tid, frame, std::as_bytes(std::span(instead)));
}

}  // namespace

std::optional<std::uint64_t> AbandonedCode::original_of(std::uint64_t address) const {
  if (!trampolines.contains(address)) return std::nullopt;
  return original_in(std::span(journal.moved).first(journal.moved_count), vdso, address);
}

std::optional<std::uint64_t> AbandonedCode::original_call_before(std::uint64_t address) const {
  if (!trampolines.contains(address)) return std::nullopt;
  return original_in(std::span(journal.copies).first(journal.copy_count), vdso, address);
}

bool leave_abandoned_code(pid_t tid, Memory& memory, const AbandonedCode& code) {
  const auto current = ptrace::registers(tid);
  if (!current) return false;
  bool all = !code.contains(arch::program_counter(*current)) || bring_out(tid, *current, memory, code);
  if (!arch::runs_64_bit(*current)) return all;
  visit_saved_counters(arch::stack_pointer(*current), memory, [&](std::uint64_t counter, std::uint64_t at) {
    if (code.contains(counter)) all = bring_frame_out(tid, *current, at, memory, code) && all;
  });
  return all;
}

bool leads_into(std::uint64_t counter, std::uint64_t stack_pointer, Memory& memory, const AbandonedCode& code) {
  bool leads = code.contains(counter);
  visit_saved_counters(stack_pointer, memory,
                       [&](std::uint64_t saved, std::uint64_t) { leads = leads || code.contains(saved); });
  return leads;
}

}  // namespace vdsotrace
