#include "trace/thread/sharing.hpp"

#include <linux/sched.h>

#include <csignal>

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

std::uint64_t sharing_of(const arch::SystemCallRegisters& call, Memory& memory) {
  const CallSpec* spec = spec_of(call.abi, call.nr);
  const std::string_view name = spec != nullptr ? spec->name : "";
  if (name == "vfork") return CLONE_VM | CLONE_VFORK;
  if (name == "clone") return call.args[0];
  if (name == "clone3") return memory.object<std::uint64_t>(call.args[0]).value_or(0);
  return SIGCHLD;
}

Started::How how_born(std::uint64_t sharing) {
  if ((sharing & CLONE_THREAD) != 0) return Started::How::thread;
  if ((sharing & CLONE_VFORK) != 0) return Started::How::vfork;
  return (sharing & CLONE_VM) != 0 ? Started::How::clone : Started::How::fork;
}

}  // namespace vdsotrace
