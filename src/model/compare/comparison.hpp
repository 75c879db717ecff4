// One program, two runs: what strace saw beside what vdsotrace saw.
#pragma once

#include <string>
#include <vector>

#include "model/compare/seen_run.hpp"

namespace vdsotrace {

struct ComparedName {
  std::string name;
  std::uint64_t strace = 0;
  CountsByRoute vdsotrace{};

  /// What made no system call.
  std::uint64_t stayed() const;
  /// What made one.
  std::uint64_t entered() const;
};

struct ComparedLine {
  enum class Seen : std::uint8_t {
    by_both,
    by_vdsotrace_only,  ///< it made no system call
    in_strace_run,      ///< a system call that only this run made
    in_vdsotrace_run,
  };
  Seen seen;
  const SeenCall* call;  ///< vdsotrace's where there are two
};

struct ComparedThread {
  pid_t strace_tid = 0;  ///< 0: no thread of that run corresponds
  pid_t vdsotrace_tid = 0;
  bool aligned = true;  ///< false: too different to be laid side by side; no lines then
  std::vector<ComparedLine> lines;
};

/// Refers to the runs that it was made of.
struct Comparison {
  std::vector<ComparedName> names;  ///< most calls that only vdsotrace saw first
  ComparedName totals;
  std::vector<ComparedThread> threads;  ///< in the order of their clones
  std::uint64_t left_out = 0;           ///< calls that are counted, but in no line

  /// Whether some system call was made more often in one of the runs.
  bool counts_differ() const;
};

/// Threads correspond by their clones (the second child of the first thread), since their numbers differ. System calls
/// correspond by name and error: arguments hold addresses, numbers and times of their run.
Comparison compare(const SeenRun& strace, const SeenRun& vdsotrace);

}  // namespace vdsotrace
