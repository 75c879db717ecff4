// What crosses from the half that observes a process to the half that reports
// people about it. An event is complete when it is made.
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "vdsotrace/call.hpp"

namespace vdsotrace {

class Histogram;  // base/histogram.hpp

/// A call has begun. Sent only where Needs::entries asks for it; the Call event
/// with the same tid follows when it ends.
struct CallEntered {
  Call call;
  /// A call of a vDSO function, which is not announced otherwise: it has caused a fault whose signal follows. Its Call
  /// event, if the handler does not end the thread, may come after other calls of the thread; it has the same
  /// `start_ns`.
  bool faulted = false;
};

/// Calls that were counted and never seen one by one. Additive: several Counts
/// for one key add up. With callers there is one for each caller: as many as a program has such places, and at most
/// some thousands, so memory stays constant.
struct Counts {
  std::string_view name;
  Abi abi = Abi::x86_64;
  std::optional<std::uint64_t> clock;  ///< first argument, where it is a clock id
  std::optional<Route> route;
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::optional<std::int64_t> duration_ns;  ///< sum
  std::optional<Caller> caller{};           ///< Needs::callers: all by this one
  /// How long each took, in ns; null where only the sum is known. It may lack calls that `duration_ns` has.
  std::shared_ptr<const Histogram> durations = nullptr;
};

/// A signal is about to be delivered to the program.
struct Signal {
  siginfo_t info{};
  ProcessFacts sender{};                  ///< Needs::limits: of `si_pid`, where the signal has one
  std::uint64_t instruction_pointer = 0;  ///< Needs::instruction_pointers: where the thread was; 0 if that is not known
  std::vector<Caller> stack{};            ///< Needs::stacks: where it was, innermost first, as far as known
};

/// The thread group has stopped (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU).
struct GroupStopped {
  int signal = 0;
  std::vector<Caller> stack{};  ///< as Signal's
};

/// Where the process's vDSO is and what it exports.
struct VdsoFacts {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  std::vector<std::string> functions;  ///< preferred name of each function
};

/// A process or thread has come under observation.
struct Started {
  enum class How : std::uint8_t { spawn, attach, fork, vfork, clone, thread };
  How how = How::spawn;
  pid_t ppid = 0;  ///< creator's thread group, 0 if unknown
  /// At an attach the first of the process's threads is reported with their number, the others with 0.
  std::size_t threads = 0;
  std::optional<VdsoFacts> vdso{};  ///< reported with the first thread of an attach
  bool vdso_known = true;           ///< false: nothing above does not mean that there is none
  /// The process's number in its own PID namespace, where that is another one than ours. Reported with the first thread
  /// of an attach.
  pid_t pid_inside = 0;
  std::string name{};  ///< of the thread; Needs::limits

  bool begins_process() const { return how != How::thread && (how != How::attach || threads > 0); }
};
std::string_view name_of(Started::How how);

/// The process runs a new program.
struct Execed {
  std::string program;   ///< as /proc/PID/exe names it; empty if that is not known
  pid_t former_tid = 0;  ///< thread that called execve, if not the leader
  Abi abi = Abi::x86_64;
  std::optional<VdsoFacts> vdso;  ///< nothing if it has none
  bool vdso_known = true;         ///< false: whether it has one could not be found out
  std::string name{};             ///< as of Started
};

/// A thread (or, when it is the last one, its process) has ended.
struct Exited {
  bool signaled = false;
  bool core_dumped = false;
  int code = 0;            ///< exit status, or the signal's number when `signaled`
  bool code_known = true;  ///< false where it was not seen how it ended
};

/// The thread goes on without us.
struct Detached {};

/// What the figures lack where a Notice applies.
enum class Missing : std::uint8_t {
  nothing,           ///< they are whole
  times,             ///< every call is there; when some were made, or how long they took, is not exact
  routes,            ///< every call is there; the route of some is `unknown`
  user_space_calls,  ///< calls that stay in user space, of some vDSO functions or of all
  vdso_calls,        ///< calls of some vDSO functions or of all, whichever way they go
  direct_calls,      ///< system calls that are made without the vDSO
  system_calls,      ///< those that no vDSO offers
};
/// "direct-calls": as JSON spells it; empty for `nothing`.
std::string_view name_of(Missing missing);
/// Whether some calls are in no total.
constexpr bool lacks_calls(Missing missing) { return missing >= Missing::user_space_calls; }

/// Something the user should know that is not an error.
struct Notice {
  std::string text;
  Missing missing = Missing::nothing;
};

/// The system's clocksource, reported at the start and whenever it has become another one.
struct Clocksource {
  std::string name;      ///< empty if it is not known
  bool changed = false;  ///< it was another one before
};

/// Events that could not be recorded.
struct Lost {
  std::uint64_t count = 0;
};

struct Event {
  using Body = std::variant<Call, CallEntered, Counts, Signal, GroupStopped, Started, Execed, Exited, Detached, Notice,
                            Clocksource, Lost>;
  static constexpr pid_t kUnknownThread = 0;

  std::uint64_t seq = 0;     ///< given by the pipeline, from 1
  std::int64_t time_ns = 0;  ///< CLOCK_REALTIME when it was observed
  pid_t pid = 0;             ///< thread group
  pid_t tid = 0;             ///< kUnknownThread: one of the process's, not known which
  Body body;
};

/// Where engines and the session put what they saw.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void accept(Event&& event) = 0;
  /// Said before the observing half goes to sleep.
  virtual void flush() {}
  /// Between the two come events that belong together: a reader that follows is shown them at show(), not one by one.
  virtual void hold() {}
  virtual void show() {}
};

/// A batch of events: what recorded calls are read in, which no thread waits for.
class Together {
 public:
  explicit Together(EventSink& sink) : sink_(sink) { sink_.hold(); }
  ~Together() { sink_.show(); }
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;

 private:
  EventSink& sink_;
};

}  // namespace vdsotrace
