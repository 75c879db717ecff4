// The calls of one run of a program, as one tracer saw them.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vdsotrace/call.hpp"

namespace vdsotrace {

struct SeenCall {
  pid_t tid = 0;
  std::string name;
  std::string text;                    ///< "name(args) = result", without a control byte
  std::string error;                   ///< "ENOENT", empty if it succeeded or did not return
  std::optional<std::int64_t> result;  ///< if it is a number
  std::optional<Route> route;          ///< strace knows none

  /// Whether it was made without a system call, so that no system call tracer can see it.
  bool stayed() const { return route == Route::vdso || route == Route::vsyscall; }
};

/// How often a call was seen by each route; the last: without a route.
using CountsByRoute = std::array<std::uint64_t, kRoutes + 1>;

class SeenRun {
 public:
  /// All calls are counted, so many are kept to be laid side by side. Those that made no system call have a
  /// number of their own: however many they are, both runs keep the same system calls.
  static constexpr std::size_t kMostKept = 200'000;
  static constexpr std::size_t kMostStayed = 100'000;

  void add(SeenCall&& call);
  const std::vector<SeenCall>& calls() const { return calls_; }
  const std::map<std::string, CountsByRoute>& counts() const { return counts_; }
  /// Calls that were counted and not kept.
  std::uint64_t left_out() const { return left_out_; }
  bool empty() const { return counts_.empty(); }

 private:
  std::vector<SeenCall> calls_;
  std::map<std::string, CountsByRoute> counts_;
  std::size_t stayed_ = 0;  ///< of calls_
  std::uint64_t left_out_ = 0;
};

}  // namespace vdsotrace
