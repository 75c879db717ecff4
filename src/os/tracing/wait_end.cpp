#include "os/tracing/wait_end.hpp"

#include <sys/wait.h>

#include "os/kernel.hpp"

namespace vdsotrace {

bool has_waitable_end(pid_t tid) {
  siginfo_t info{};
  if (kernel().waitid(P_PID, static_cast<id_t>(tid), info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0) return false;
  // A tracee's stop is reported, too, whatever is asked for.
  return info.si_pid == tid && (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED);
}

}  // namespace vdsotrace
