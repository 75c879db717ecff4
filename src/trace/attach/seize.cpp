#include "trace/attach/seize.hpp"

#include <fmt/core.h>
#include <linux/kcmp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "os/kernel.hpp"
#include "os/proc/proc.hpp"
#include "os/procfs.hpp"
#include "os/tracing/ptrace.hpp"
#include "os/tracing/ptrace_refusal.hpp"
#include "os/tracing/reaper.hpp"

namespace vdsotrace {
namespace {

/// A process whose threads start new ones faster than they can be seized, for so many rounds, is no usual one.
constexpr int kMostPasses = 1000;

tl::unexpected<Error> refuse(pid_t pid, std::string_view why, std::string hint = {}) {
  return fail(fmt::format("cannot attach to process {}: {}", pid, why), std::move(hint));
}

/// exec gives the leader's number to the thread that made it, which may not have been seized yet.
void forget_superseded(SeizedProcess& process, std::set<pid_t>& known) {
  if (is_ours(process.pid) || proc::has_ended(process.pid)) return;
  if (std::erase(process.threads, process.pid) > 0) known.erase(process.pid);
}

tl::unexpected<Error> refuse(pid_t pid, const RefusalFacts& facts) {
  Refusal refusal = refusal_of(facts);
  return refuse(pid, refusal.why, std::move(refusal.hint));
}

}  // namespace

Result<void> check_observable(pid_t pid) {
  if (!proc::exists(pid)) return refuse(pid, "No such process");
  if (!procfs::trusted()) return refuse(pid, procfs::why_not_trusted(), procfs::kHint);
  if (!proc::state(pid))
    return refuse(pid, "/proc does not show it (it is mounted with hidepid)",
                  "attach as that user, as root, or with CAP_SYS_PTRACE");
  if (pid == ::getpid()) return refuse(pid, "it is vdsotrace itself");
  if (proc::is_kernel_thread(pid)) return refuse(pid, "it is a kernel thread");
  // A leader that has ended while other threads go on is a zombie too.
  if (std::ranges::all_of(proc::threads_of(pid), proc::has_ended)) return refuse(pid, "it has ended (zombie)");
  return {};
}

namespace {

/// Why the process cannot be attached to, as far as that can be seen from outside.
Result<void> check(pid_t pid) {
  if (auto checked = check_observable(pid); !checked) return checked;
  const auto tracer = static_cast<pid_t>(proc::status_number(pid, "TracerPid").value_or(0));
  if (tracer != 0 && tracer != ::getpid()) return refuse(pid, refusal_facts(pid, EPERM, false));
  return {};
}

/// Why PTRACE_SEIZE of a thread was refused, or nothing if that does not matter.
Result<void> judge(pid_t pid, pid_t tid, const Error& error) {
  if (error.code == ESRCH || proc::has_ended(tid) || is_ours(tid)) return {};
  if (auto now = check(pid); !now) return now;
  return refuse(pid, refusal_facts(tid, error.code, false));
}

/// One look at the threads there are. Answers how many were seized.
Result<std::size_t> seize_new(SeizedProcess& process, std::set<pid_t>& known, Reaper& reaper) {
  std::size_t seized = 0;
  forget_superseded(process, known);
  for (const pid_t tid : proc::threads_of(process.pid)) {
    if (!known.insert(tid).second) continue;
    if (auto done = reaper.during([tid] { return ptrace::seize(tid, ptrace::OnTracerDeath::leave); }); !done) {
      if (auto matters = judge(process.pid, tid, done.error()); !matters) return tl::unexpected(matters.error());
      // The number of one that has ended may come again.
      if (proc::has_ended(tid)) known.erase(tid);
      continue;
    }
    process.threads.push_back(tid);
    ++seized;
  }
  return seized;
}

}  // namespace

Result<void> seize_process(pid_t pid, SeizedProcess& seized) {
  seized.pid = static_cast<pid_t>(proc::status_number(pid, "Tgid").value_or(pid));
  if (auto checked = check(seized.pid); !checked) return checked;
  std::set<pid_t> known;
  Reaper reaper(seized.threads);
  for (int pass = 0; pass < kMostPasses; ++pass) {
    const auto more = seize_new(seized, known, reaper);
    std::erase(seized.threads, 0);
    if (!more) return tl::unexpected(more.error());
    if (*more > 0) continue;
    // One that was born of a thread of ours is ours without having been seized.
    if (seized.threads.empty() && !is_ours(seized.pid)) return refuse(pid, "No such process");
    return {};
  }
  return refuse(pid, "its threads start others faster than they can be attached");
}

bool is_ours(pid_t tid) {
  siginfo_t info{};
  const int options = WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL;
  return kernel().waitid(P_PID, static_cast<id_t>(tid), info, options) == 0 || errno != ECHILD;
}

SignalActions running_signal_actions(pid_t pid) {
  SignalActions actions;
  const auto ignored = proc::status_signals(pid, "SigIgn").value_or(0);
  const auto caught = proc::status_signals(pid, "SigCgt").value_or(0);
  for (int signal = 1; signal <= SignalActions::kSignals; ++signal) {
    if ((ignored & signal_bit(signal)) != 0) actions.set(signal, SignalActions::ignoring());
    if ((caught & signal_bit(signal)) != 0) actions.set(signal, SignalActions::unknown_handler());
  }
  return actions;
}

bool share_memory(pid_t one, pid_t other) { return kernel().kcmp(one, other, KCMP_VM) == 0; }

bool share_signal_actions(pid_t one, pid_t other) { return kernel().kcmp(one, other, KCMP_SIGHAND) == 0; }

std::vector<pid_t> sharers_of(pid_t pid) {
  std::vector<pid_t> sharers;
  const auto add = [&](pid_t relative) {
    const bool known = relative == pid || std::ranges::find(sharers, relative) != sharers.end();
    if (!known && share_memory(pid, relative)) sharers.push_back(relative);
  };
  const auto add_relatives = [&](pid_t of) {
    for (const pid_t child : proc::children_of(of)) add(child);
    if (const auto parent = proc::status_number(of, "PPid"); parent && *parent > 0) add(static_cast<pid_t>(*parent));
  };
  add_relatives(pid);
  for (std::size_t i = 0; i < sharers.size(); ++i) add_relatives(sharers[i]);
  return sharers;
}

}  // namespace vdsotrace
