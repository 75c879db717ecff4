// What a process's file descriptors refer to: /proc/PID/fd, and sock_diag(7) for sockets; and the numbers of processes
// that it knows.
#pragma once

#include <sys/types.h>

#include "vdsotrace/descriptor.hpp"

namespace vdsotrace {

/// Those of a stopped thread. What another thread does with them meanwhile may be seen or not. Where /proc is not to be
/// believed (os/procfs.hpp) nothing is known of any.
class ProcessDescriptors final : public DescriptorTable {
 public:
  ProcessDescriptors(pid_t tid, const DescriptorDetails& wanted, const ProcessDetails& processes)
      : tid_(tid), wanted_(wanted), processes_(processes) {}
  DescriptorFacts look_up(std::int32_t fd) override;
  std::optional<std::uint16_t> netlink_protocol(std::int32_t fd) override;
  ProcessFacts look_up_process(pid_t number, ProcessKind kind) override;

 private:
  pid_t tid_;
  DescriptorDetails wanted_;
  ProcessDetails processes_;
};

}  // namespace vdsotrace
