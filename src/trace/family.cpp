#include "trace/family.hpp"

#include <fmt/core.h>
#include <linux/sched.h>
#include <unistd.h>

#include <algorithm>

#include "model/syscalls/spec.hpp"
#include "os/proc.hpp"
#include "os/vdso_mapping.hpp"

namespace vdsotrace {
namespace {

/// A dynamic loader opens and maps some libraries first; a program without a C library never sets the pointer.
constexpr int kCallsToSettle = 256;

/// What the child shares, from the call that its parent is in.
std::uint64_t sharing_of(StoppedThread& parent) {
  const auto* registers = parent.registers();
  if (registers == nullptr) return 0;
  auto call = arch::system_call(*registers);
  // A 64-bit program can make a 32-bit call.
  if (const auto& known = parent.thread().in_call) call = {known->call.abi, known->call.nr, known->call.args};
  const CallSpec* spec = spec_of(call.abi, call.nr);
  const std::string_view name = spec != nullptr ? spec->name : "";
  if (name == "vfork") return CLONE_VM | CLONE_VFORK;
  if (name == "clone") return call.args[0];
  if (name == "clone3") return parent.memory().object<std::uint64_t>(call.args[0]).value_or(0);
  return SIGCHLD;
}

/// glibc's fork() and vfork() are clones; they are told by what they do.
Started::How how_born(std::uint64_t sharing) {
  if ((sharing & CLONE_THREAD) != 0) return Started::How::thread;
  if ((sharing & CLONE_VFORK) != 0) return Started::How::vfork;
  return (sharing & CLONE_VM) != 0 ? Started::How::clone : Started::How::fork;
}

std::shared_ptr<SignalActions> inherit_actions(const Thread& parent, std::uint64_t sharing) {
  if ((sharing & CLONE_SIGHAND) != 0) return parent.actions;
  auto actions = std::make_shared<SignalActions>(*parent.actions);
  if ((sharing & CLONE_CLEAR_SIGHAND) != 0) actions->reset_handlers();
  return actions;
}

}  // namespace

Thread* Family::find(pid_t tid) {
  const auto found = threads_.find(tid);
  return found == threads_.end() ? nullptr : found->second.get();
}

Thread& Family::add_launching(pid_t pid, bool trap_blocked, bool trap_ignored) {
  auto thread = std::make_unique<Thread>();
  thread->tid = thread->tgid = pid;
  thread->phase = Thread::Phase::launching;
  thread->fate = ptrace::OnTracerDeath::kill;
  thread->space = std::make_shared<AddressSpace>();
  thread->actions = std::make_shared<SignalActions>();
  thread->trap_blocked = trap_blocked;
  if (trap_ignored) thread->actions->set(SIGTRAP, {reinterpret_cast<std::uint64_t>(SIG_IGN), 0, 0, 0});
  return *(threads_[pid] = std::move(thread));
}

void Family::expect_own_image() {
  if (const auto own = read_own_vdso()) (void)images_.get(own->bytes);
}

Thread* Family::on_birth(StoppedThread& stopped) {
  Thread& parent = stopped.thread();
  const auto message = ptrace::event_message(stopped.tid());
  if (!message) return nullptr;
  if (Thread* adopted = find(static_cast<pid_t>(*message))) return adopted;
  const std::uint64_t sharing = sharing_of(stopped);
  const bool same_process = (sharing & CLONE_THREAD) != 0;
  const bool same_memory = (sharing & CLONE_VM) != 0;

  auto child = std::make_unique<Thread>();
  child->tid = static_cast<pid_t>(*message);
  child->tgid = same_process ? parent.tgid : child->tid;
  child->fate = parent.fate;
  child->space = same_memory ? parent.space : parent.space->copy_for_fork();
  child->actions = inherit_actions(parent, sharing);
  child->trap_blocked = parent.trap_blocked;
  child->filtered = parent.filtered;
  const bool traced = parent.role == Thread::Role::traced && (same_process || options_.follow);
  if (!traced) child->role = same_memory ? Thread::Role::guarded : Thread::Role::released;

  // Its creator is not told of yet: it will be with it.
  if (traced && parent.phase == Thread::Phase::attached) child->phase = Thread::Phase::attached;

  if ((sharing & CLONE_VFORK) != 0) parent.vfork_child = child->tid;
  Thread& known = *(threads_[child->tid] = std::move(child));
  engine_.on_birth(parent, known);
  reporter_.tell(known, Started{how_born(sharing), parent.tgid});
  return &known;
}

Resume Family::part_with(Thread& thread, int signal) const {
  if (!keep_all_) return {Resume::How::detach, signal};
  thread.role = Thread::Role::guarded;
  return {Resume::How::run, signal};
}

bool Family::clean(StoppedThread& child) {
  AddressSpace& space = *child.thread().space;
  if (!space.patched() || engine_.remove(space, child)) return true;
  child.thread().role = Thread::Role::guarded;
  return false;
}

void Family::release_later(Thread& thread) {
  reporter_.tell(thread, Detached{});
  thread.role = Thread::Role::released;
  thread.phase = Thread::Phase::fresh;
}

void Family::drop_siblings(const Thread& survivor) {
  std::erase_if(threads_, [&](auto& entry) {
    Thread& thread = *entry.second;
    if (thread.tgid != survivor.tgid || &thread == &survivor) return false;
    engine_.on_end(thread);
    return true;
  });
}

void Family::take_over(pid_t leader, pid_t former_tid) {
  auto caller = threads_.find(former_tid);
  if (former_tid == leader || caller == threads_.end()) return;
  if (Thread* superseded = find(leader)) engine_.on_end(*superseded);
  engine_.on_end(*caller->second);
  threads_[leader] = std::move(caller->second);
  threads_.erase(caller);
  threads_[leader]->tid = leader;
}

Resume Family::on_exec(StoppedThread& stopped, pid_t former_tid) {
  Thread& thread = stopped.thread();
  engine_.on_end(thread);
  drop_siblings(thread);
  for (const auto& [tid, other] : threads_) {
    if (other->vfork_child == thread.tgid) other->vfork_child = 0;
  }
  if (thread.role == Thread::Role::guarded) {
    thread.space = std::make_shared<AddressSpace>();
    return part_with(thread, 0);
  }
  replace_program(stopped, former_tid);
  return {};
}

void Family::replace_program(StoppedThread& stopped, pid_t former_tid) {
  Thread& thread = stopped.thread();
  const auto* registers = stopped.registers();
  if (registers == nullptr) return;
  const Abi abi = arch::runs_64_bit(*registers) ? Abi::x86_64 : Abi::i386;
  auto actions = std::make_shared<SignalActions>(*thread.actions);
  actions->reset_handlers();
  thread.actions = std::move(actions);
  const bool every_call_stopped = thread.space->every_call_stops();
  thread.space = AddressSpace::of(
      read_executed_vdso(stopped.memory(), arch::stack_pointer(*registers), arch::runs_64_bit(*registers)), abi, images_);
  // Filters of its own are still on it.
  if (every_call_stopped) thread.space->let_every_call_stop();
  if (thread.phase == Thread::Phase::launching) {
    thread.phase = Thread::Phase::live;
    reporter_.tell(thread, Started{Started::How::spawn, 0});
  } else if (thread.phase == Thread::Phase::attached) {
    tell_attached(thread.tgid);
  }
  AddressSpace& space = *thread.space;
  reporter_.tell(thread, Execed{proc::executable(thread.tid), former_tid == thread.tid ? 0 : former_tid,
                                space.abi(), space.facts(), space.is_known()});
  if (options_.hide_vdso && !hide_vdso(stopped))
    reporter_.tell(thread, Notice{"the vDSO could not be hidden from this program"});
  notice_limits(thread);
  thread.executed = true;
  thread.settling = kCallsToSettle;
}

void Family::notice_limits(const Thread& thread) {
  const AddressSpace& space = *thread.space;
  if (!space.is_known()) {
    reporter_.tell(thread, Notice{fmt::format("its vDSO cannot be found ({}): calls of it are not reported, and system calls that "
                                              "it makes cannot be told from others", space.unusable())});
  } else if (!space.has_vdso()) {
    reporter_.tell(thread, Notice{"this program has no vDSO: only its direct system calls are reported"});
  } else if (space.image() == nullptr) {
    reporter_.tell(thread, Notice{fmt::format("its vDSO cannot be observed: {}", space.unusable())});
  }
}

void Family::forget(pid_t tid) { threads_.erase(tid); }

bool Family::any_patched() const {
  return std::ranges::any_of(threads_, [](const auto& entry) { return entry.second->space->patched(); });
}

bool Family::any_traced() const {
  return std::ranges::any_of(threads_, [](const auto& entry) {
    return entry.second->role == Thread::Role::traced;
  });
}

}  // namespace vdsotrace
