// Facts about a process from /proc (proc(5)). A process that is gone gives nothing; so does every process where /proc
// cannot be believed (os/procfs). Nothing is not an answer: the caller decides what it means there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdsotrace::proc {

/// One line of /proc/PID/maps.
struct Mapping {
  std::uint64_t start = 0;
  std::uint64_t end = 0;  ///< exclusive
  bool readable = false;
  bool executable = false;
  std::uint64_t offset = 0;  ///< in the file, of `start`
  std::uint64_t inode = 0;   ///< 0: not of a file
  std::string name;          ///< file, "[vdso]", or empty
  bool writable = false;
  bool shared = false;
};

/// All that is mapped; nothing if that is not known.
std::optional<std::vector<Mapping>> known_mappings(pid_t pid);
/// The same; none if that is not known.
std::vector<Mapping> mappings(pid_t pid);
/// From the text of such a file; lines of another form are left out.
std::vector<Mapping> parse_mappings(std::string_view text);
/// The mapping named [vdso]; nothing if there is none.
std::optional<Mapping> vdso_mapping(pid_t pid);

/// Where /proc/PID/exe points; empty if it is not known.
std::string executable(pid_t pid);

/// A numeric field of /proc/PID/status ("Tgid", "PPid", "TracerPid"). PID may be a thread here and below.
std::optional<std::int64_t> status_number(pid_t pid, std::string_view field);
/// A set of signals from it ("SigBlk", "SigIgn", "SigCgt"), bit n-1 for signal n.
std::optional<std::uint64_t> status_signals(pid_t pid, std::string_view field);

/// When it was started, CLOCK_REALTIME, to a hundredth of a second.
std::optional<std::int64_t> start_time_ns(pid_t pid);
/// The process's number as it sees itself (pid_namespaces(7)). PID may be a thread.
std::optional<pid_t> pid_inside(pid_t pid);

/// Processor time that all threads of the process have used, also those that have ended (proc(5), utime and stime).
std::optional<std::int64_t> cpu_time_ns(pid_t pid);

/// The threads that the process has at this moment.
std::vector<pid_t> threads_of(pid_t pid);
/// The children of all its threads (CONFIG_PROC_CHILDREN; else none).
std::vector<pid_t> children_of(pid_t pid);
/// How long the thread has had a processor (schedstat, CONFIG_SCHED_INFO).
std::optional<std::int64_t> run_time_ns(pid_t tid);
/// What state(5) calls it: R, S, D, T, t, Z, X; nothing if there is no such thread.
std::optional<char> state(pid_t tid);
/// Whether there is a thread or process of that number, also one that has ended and has not been waited for. Without
/// /proc.
bool exists(pid_t tid);
/// Whether it is gone, or has ended and so has no memory any more (process_vm_readv(2)), or is a kernel thread. Without
/// /proc.
bool has_no_memory(pid_t tid);
/// Whether it is gone or a zombie; where /proc does not say, whether it has no memory.
bool has_ended(pid_t tid);
bool is_kernel_thread(pid_t pid);
/// Where a thread that is blocked in the kernel will go on in user space (/proc/TID/syscall). Nothing if it runs, or if
/// that is not known.
struct BlockedAt {
  std::uint64_t stack_pointer;
  std::uint64_t program_counter;
  std::int64_t call = -1;  ///< the number of the system call that it is in; -1: it is in none
};
std::optional<BlockedAt> blocked_at(pid_t tid);
std::optional<std::uint64_t> user_pc_while_blocked(pid_t tid);
/// Its command line (proc(5), cmdline), as the process has left it; empty if it is not known.
std::vector<std::string> command_line(pid_t pid);
/// The name of the program that it runs, as ps shows it.
std::string command_name(pid_t pid);

/// What a namespace link such as /proc/PID/ns/time points to; empty if it is not known.
std::string namespace_link(pid_t pid, const std::string& kind);

}  // namespace vdsotrace::proc
