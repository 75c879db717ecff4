#include "engines/syscalls/sites/text_poke.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>

#include <algorithm>

namespace vdsotrace {
namespace {

bool membarrier(RemoteCalls& calls, int command) {
  return calls.call(SYS_membarrier, {static_cast<std::uint64_t>(command), 0, 0, 0, 0, 0}) == 0;
}

bool read_code_anew(RemoteCalls& calls) { return membarrier(calls, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE); }

}  // namespace

bool poke_text(StoppedThread& stopped, const CodeWrite& rest, const CodeWrite& first) {
  const pid_t tid = stopped.tid();
  RemoteCalls calls(stopped, Others::running);
  if (!membarrier(calls, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) || !read_code_anew(calls)) return false;
  return write_remote(tid, first.address, arch::kBreakpoint) && read_code_anew(calls) &&
         write_remote(tid, rest.address, rest.bytes) && read_code_anew(calls) &&
         write_remote(tid, first.address, first.bytes) && read_code_anew(calls);
}

bool may_be_half_written(const std::vector<std::byte>& now, const CodeWrite& before, const CodeWrite& after) {
  if (now.size() != before.bytes.size() || now.size() != after.bytes.size()) return false;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const bool guarded = i == 0 && now[i] == arch::kBreakpoint[0];
    if (!guarded && now[i] != before.bytes[i] && now[i] != after.bytes[i]) return false;
  }
  return true;
}

}  // namespace vdsotrace
