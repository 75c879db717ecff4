// Which system calls of processes that were attached to are recorded, and how.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engines/syscalls/stubs/copy_plan.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

class AttachedRecords {
 public:
  explicit AttachedRecords(const Needs& needs);

  /// By number. Calls that begin or end threads or programs are known by their events, those that a vDSO offers by
  /// other means.
  const std::map<std::int64_t, LatePlan>& plans() const { return plans_; }
  /// Offsets of all blocks that there can be of the rings (BlockLayout), by number.
  const std::vector<std::size_t>& blocks() const { return blocks_; }
  /// A perf filter for their entries.
  std::string entries() const;
  /// Whether calls of any number are wanted, those that we have threads make included.
  bool wants_all() const { return unwanted_.empty(); }
  bool keeps_stacks() const { return keeps_stacks_; }
  bool wants_handler_returns() const { return wants_handler_returns_; }

 private:
  std::map<std::int64_t, LatePlan> plans_;
  std::vector<std::int64_t> unwanted_;
  std::vector<std::size_t> blocks_;
  bool wants_handler_returns_;
  bool keeps_stacks_;
};

}  // namespace vdsotrace
