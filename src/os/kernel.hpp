// The system calls by which tracees are reached, waited for and looked at, in one place: a test can play the kernel and
// needs no process to trace. Only what is of use where the kernel is real does without: /proc/PID/mem
// (os/memory/remote_memory has PTRACE_POKEDATA beside it), links of /proc, perf events, os/tracing/reaper.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vdsotrace {

/// Each answers as the manual page says, -1 with errno if it fails, unless another thing is said.
class Kernel {
 public:
  virtual ~Kernel() = default;

  /// ptrace(2), the raw call: a word that is read (PTRACE_PEEKDATA) is stored at `data`.
  virtual long ptrace(long request, pid_t tid, std::uintptr_t address, std::uintptr_t data) = 0;
  /// process_vm_readv(2).
  virtual ssize_t read_memory(pid_t tid, const iovec& into, std::span<const iovec> from) = 0;
  /// waitid(2).
  virtual int waitid(idtype_t kind, id_t id, siginfo_t& info, int options) = 0;
  /// wait4(2); `usage` may be null.
  virtual pid_t wait4(pid_t which, int& status, int options, rusage* usage) = 0;
  /// kill(2).
  virtual int kill(pid_t pid, int signal) = 0;
  /// kcmp(2) of what two processes have one of each: KCMP_VM, KCMP_SIGHAND.
  virtual int kcmp(pid_t one, pid_t other, int what) = 0;
  /// A file of /proc by its path in it ("PID/status"). Nothing if it cannot be opened or /proc cannot be believed
  /// (os/procfs).
  virtual std::optional<std::string> proc_file(const std::string& path) = 0;
  /// What a folder of /proc holds. Nothing in it if it cannot be opened.
  virtual std::vector<std::string> proc_folder(const std::string& path) = 0;
};

/// The kernel that is asked: Linux, unless a KernelInstead lives.
Kernel& kernel();

/// For tests: as long as it lives that kernel is asked. One at a time.
class KernelInstead {
 public:
  explicit KernelInstead(Kernel& other);
  ~KernelInstead();
  KernelInstead(const KernelInstead&) = delete;
  KernelInstead& operator=(const KernelInstead&) = delete;
};

}  // namespace vdsotrace
