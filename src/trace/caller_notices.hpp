// What hinders naming callers, said once.
#pragma once

#include <set>
#include <string>

#include "trace/reporter.hpp"

namespace vdsotrace {

class CallerNotices {
 public:
  /// `wanted`: callers are to be named at all.
  CallerNotices(bool wanted, Reporter& reporter) : wanted_(wanted), reporter_(reporter) {}

  /// Reports what has been found since to hinder naming callers in the thread's memory.
  void report(const Thread& thread);

 private:
  bool wanted_;
  Reporter& reporter_;
  std::set<std::string> reported_;  ///< many processes run one program
};

}  // namespace vdsotrace
