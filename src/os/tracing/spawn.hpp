// Starting a program that is traced from its first instruction.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "os/self/own_signals.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// Searches PATH as execvp(3) does; a name with a slash is taken as it is. Errors: missing, a directory, not
/// executable.
Result<std::string> find_program(const std::string& name);

/// Whose process runs the program, and where the tracer is: strace's -D.
enum class Daemonize : std::uint8_t {
  no,          ///< a child of ours
  grandchild,  ///< the process that asks runs it, and its grandchild goes on as the tracer
  group,       ///< the same, in a process group of its own
  session,     ///< and in a session of its own
};

/// What to run and how.
struct SpawnRequest {
  std::vector<std::string> command;      ///< program and arguments; never empty
  std::vector<std::string> environment;  ///< strace's -E: VAR=VAL sets, VAR removes
  std::string user;                      ///< strace's -u; empty: as we are
  std::vector<sock_filter> filter = {};  ///< put on it just before it is executed; empty: none
  Daemonize daemonize = Daemonize::no;
};

/// A child of ours (or, daemonized, the process that we come from) that waits, already seized, for begin() to execute
/// its program.
/// If it cannot, it ends with status 127 after saying why.
class SpawnedChild {
 public:
  /// A filter that the kernel refuses is left out: look at /proc/PID/status.
  /// Finds the program as execvp(3) would and checks it, forks, seizes the child
  /// (PTRACE_O_EXITKILL). Errors: program missing, not executable, a directory,
  /// unknown user, ptrace not permitted; no process is left then.
  /// `signals` are put back in the child as they were before vdsotrace took them over. Daemonized, it returns in
  /// another process: open descriptors and memory are as they were, threads and timers are not.
  static Result<SpawnedChild> start(const SpawnRequest& request, const OwnSignals& signals);

  /// A child that has been seized and waits for a byte in what `go` writes to; why it failed comes out of `report`.
  SpawnedChild(pid_t pid, std::string program, UniqueFd go, UniqueFd report)
      : pid_(pid), program_(std::move(program)), go_(std::move(go)), report_(std::move(report)) {}

  pid_t pid() const { return pid_; }
  /// Lets the child go on to its execve.
  void begin();
  /// Why execve (or becoming the user) failed; asked after the child has ended
  /// without executing anything.
  Error failure() const;

 private:
  pid_t pid_;
  std::string program_;
  UniqueFd go_;      ///< a byte written here starts the child
  UniqueFd report_;  ///< the child's errno arrives here
};

}  // namespace vdsotrace
