// What stands in front of a line of a trace: whose it is, when, and with -n and -i what the thread did last.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "sinks/text_options.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {

/// Appends seconds and as many digits of their fraction.
void append_seconds(std::string& out, std::int64_t ns, Precision precision);

class LineStart {
 public:
  explicit LineStart(const TextOptions& options) : options_(options) {}

  /// `time_ns`: since the Epoch. `names_thread`: there are several. A thread of Event::kUnknownThread is "?".
  void append(std::string& out, pid_t tid, std::int64_t time_ns, bool names_thread);

  /// The thread makes that call; lines about signals that come meanwhile name it again.
  void note(pid_t tid, const Call& call);
  /// Where the thread is when a signal comes; 0: not known.
  void note_place(pid_t tid, std::uint64_t instruction_pointer);
  /// What the thread is called; empty: as before.
  void note_name(pid_t tid, const std::string& name);
  void forget(pid_t tid);

 private:
  struct Origin {
    std::int64_t nr = 0;
    std::uint64_t instruction_pointer = 0;
    unsigned digits = 16;
  };

  const std::string& text_of_thread(pid_t tid);
  void append_thread(std::string& out, pid_t tid) const;
  void append_stamp(std::string& out, std::int64_t time_ns);
  void append_time_since_last(std::string& out, std::int64_t time_ns);
  void append_origin(std::string& out, pid_t tid) const;

  TextOptions options_;
  std::map<pid_t, Origin> origins_;     ///< only where they are shown
  std::map<pid_t, std::string> names_;  ///< the same
  /// How the thread looks of whom the last line was: mostly the next one is, too.
  struct Shown {
    std::optional<pid_t> tid;
    std::string text;
  };
  Shown shown_;
  std::int64_t last_ns_ = 0;
};

}  // namespace vdsotrace
