// Why the kernel does not let us trace, as far as that can be found out, and what can be done about it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace vdsotrace {

/// What bears upon it (ptrace(2), "Ptrace access mode checking"). What cannot be found out is nothing, zero or empty.
struct RefusalFacts {
  int code = 0;             ///< errno of the request
  bool ended = false;       ///< it has ended meanwhile, which the kernel answers with EPERM too
  bool filtered = false;    ///< a seccomp filter answers in the kernel's place
  pid_t tracer = 0;         ///< who traces it already
  std::string tracer_name;  ///< escaped
  bool is_child = false;    ///< we started it, so its tracer came by following our children
  bool privileged = false;  ///< we have CAP_SYS_PTRACE in our own user namespace
  uid_t our_user = 0;
  std::optional<uid_t> user;  ///< the process's
  bool undumpable = false;    ///< prctl(2), PR_SET_DUMPABLE
  bool more_capable = false;  ///< it has capabilities that we have not
  std::string yama_scope;     ///< /proc/sys/kernel/yama/ptrace_scope
  std::string selinux_deny;   ///< SELinux's boolean deny_ptrace: "1 1" where it is on
};

/// `why` as after "cannot trace process 7: ", and a hint without its "hint: ".
struct Refusal {
  std::string why;
  std::string hint;
};

Refusal refusal_of(const RefusalFacts& facts);

/// Of PTRACE_SEIZE of a process or thread, which has failed with `code`.
RefusalFacts refusal_facts(pid_t tid, int code, bool is_child);

/// Whether a request of ptrace does not reach the kernel, because a filter of ours forbids it.
bool ptrace_is_filtered();

}  // namespace vdsotrace
