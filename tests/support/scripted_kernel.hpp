// A kernel that plays processes by scripts: each task has registers, memory and a list of what it does next whenever a
// tracer lets it run. It answers ptrace(2), wait(2) and /proc as Linux does, as far as a tracer can see. What comes
// first where Linux lets chance decide, a test says.
#pragma once

#include <linux/sched.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include <array>
#include <csignal>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "os/kernel.hpp"
#include "os/tracing/waiter.hpp"

namespace vdsotrace::testing {

/// Above every number that Linux gives (PID_MAX_LIMIT, linux/threads.h): should anything ask the real kernel, it finds
/// nobody.
constexpr pid_t kPid = 5'000'000;
/// The first program of most scripts.
constexpr pid_t kRoot = kPid + 1;
/// What makes a thread and no process, as pthread_create does.
constexpr std::uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
/// Ranks of one task (Task::rank) at which its stop is given out before, with and after that of another of rank 0.
constexpr int kOrders[] = {-1, 0, 1};
constexpr std::uint64_t kCode = 0x401000;
constexpr std::uint64_t kStackTop = 0x7ffd'0000'0000;
constexpr std::uint64_t kVdsoBase = 0x7ffd'1000'0000;

using Arguments = std::array<std::uint64_t, 6>;

/// A SIGTRAP with that si_code: SI_KERNEL a breakpoint's, TRAP_TRACE a step's.
inline siginfo_t trap(int code) {
  siginfo_t info{};
  info.si_signo = SIGTRAP;
  info.si_code = code;
  return info;
}

/// What is mapped in a process: its contents by where they begin.
struct ScriptedMemory {
  std::map<std::uint64_t, std::vector<std::byte>> regions;
  std::byte* at(std::uint64_t address);
  std::size_t read(std::uint64_t address, std::span<std::byte> into);
  bool write(std::uint64_t address, std::span<const std::byte> bytes);
};

class ScriptedKernel;

/// What the tracer let it do after a stop.
enum class Mode { syscall, cont, step };

class Task {
 public:
  pid_t tid = 0, tgid = 0, ppid = 0;
  std::shared_ptr<ScriptedMemory> memory = std::make_shared<ScriptedMemory>();
  std::shared_ptr<int> handlers = std::make_shared<int>();  ///< one object for each CLONE_SIGHAND
  user_regs_struct registers{};
  std::uint64_t mask = 0, ignored = 0, caught = 0;  ///< sets of signals
  char sleeps = 'S';                                ///< its state(5) when it has nothing more to do
  int rank = 0;                                ///< whose stop is given out first where several have stopped: the least
  int own_filters = 0;                         ///< seccomp filters that its program has put on it
  pid_t tracer = 0;                            ///< another one than us
  std::optional<std::int64_t> start_time = 0;  ///< as /proc/PID/stat has it, in ticks; nothing: it does not say
  int signal_before_call = 0;                  ///< that comes before a call which the tracer makes it do
  std::array<std::uint64_t, 4> dispatch{};     ///< struct ptrace_sud_config: mode, selector, offset, length
  bool trap_queued = false;                    ///< a breakpoint's SIGTRAP follows the next stop

  bool born = true, seized = false, stopped = false, listening = false, ended = false, gone = false;
  int group_signal = 0;  ///< that it is in a group-stop for
  long options = 0;
  unsigned long message = 0;
  siginfo_t info{};
  __ptrace_syscall_info call{};
  std::vector<int> delivered;  ///< signals that the tracer let through
  int detached_with = -1;
  Mode mode = Mode::cont;  ///< how it was last let run

  // ---- what it does next, in this order ----
  /// A system call: stops at its entry and its exit where calls stop. `effect` happens in between.
  Task& calls(std::string_view name, const Arguments& args = {}, std::int64_t result = 0,
              std::function<void(Task&)> effect = {});
  /// Only begins it, or only ends one that has begun.
  Task& enters(std::string_view name, const Arguments& args = {});
  Task& returns(std::int64_t result, std::function<void(Task&)> effect = {});
  /// clone(2) with these flags; that task is the child.
  Task& clones(Task& child, std::uint64_t flags);
  Task& forks(Task& child) { return clones(child, SIGCHLD); }
  /// vfork's child keeps it asleep until `does` wakes it: what follows is the call's return.
  Task& vforks(Task& child);
  /// From the middle of such a call on: its event and its end.
  Task& makes(Task& child, std::uint64_t flags);
  /// It is killed between making a child and the event that reports it.
  Task& dies_making(Task& child, std::uint64_t flags);
  /// The same of a thread alone: another thread's exec ends it there.
  Task& ends_making(Task& child, std::uint64_t flags);
  Task& executes();
  /// The kernel is about to deliver the signal.
  Task& gets(const siginfo_t& signal);
  Task& gets(int signal, int code = SI_USER, pid_t sender = 1);
  Task& stops_with_group(int signal);
  /// A filter's stop (PTRACE_EVENT_SECCOMP) before a call that is then made.
  Task& filtered(std::string_view name, const Arguments& args, std::int64_t result, unsigned cookie);
  /// A call through the vsyscall page under a filter, from there to `back`.
  Task& calls_page(std::string_view name, const Arguments& args, std::int64_t result, std::uint64_t back,
                   unsigned cookie);
  /// exit_group(2).
  Task& exits(int code = 0);
  /// exit(2): the other threads go on.
  Task& ends_thread(int code = 0);
  Task& is_killed(int signal = SIGKILL);
  /// Something that no tracer sees.
  Task& does(std::function<void()> something);
  /// Goes to that address.
  Task& goes_to(std::uint64_t address);
  Task& changes(std::function<void(user_regs_struct&)> change);
  /// Waits until nothing else can happen.
  Task& idles();
  Task& waits_for(std::function<bool()> ready);
  /// What was added last happens before an interruption that has been asked for.
  Task& uninterrupted();
  /// What follows begins when the time of the tracer is over, before anybody is stopped for that.
  Task& when_leaving();

 private:
  friend class ScriptedKernel;
  struct Moment {
    std::function<void(Task&, bool stops)> happens;
    bool is_call_stop = false;         ///< a stop only where system calls stop
    bool within_call = false;          ///< no interruption comes before it
    std::function<bool()> ready = {};  ///< empty: at once
  };
  explicit Task(ScriptedKernel& kernel) : kernel_(kernel) {}
  Task& stops_by_filter(std::string_view name, const Arguments& args, unsigned cookie);
  Task& then(std::function<void(Task&, bool)> happens, bool is_call_stop = false, bool within_call = false);
  ScriptedKernel& kernel_;
  std::deque<Moment> script_;
  bool interrupt_wanted_ = false;
  bool made_to_call_ = false;  ///< the tracer has set its registers to make a system call
  bool within_made_call_ = false;
};

class ScriptedKernel final : public Kernel {
 public:
  ScriptedKernel();
  ~ScriptedKernel() override;

  Task& process(pid_t pid, pid_t ppid = 1);
  Task& thread(pid_t tid, Task& leader);
  /// Our own child, seized by us, that is about to execute its program.
  Task& spawned(pid_t pid);
  /// One that somebody's script will make.
  Task& unborn(pid_t tid);
  /// One that gets the number of another, which will be gone by then.
  Task& reusing(const Task& other);
  Task& task(pid_t tid);

  /// What processes get as their vDSO that begin or execute a program from now on.
  void map_vdso(std::span<const std::byte> image);
  std::vector<std::byte> vdso;  ///< that, in whole pages; empty: none

  /// SIGKILL for its process.
  void kill_process(Task& task, int signal = SIGKILL);
  /// Its process goes on after a group-stop (SIGCONT).
  void wake(Task& task);
  /// It dies at the n-th request of ptrace(2) that it gets, counted from 1, which finds it gone.
  void die_at(pid_t tid, int request) { doomed_[tid] = request; }
  /// The same of the thread alone.
  void die_alone_at(pid_t tid, int request) { doomed_alone_[tid] = request; }
  int requests_of(pid_t tid) { return requests_[tid]; }
  /// What the tracer has asked of a tracee that was not stopped.
  std::vector<std::string> wrong_requests;
  /// The answer to a call that a tracer makes a task do.
  std::function<std::int64_t(Task&, std::int64_t nr, const Arguments&)> made_call = [](auto&, auto, const auto&) {
    return 0;
  };
  std::vector<std::int64_t> made_calls;  ///< their numbers
  int waits_for_any = 0;                 ///< how often wait4(2) was called for all tracees
  int files_read = 0;                    ///< of /proc
  /// PTRACE_SEIZE of that task fails so.
  std::map<pid_t, int> refused;
  std::vector<int> killed_with;      ///< signals that were sent to somebody
  bool refuses_writes = false;       ///< PTRACE_POKEDATA fails
  bool has_syscall_dispatch = true;  ///< ptrace(2) can set and read it (Linux 6.4)
  bool may_suspend_seccomp = false;  ///< PTRACE_O_SUSPEND_SECCOMP

  /// A task that is in a ptrace stop nobody resumes.
  bool any_left_stopped() const;
  bool any_tracee() const;
  /// The next status in the order that the ranks say; nothing if nobody has one.
  std::optional<TraceeStop> take();
  std::optional<TraceeStop> take(pid_t tid);
  /// Lets happen what waits until all is quiet. False if nothing does.
  bool pass_time();
  /// See Task::when_leaving.
  void end_time();

  long ptrace(long request, pid_t tid, std::uintptr_t address, std::uintptr_t data) override;
  ssize_t read_memory(pid_t tid, const iovec& into, std::span<const iovec> from) override;
  int waitid(idtype_t kind, id_t id, siginfo_t& info, int options) override;
  pid_t wait4(pid_t which, int& status, int options, rusage* usage) override;
  int kill(pid_t pid, int signal) override;
  int kcmp(pid_t one, pid_t other, int what) override;
  std::optional<std::string> proc_file(const std::string& path) override;
  std::vector<std::string> proc_folder(const std::string& path) override;

 private:
  friend class Task;
  struct Waiting {
    pid_t tid;
    int status;
  };
  Task* find(pid_t tid);
  void stop(Task& task, int status);
  void stop_with(Task& task, int event, int signal = SIGTRAP);
  void resume(Task& task, Mode mode, int signal);
  void play(Task& task);
  static void enter_made_call(Task& task);
  void end_made_call(Task& task);
  bool plays_made_call(Task& task);
  void end(Task& task, int status);
  void report_end(Task& task);
  void reaped(Task& task);
  void make_child(Task& creator, Task& child, std::uint64_t flags);
  void execute(Task& task);
  void lay_out_stack(Task& task);
  std::vector<Task*> group_of(const Task& task);
  std::optional<std::string> file_of(const Task& task, std::string_view name) const;
  void forget_status(pid_t tid);
  void advance();
  long request_of_stopped(Task& task, long request, std::uintptr_t address, std::uintptr_t data);
  long let_run(Task& task, long request, int signal);
  std::vector<Waiting>::iterator first_waiting();
  std::optional<TraceeStop> take(std::vector<Waiting>::iterator found);

  std::map<pid_t, std::unique_ptr<Task>> tasks_;
  std::vector<std::unique_ptr<Task>> superseded_;
  std::vector<std::unique_ptr<Task>> later_;  ///< whose numbers are others' as yet
  std::vector<Waiting> waiting_;
  std::map<pid_t, int> ends_;  ///< statuses of those that have ended, not told yet
  bool time_passes_ = false;
  bool time_is_over_ = false;
  std::map<pid_t, int> doomed_, doomed_alone_;
  std::map<pid_t, int> requests_;
};

}  // namespace vdsotrace::testing
