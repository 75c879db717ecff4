// The few system calls whose effects the tracer itself must know.
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "model/syscalls/spec.hpp"
#include "os/memory/remote_memory.hpp"
#include "trace/calls/system_calls.hpp"

namespace vdsotrace {
namespace {

using Effect = void (*)(StoppedThread&, const Call&, ProbeEngine&);

void note_signal_mask(StoppedThread& stopped) {
  const auto mask = ptrace::signal_mask(stopped.tid());
  if (mask) stopped.thread().blocked = BlockedSignals(*mask);
}

void mask_set(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  if (call.error == 0 && call.args[1] != 0) note_signal_mask(stopped);
}

void lower_mask_set(StoppedThread& stopped, const Call&, ProbeEngine&) { note_signal_mask(stopped); }

void handler_returned(StoppedThread& stopped, const Call&, ProbeEngine& engine) {
  note_signal_mask(stopped);
  if (const auto* registers = stopped.registers())
    engine.on_handler_return(stopped.thread(), arch::stack_pointer(*registers));
}

void action_set(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  const auto signal = static_cast<std::int64_t>(call.args[0]);
  if (call.error != 0 || call.args[1] == 0 || signal < 1 || signal > SignalActions::kSignals) return;
  const auto action = call.name == "sigaction" ? read_old_sigaction(stopped.memory(), call.args[1])
                                               : read_sigaction(stopped.memory(), call.args[1], call.abi);
  if (action) stopped.thread().actions->set(static_cast<int>(signal), *action);
}

void handler_set(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  const auto signal = static_cast<std::int64_t>(call.args[0]);
  if (call.error != 0 || signal < 1 || signal > SignalActions::kSignals) return;
  stopped.thread().actions->set(static_cast<int>(signal), {call.args[1], SA_RESETHAND | SA_NODEFER, 0, 0});
}

/// Pages of it that are still there must not keep breakpoints that no space has on record.
void forget_vdso(StoppedThread& stopped) {
  AddressSpace& space = *stopped.thread().space;
  space.vdso().undo(stopped.tid());
  space.vdso().unmapped();
}

/// Where memory was mapped. The kernel extends the sign of a 32-bit program's results.
std::uint64_t address_of(const Call& call) {
  const auto address = static_cast<std::uint64_t>(call.result);
  return word_size(call.abi) < sizeof address ? static_cast<std::uint32_t>(address) : address;
}

void unmapped(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  AddressSpace& space = *stopped.thread().space;
  space.symbols().outdate();
  if (call.error == 0 && space.vdso().overlaps(call.args[0], call.args[1])) forget_vdso(stopped);
}

void mapped(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  AddressSpace& space = *stopped.thread().space;
  if ((call.args[3] & MAP_FIXED) != 0) space.symbols().outdate();
  if ((call.args[2] & PROT_EXEC) != 0) space.symbols().code_mapped(stopped.tid());
  if (call.error == 0 && space.vdso().overlaps(address_of(call), call.args[1])) forget_vdso(stopped);
}

/// i386's first mmap: its arguments are words in memory.
void mapped_by_block(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  stopped.thread().space->symbols().code_mapped(stopped.tid());
  const auto block = stopped.memory().object<std::array<std::uint32_t, 2>>(call.args[0]);
  if (call.error == 0 && stopped.thread().space->vdso().overlaps(address_of(call), block ? (*block)[1] : 1))
    forget_vdso(stopped);
}

void protected_otherwise(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  if ((call.args[2] & PROT_EXEC) != 0) stopped.thread().space->symbols().code_mapped(stopped.tid());
}

/// The kernel moves a vDSO only as a whole (vdso_mremap, arch/x86/entry/vdso/vma.c).
void remapped(StoppedThread& stopped, const Call& call, ProbeEngine& engine) {
  AddressSpace& space = *stopped.thread().space;
  space.symbols().outdate();
  if (call.error != 0 || !space.vdso().is_mapped()) return;
  const std::uint64_t result = address_of(call);
  if (call.args[0] == space.vdso().base()) {
    space.vdso().moved_to(result);
    engine.on_vdso_moved(space, stopped);
  } else if (space.vdso().overlaps(result, call.args[2])) {
    forget_vdso(stopped);
  }
}

void memory_locked(StoppedThread& stopped, const Call& call, ProbeEngine& engine) {
  if (call.error == 0) engine.on_memory_locked(stopped);
}

void thread_pointer_set(StoppedThread& stopped, const Call& call, ProbeEngine& engine) {
  if (call.error != 0 || call.args[0] != arch::kSetThreadPointer) return;
  stopped.thread().in_exec_prologue = 0;
  engine.on_thread_pointer(stopped);
}

/// glibc's last call of its kind before it knows its thread.
void thread_area_set(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  if (call.error == 0) stopped.thread().in_exec_prologue = 0;
}

bool restricts(const Call& call) {
  if (call.name == "prctl") return call.args[0] == PR_SET_SECCOMP;
  return call.name == "seccomp" && call.args[0] <= SECCOMP_SET_MODE_FILTER;
}

/// Before its program is executed it puts our own filter on. Another answers before ours does, so only stops at all
/// calls still show them.
void restricted(StoppedThread& stopped, const Call& call, ProbeEngine&) {
  if (call.error != 0 || !restricts(call)) return;
  if (stopped.thread().phase == Thread::Phase::launching) {
    stopped.thread().filtered = true;
  } else {
    stopped.thread().space->stop_at_every_syscall();
  }
}

struct Row {
  std::string_view name;
  Effect effect;
};
constexpr Row kEffects[] = {
    {"rt_sigprocmask", mask_set},
    {"rt_sigreturn", handler_returned},
    {"rt_sigaction", action_set},
    {"munmap", unmapped},
    {"mmap", mapped},
    {"mremap", remapped},
    {"mprotect", protected_otherwise},
    {arch::kThreadPointerCall, thread_pointer_set},
    {"mlockall", memory_locked},
    {"prctl", restricted},
    {"seccomp", restricted},
};
/// i386 has these too, or means something else by the name.
constexpr Row kNarrowEffects[] = {
    {"sigprocmask", mask_set},       {"ssetmask", lower_mask_set},
    {"sigreturn", handler_returned}, {"sigaction", action_set},
    {"signal", handler_set},         {"mmap2", mapped},
    {"mmap", mapped_by_block},       {"set_thread_area", thread_area_set},
};

Effect effect_in(std::span<const Row> rows, std::string_view name) {
  const auto found = std::ranges::find(rows, name, &Row::name);
  return found == rows.end() ? nullptr : found->effect;
}

Effect effect_of(const Call& call) {
  const Effect narrow = call.abi == Abi::i386 ? effect_in(kNarrowEffects, call.name) : nullptr;
  return narrow != nullptr ? narrow : effect_in(kEffects, call.name);
}

/// Where a call keeps its clone flags.
std::optional<std::uint64_t> clone_flags(StoppedThread& stopped, const Call& call) {
  if (call.name == "clone") return call.args[0];
  if (call.name == "clone3") return stopped.memory().object<std::uint64_t>(call.args[0]);
  return std::nullopt;
}

void write_clone_flags(StoppedThread& stopped, const Call& call, std::uint64_t flags) {
  if (call.name == "clone") {
    ptrace::set_user_word(stopped.tid(), arch::first_argument_offset(call.abi), flags);
  } else {
    write_remote(stopped.tid(), call.args[0], std::as_bytes(std::span(&flags, 1)));
  }
}

}  // namespace

/// Other threads are under a filter for all of them before this one has come back.
void before_call(StoppedThread& stopped, CallInProgress& progress, ProbeEngine& engine) {
  const Call& call = progress.call;
  if (restricts(call)) engine.on_seccomp(stopped);
  if (!call.name.starts_with("clone")) return;
  const auto flags = clone_flags(stopped, call);
  if (!flags || (*flags & CLONE_UNTRACED) == 0) return;
  progress.clone_flags = flags;
  write_clone_flags(stopped, call, *flags & ~std::uint64_t{CLONE_UNTRACED});
}

void after_call(StoppedThread& stopped, const CallInProgress& progress, ProbeEngine& engine) {
  const Call& call = progress.call;
  if (progress.clone_flags) write_clone_flags(stopped, call, *progress.clone_flags);
  if (const Effect effect = effect_of(call)) effect(stopped, call, engine);
}

}  // namespace vdsotrace
