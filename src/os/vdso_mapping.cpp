#include "os/vdso_mapping.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/unique_fd.hpp"
#include "os/proc.hpp"
#include "os/ptrace.hpp"
#include "os/remote_memory.hpp"
#include "os/spawn.hpp"
#include "os/wait_status.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kAllowed = "be its user and allowed to trace it, or root";
/// No kernel maps more; a bound for what is read.
constexpr std::uint64_t kLargestMapping = 256 * 1024;

/// Why a process shows no mappings at all.
Error why_no_mappings(pid_t pid) {
  if (::kill(pid, 0) != 0 && errno == ESRCH)
    return {ESRCH, fmt::format("process {}: No such process", pid), {}};
  const UniqueFd maps(::open(fmt::format("/proc/{}/maps", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!maps && errno != ENOENT) {
    return {errno, fmt::format("process {}: {}", pid, std::strerror(errno)), std::string(kAllowed)};
  }
  // Neither a zombie nor a kernel thread has memory; only the former had a program.
  return {0, fmt::format("process {}: it has ended, or is a kernel thread: it has no memory", pid), {}};
}

Error no_vdso(pid_t pid) { return {ENOENT, fmt::format("process {}: it has no vDSO", pid), {}}; }

/// Runs the child up to its exec.
Result<void> run_to_exec(const SpawnedChild& child, OwnSignals& signals) {
  for (;;) {
    int raw = 0;
    if (::waitpid(child.pid(), &raw, __WALL) < 0) {
      if (errno != EINTR) return fail(fmt::format("cannot wait: {}", std::strerror(errno)));
      if (const auto own = signals.take()) return fail(fmt::format("ended by signal {}", own->signal));
      continue;
    }
    const WaitStatus status(raw);
    if (status.ended()) return tl::unexpected(child.failure());
    if (status.kind() == WaitStatus::Kind::event && status.event() == PTRACE_EVENT_EXEC) return {};
    const bool delivers = status.kind() == WaitStatus::Kind::signal;
    ptrace::resume_to_syscall(child.pid(), delivers ? status.signal() : 0);
  }
}

void kill_and_reap(pid_t pid) {
  ::kill(pid, SIGKILL);
  for (int raw = 0; ::waitpid(pid, &raw, __WALL) >= 0 || errno == EINTR;) {
    if (WaitStatus(raw).ended()) return;
  }
}

}  // namespace

Result<MappedVdso> read_vdso(pid_t pid) {
  const auto mappings = proc::mappings(pid);
  if (mappings.empty()) return tl::unexpected(why_no_mappings(pid));
  for (const proc::Mapping& mapping : mappings) {
    if (mapping.name != "[vdso]") continue;
    if (mapping.end - mapping.start > kLargestMapping)
      return fail(fmt::format("process {}: its vDSO is too large", pid));
    MappedVdso vdso{mapping.start, std::vector<std::byte>(mapping.end - mapping.start)};
    if (RemoteMemory(pid).read(vdso.base, vdso.bytes) == vdso.bytes.size()) return vdso;
    return fail(fmt::format("process {}: its memory cannot be read", pid), std::string(kAllowed));
  }
  return tl::unexpected(no_vdso(pid));
}

Result<MappedVdso> read_vdso_of(const std::vector<std::string>& command) {
  OwnSignals signals;
  auto child = SpawnedChild::start({command, {}, {}}, signals);
  if (!child) return tl::unexpected(child.error());
  child->begin();
  if (auto stopped = run_to_exec(*child, signals); !stopped) {
    kill_and_reap(child->pid());
    return tl::unexpected(stopped.error());
  }
  auto vdso = read_vdso(child->pid());
  kill_and_reap(child->pid());
  return vdso;
}

}  // namespace vdsotrace
