// Reading what strace wrote.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "model/compare/seen_run.hpp"

namespace vdsotrace {

/// Takes the lines of a log one after the other: with or without process numbers (-f; "[pid N] " or "N "), time stamps
/// (-t, -tt, -ttt, -r), times (-T), stacks (-k), calls that are `<unfinished ...>` and `<... resumed>`. What is no call
/// (signals, ends, messages) is passed over. The log may be anything: memory is bounded by the calls that are kept,
/// time by its length.
class StraceLog {
 public:
  /// A longer line is cut there.
  static constexpr std::size_t kLongestLine = 1 << 16;

  /// Without its line feed.
  void take(std::string_view line);
  /// Calls that never returned are in it, too. Nothing may be taken after that.
  SeenRun finish();

  /// Whether a line was met that only the summary of -c has.
  bool has_summary() const { return has_summary_; }

 private:
  void take_body(pid_t tid, std::string_view body);
  void resume(pid_t tid, std::string_view body);
  void add(pid_t tid, std::string_view text);
  void add_unfinished(pid_t tid, std::string_view text);
  bool may_count(std::string_view name) const;

  SeenRun run_;
  std::map<pid_t, std::string> unfinished_;
  bool has_summary_ = false;
};

}  // namespace vdsotrace
