// Children whose creator was killed, or replaced by another thread's exec, between making them and saying so: they are
// traced and stopped, and no event will ever tell whose they are.
#include <algorithm>

#include "os/proc.hpp"
#include "trace/session.hpp"

namespace vdsotrace {
namespace {

/// Processes that die at the same moment and leave children behind.
constexpr std::size_t kMostDeparted = 64;

}  // namespace

void Family::note_departed(const Thread& thread) {
  if (!thread.space->has_vdso()) return;
  if (!departed_.empty() && departed_.back().tgid == thread.tgid) departed_.pop_back();
  if (departed_.size() >= kMostDeparted) departed_.pop_front();
  departed_.push_back(thread);
  departed_.back().in_call.reset();
  // What it looks like now; the original may be cleaned before the child is found.
  departed_.back().space = thread.space->copy_for_fork();
}

Thread* Family::adopt(pid_t orphan) {
  if (find(orphan) != nullptr || proc::status_number(orphan, "Tgid") != orphan) return nullptr;
  const auto vdso = proc::vdso_mapping(orphan);
  const auto is_creator = [&](const Thread& thread) { return vdso && thread.space->base() == vdso->start; };
  const auto creator = std::ranges::find_if(departed_, is_creator);
  if (creator == departed_.end()) return nullptr;
  auto child = std::make_unique<Thread>();
  child->tid = child->tgid = orphan;
  child->fate = creator->fate;
  child->space = creator->space->copy_for_fork();
  child->actions = std::make_shared<SignalActions>(*creator->actions);
  child->trap_blocked = creator->trap_blocked;
  if (creator->role != Thread::Role::traced || !options_.follow) child->role = Thread::Role::released;
  Thread& known = *(threads_[orphan] = std::move(child));
  reporter_.tell(known, Started{Started::How::fork, creator->tgid});
  return &known;
}

bool Family::has_process(pid_t pid) const {
  return std::ranges::any_of(threads_, [pid](const auto& entry) { return entry.second->tgid == pid; });
}

/// `all`: every creator has been heard; else only children of processes that are no more are taken in.
void Session::adopt_orphans(bool all) {
  if (early_.empty() || !family_.any_departed()) return;
  std::vector<pid_t> orphans;
  for (const auto& [tid, status] : early_) {
    if (status.ended()) continue;
    const auto parent = static_cast<pid_t>(proc::status_number(tid, "PPid").value_or(0));
    if (all || !family_.has_process(parent)) orphans.push_back(tid);
  }
  for (const pid_t tid : orphans) {
    Thread* child = family_.adopt(tid);
    if (child != nullptr) handle(*child, early_.extract(tid).mapped());
  }
}

/// Somebody was killed: what it made in its last moment may only now come to its first stop.
void Session::await_orphans() {
  constexpr std::int64_t kPatienceNs = 20'000'000;
  if (!family_.any_departed()) return;
  source_.set_deadline(monotonic_ns() + kPatienceNs);
  watch([] { return true; });
  source_.set_deadline(std::nullopt);
  adopt_orphans(true);
}

}  // namespace vdsotrace
