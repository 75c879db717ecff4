// What a process's file descriptors refer to: /proc/PID/fd, and sock_diag(7) for sockets.
#pragma once

#include <sys/types.h>

#include "vdsotrace/descriptor.hpp"

namespace vdsotrace {

/// Those of a stopped thread. What another thread does with them meanwhile may be seen or not. Where /proc is not to be
/// believed (os/procfs.hpp) nothing is known of any.
class ProcessDescriptors final : public DescriptorTable {
 public:
  ProcessDescriptors(pid_t tid, const DescriptorDetails& wanted) : tid_(tid), wanted_(wanted) {}
  DescriptorFacts look_up(std::int32_t fd) override;
  std::optional<std::uint16_t> netlink_protocol(std::int32_t fd) override;

 private:
  pid_t tid_;
  DescriptorDetails wanted_;
};

}  // namespace vdsotrace
