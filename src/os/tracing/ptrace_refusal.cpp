#include "os/tracing/ptrace_refusal.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/escape.hpp"
#include "os/kernel_file.hpp"
#include "os/proc/proc.hpp"
#include "os/procfs.hpp"
#include "os/tracing/wait_end.hpp"

namespace vdsotrace {
namespace {

constexpr const char* kAllowInContainer =
    "let the container's runtime or the service manager allow it: docker run --cap-add SYS_PTRACE, Kubernetes "
    "securityContext.capabilities.add: [SYS_PTRACE], systemd SystemCallFilter=@debug";

struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
};

/// 0: ours. Not by /proc, which may be missing.
std::optional<Capabilities> capabilities_of(pid_t pid) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, pid};
  __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, words) != 0) return std::nullopt;
  const auto whole = [](std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; };
  return Capabilities{whole(words[0].effective, words[1].effective), whole(words[0].permitted, words[1].permitted)};
}

/// The files of a process that is not dumpable are root's (proc(5)); its directories stay its own.
bool has_files_of_another(pid_t tid, uid_t user) {
  const UniqueFd file = procfs::open(fmt::format("{}/status", tid), O_RDONLY);
  struct stat facts {};
  return file && ::fstat(file.get(), &facts) == 0 && facts.st_uid != user;
}

/// A child of ours by what can be waited for, as /proc may be missing.
bool has_ended(pid_t tid, bool is_child) {
  if (is_child) return has_waitable_end(tid);
  return procfs::trusted() && (!proc::exists(tid) || proc::has_ended(tid));
}

/// What a user can do about EPERM, by what the system says of itself.
std::string permission_hint(const RefusalFacts& facts) {
  if (facts.yama_scope == "3") return "kernel.yama.ptrace_scope is 3: nobody may attach until the next boot";
  if (facts.privileged) return "this takes CAP_SYS_PTRACE in the user namespace of that process";
  const std::string_view what = facts.is_child ? "run vdsotrace" : "attach";
  // Root without it is root in a container.
  const std::string with = facts.our_user == 0 ? fmt::format("with CAP_SYS_PTRACE; {}", kAllowInContainer)
                                               : std::string("as root or with CAP_SYS_PTRACE");
  if (facts.user && *facts.user != facts.our_user)
    return fmt::format("it belongs to user {}: {} as that user, {}", *facts.user, what,
                       facts.our_user == 0 ? with : "as root, or with CAP_SYS_PTRACE");
  if (facts.yama_scope == "2" || (facts.yama_scope == "1" && !facts.is_child))
    return fmt::format("kernel.yama.ptrace_scope is {}: {} {}", facts.yama_scope, what, with);
  if (facts.more_capable) return fmt::format("it has capabilities that vdsotrace has not: {} {}", what, with);
  if (facts.undumpable) return fmt::format("it is not dumpable (prctl PR_SET_DUMPABLE): {} {}", what, with);
  return fmt::format("{} {}", what, with);
}

}  // namespace

Refusal refusal_of(const RefusalFacts& facts) {
  if (facts.ended) return {"it has ended", {}};
  const char* text = std::strerror(facts.code);
  if (facts.filtered) return {fmt::format("a seccomp filter forbids ptrace ({})", text), kAllowInContainer};
  if (facts.tracer != 0) {
    const std::string name = facts.tracer_name.empty() ? "" : fmt::format(" ({})", facts.tracer_name);
    return {fmt::format("already traced by process {}{}", facts.tracer, name),
            facts.is_child ? "it follows the children of vdsotrace: run vdsotrace without it"
                           : "a process can have one tracer only: end that one first"};
  }
  if (facts.code == EACCES && facts.selinux_deny.starts_with('1'))
    return {fmt::format("SELinux forbids ptrace ({})", text),
            "its boolean deny_ptrace is on: setsebool deny_ptrace off"};
  if (facts.code == EACCES)
    return {fmt::format("a security module forbids it ({})", text),
            "the kernel's log says which rule of SELinux or AppArmor that is"};
  return {text, facts.code == EPERM ? permission_hint(facts) : std::string()};
}

bool ptrace_is_filtered() {
  // No process has that number: what the kernel says is ESRCH.
  constexpr pid_t kNobody = 0;
  if (::syscall(SYS_ptrace, PTRACE_SEIZE, kNobody, 0, 0) == 0 || errno == ESRCH) return false;
  return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_DISABLED;
}

RefusalFacts refusal_facts(pid_t tid, int code, bool is_child) {
  RefusalFacts facts;
  facts.code = code;
  facts.is_child = is_child;
  facts.ended = has_ended(tid, is_child);
  facts.our_user = ::getuid();
  facts.filtered = ptrace_is_filtered();
  const auto ours = capabilities_of(0), theirs = capabilities_of(tid);
  facts.privileged = ours && (ours->effective & std::uint64_t{1} << CAP_SYS_PTRACE) != 0;
  facts.more_capable = ours && theirs && (theirs->permitted & ~ours->permitted) != 0;
  facts.selinux_deny = kernel_line(KernelFileSystem::selinux, "/sys/fs/selinux/booleans/deny_ptrace").value_or("");
  if (!procfs::trusted()) return facts;
  facts.tracer = static_cast<pid_t>(proc::status_number(tid, "TracerPid").value_or(0));
  if (facts.tracer != 0) facts.tracer_name = escaped(proc::command_name(facts.tracer));
  facts.user = procfs::owner(tid);
  facts.undumpable = facts.user && has_files_of_another(tid, *facts.user);
  facts.yama_scope = kernel_line(KernelFileSystem::proc, "/proc/sys/kernel/yama/ptrace_scope").value_or("");
  return facts;
}

}  // namespace vdsotrace
