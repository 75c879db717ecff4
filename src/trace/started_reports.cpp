#include "trace/started_reports.hpp"

#include <fmt/core.h>

#include "os/proc/pid_namespace.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {

void report_attached(const TaskTable& tasks, Reporter& reporter, pid_t pid) {
  std::vector<Thread*> threads;
  for (const pid_t tid : *tasks.threads_of(pid)) {
    if (Thread* thread = tasks.find(tid); thread->phase == Thread::Phase::attached) threads.push_back(thread);
  }
  const auto parent = static_cast<pid_t>(proc::status_number(pid, "PPid").value_or(0));
  std::size_t count = threads.size();
  for (Thread* thread : threads) {
    thread->phase = Thread::Phase::live;
    const auto vdso = count > 0 ? thread->space->vdso().facts() : std::nullopt;
    const pid_t inside = count > 0 ? other_pid_inside(pid) : 0;
    reporter.report(*thread, Started{Started::How::attach, parent, std::exchange(count, 0), vdso,
                                     thread->space->vdso().is_known(), inside});
  }
}

void report_vdso_limits(Reporter& reporter, const Thread& thread) {
  const AddressSpace& space = *thread.space;
  if (!space.vdso().is_known()) {
    reporter.report(
        thread, Notice{fmt::format("its vDSO cannot be found ({}): calls of it are not reported, and system calls that "
                                   "it makes cannot be distinguished from others",
                                   space.vdso().unusable()),
                       Missing::vdso_calls});
  } else if (!space.vdso().is_mapped()) {
    reporter.report(thread, Notice{"this program has no vDSO: only its direct system calls are reported"});
  } else if (space.vdso().image() == nullptr) {
    reporter.report(
        thread, Notice{fmt::format("its vDSO cannot be observed: {}", space.vdso().unusable()), Missing::vdso_calls});
  }
}

}  // namespace vdsotrace
