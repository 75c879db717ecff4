// What stubs are to do, as the user's needs say.
#pragma once

#include <optional>

#include "engines/inline/plan/stub_plan.hpp"
#include "engines/inline/region/stub_record.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

struct StubSettings {
  /// `attached`: the processes outlive us.
  StubSettings(const Needs& needs, bool attached);

  /// The records that stubs make; none where they only count.
  std::optional<RecordSize> record_size() const;
  bool records_times() const { return depth >= StubDepth::measured; }
  /// Whether rings are for records of system calls, too (Needs::inline_calls).
  bool records_system_calls() const { return needs.inline_calls && depth == StubDepth::values; }
  /// How much more than its place the last record of a ring may take.
  std::size_t overrun() const { return records_system_calls() ? RECORD_MOST_BYTES : 0; }
  /// Whether calls whose callers are known are counted, and not recorded.
  bool counts_by_callers() const { return keeps_stack && depth < StubDepth::values; }
  /// Whether stubs may wait by system calls: of a program that we started its seccomp state is known.
  bool may_sleep() const { return !attached; }
  /// What of that image is to have stubs, and how.
  StubWishes wishes() const;

  const Needs& needs;
  bool attached;
  bool keeps_stack;  ///< callers are to be found: of the words of the stack that records keep then
  StubDepth depth;
};

}  // namespace vdsotrace
