// What the user should know of a run: each Notice once, however many processes it is about.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "vdsotrace/event.hpp"

namespace vdsotrace {

class Notices {
 public:
  struct Entry {
    Notice notice;
    pid_t first = 0;                 ///< the process that it was about first, 0 for none in particular
    std::uint64_t others = 0;        ///< processes more
    std::set<pid_t> processes = {};  ///< so far as they are kept apart
  };

  /// Whether it is the first that says so.
  bool add(pid_t pid, const Notice& notice);
  const std::vector<Entry>& entries() const { return entries_; }
  /// Whether one of them says that calls are missing.
  bool lack_calls() const { return lack_calls_; }
  /// A line for each of them.
  std::vector<std::string> lines() const;

 private:
  std::vector<Entry> entries_;
  bool lack_calls_ = false;
};

/// "process 100 (and 3 more processes): TEXT", not escaped.
std::string line_of(const Notices::Entry& entry);

/// Whether it is shown under so many -q: one that says what the figures lack is, but for -qqq.
bool shown(const Notice& notice, int quiet);

}  // namespace vdsotrace
