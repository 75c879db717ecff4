#include "trace/stop_handler.hpp"

#include "os/memory/remote_writes.hpp"
#include "trace/remote/barred_restart.hpp"

namespace vdsotrace {

StopHandler::StopHandler(const TaskOptions& options, const Needs& needs, ProbeEngine& engine, Reporter& reporter,
                         StopPolicy& policy, TaskTable& tasks, Orphans& orphans, Program& program,
                         CallerNotices& callers, LockedMemory& locked)
    : engine_(engine),
      reporter_(reporter),
      policy_(policy),
      tasks_(tasks),
      orphans_(orphans),
      program_(program),
      callers_(callers),
      locked_(locked),
      execs_(options, tasks, engine, reporter),
      calls_(needs, engine, reporter),
      signals_(needs, tasks, engine, reporter, calls_) {}

Thread* StopHandler::thread_of(const TraceeStop& stop) {
  if (stop.status.kind() == WaitStatus::Kind::event && stop.status.event() == PTRACE_EVENT_EXEC)
    on_leader_superseded(stop.tid);
  Thread* thread = tasks_.find(stop.tid);
  if (thread == nullptr) {
    orphans_.keep(stop);
  } else {
    thread->kernel_ns = stop.kernel_ns;
  }
  return thread;
}

void StopHandler::handle(Thread& thread, const WaitStatus& status) {
  if (status.ended()) {
    on_end(thread, status);
    return;
  }
  if (status.kind() == WaitStatus::Kind::continued) return;
  StoppedThread stopped(thread);
  const RemoteWrites writes(thread.tid);
  thread.vfork_child = 0;
  tasks_.sharers().end_wait(thread.tid);
  judge_calls_again(stopped);
  Resume how = decide(stopped, status);
  callers_.report(thread);
  if (how.how == Resume::How::run) how.how = engine_.resume_mode(stopped);
  const bool loads = thread.phase == Thread::Phase::launching && thread.in_call &&
                     thread.in_call->call.name == "execve";
  go_on(std::move(stopped), how, status);
  if (loads) execs_.expect_own_image();
}

void StopHandler::go_on(StoppedThread&& stopped, Resume how, const std::optional<WaitStatus>& status) {
  if (how.delay_ns > 0) {
    delays_.add(stopped.tid(), {how, status});
    std::move(stopped).resume({Resume::How::hold, 0});
    return;
  }
  const auto kind = status ? status->kind() : WaitStatus::Kind::attach_stop;
  const bool interrupted = kind == WaitStatus::Kind::attach_stop || kind == WaitStatus::Kind::group_stop ||
                           kind == WaitStatus::Kind::signal;
  const bool stays = how.how == Resume::How::hold || how.how == Resume::How::listen;
  if (interrupted && !stays) let_call_go_on(stopped, how.how == Resume::How::detach);
  const bool calls = policy_.stops(stopped.thread());
  const pid_t tid = stopped.tid();
  std::move(stopped).resume(how, calls);
  if (how.how != Resume::How::detach) return;
  auto detached = tasks_.forget(tid);
  const Thread* creator = tasks_.find(detached->awaited_by);
  tasks_.sharers().keep(std::move(detached), creator);
}

void StopHandler::end_delays(std::int64_t now) {
  for (const auto& [tid, stop] : delays_.take_due(now)) {
    Thread* thread = tasks_.find(tid);
    if (thread != nullptr && thread->stopped) go_on(StoppedThread(*thread), stop.how, stop.status);
  }
}

/// exec by another thread ends the leader without a wait status; its number lives on.
void StopHandler::on_leader_superseded(pid_t leader) {
  const auto former = static_cast<pid_t>(ptrace::event_message(leader).value_or(0));
  if (former == leader || former == 0) return;
  delays_.forget(leader);
  if (Thread* superseded = tasks_.find(leader)) calls_.on_end(*superseded);
  execs_.take_over(leader, former);
}

void StopHandler::on_end(Thread& thread, const WaitStatus& status) {
  delays_.forget(thread.tid);
  calls_.on_end(thread);
  engine_.on_end(thread);
  callers_.report(thread);
  const bool signaled = status.kind() == WaitStatus::Kind::killed;
  if (thread.phase == Thread::Phase::launching) {
    reporter_.report_of_launch(thread, Exited{signaled, status.core_dumped(), status.code()});
  }
  reporter_.report(thread, Exited{signaled, status.core_dumped(), status.code()});
  program_.on_end(thread, status);
  tasks_.remember_dead_parent(thread, signaled);
  tasks_.forget(thread.tid);
}

Resume StopHandler::decide(StoppedThread& stopped, const WaitStatus& status) {
  Thread& thread = stopped.thread();
  // What follows may have the thread stop for us once more.
  const auto call = status.kind() == WaitStatus::Kind::system_call ? ptrace::syscall_info(thread.tid) : std::nullopt;
  if (thread.phase == Thread::Phase::fresh) {
    const Resume first = on_first_stop(stopped);
    if (first.how != Resume::How::run) return first;
  }
  engine_.on_stop(thread);
  calls_.on_any_stop(stopped);
  if (thread.executed && status.kind() == WaitStatus::Kind::system_call) {
    // The end of execve: nothing of the new program has run, and unlike at the event before, it can make calls for us.
    thread.executed = false;
    policy_.apply_before_install(*thread.space);
    if (thread.space->vdso().image() != nullptr) engine_.install(*thread.space, stopped, {});
    policy_.apply_after_exec(*thread.space);
  }
  switch (status.kind()) {
    case WaitStatus::Kind::system_call:
      if (may_ask_to_be_traced(thread) && asks_to_be_traced(stopped) &&
          tasks_.sharers().may_leave(thread, tasks_.find(thread.awaited_by)))
        return {Resume::How::detach, 0};
      return call ? calls_.on_stop(stopped, *call) : Resume{};
    case WaitStatus::Kind::signal: return signals_.on_signal(stopped, status.signal());
    case WaitStatus::Kind::group_stop: return signals_.on_group_stop(stopped, status.signal());
    case WaitStatus::Kind::event: return on_event(stopped, status.event());
    case WaitStatus::Kind::attach_stop: locked_.on_interruption(stopped); return {};
    default: return {};
  }
}

Resume StopHandler::on_first_stop(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  thread.phase = Thread::Phase::live;
  if (thread.role == Thread::Role::released && tasks_.clean(stopped)) return tasks_.detach_or_guard(thread, 0);
  engine_.on_first_stop(stopped);
  return {};
}

Resume StopHandler::on_event(StoppedThread& stopped, int event) {
  if (event == PTRACE_EVENT_EXEC) return on_exec(stopped);
  if (event == PTRACE_EVENT_SECCOMP) return on_filtered(stopped);
  if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
    stopped.thread().rests = event == PTRACE_EVENT_VFORK;
    if (const Thread* child = tasks_.on_clone(stopped)) orphans_.claim_stop(child->tid);
  }
  return {};
}

Resume StopHandler::on_exec(StoppedThread& stopped) {
  Thread& thread = stopped.thread();
  if (thread.phase == Thread::Phase::launching) {
    policy_.confirm(thread.filtered);
    thread.filtered = policy_.filtered();
    if (thread.filtered) tasks_.keep_all();
  }
  const auto former = static_cast<pid_t>(ptrace::event_message(thread.tid).value_or(0));
  return execs_.on_exec(stopped, former);
}

Resume StopHandler::on_filtered(StoppedThread& stopped) {
  const auto info = ptrace::syscall_info(stopped.tid());
  if (!info) return {};
  if (ptrace::event_message(stopped.tid()) == kFilterCookie) return calls_.on_filtered(stopped, *info);
  stopped.refuse_system_call();
  return {};
}

}  // namespace vdsotrace
