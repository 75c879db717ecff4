#include "os/proc/pid_namespace.hpp"

#include "os/proc/proc.hpp"

namespace vdsotrace {

pid_t other_pid_inside(pid_t pid) {
  const pid_t inside = proc::pid_inside(pid).value_or(0);
  return inside != proc::status_number(pid, "Tgid").value_or(0) ? inside : 0;
}

}  // namespace vdsotrace
