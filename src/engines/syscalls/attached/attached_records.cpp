#include "engines/syscalls/attached/attached_records.hpp"

#include <sys/syscall.h>

#include "arch/attached_stub.hpp"
#include "engines/inline/plan/stub_settings.hpp"
#include "engines/inline/region/block_layout.hpp"
#include "engines/syscalls/attached/uncounted_calls.hpp"
#include "os/perf/perf_events.hpp"

namespace vdsotrace {
namespace {

bool is_shown(const Selection& selection, std::int64_t nr) {
  return selection.wants_ordinary_calls() && selection.wants_number(Abi::x86_64, nr, false);
}

std::vector<std::int64_t> numbers_of(const std::map<std::int64_t, LatePlan>& plans) {
  std::vector<std::int64_t> numbers;
  for (const auto& [nr, plan] : plans) numbers.push_back(nr);
  return numbers;
}

}  // namespace

AttachedRecords::AttachedRecords(const Needs& needs)
    : wants_handler_returns_(is_shown(needs.selection, SYS_rt_sigreturn)), keeps_stacks_(needs.stacks) {
  const StubSettings settings(needs, true);
  const RecordSize size = settings.record_size().value_or(RecordSize::values);
  for (std::int64_t nr = 0; nr < static_cast<std::int64_t>(arch::kRecordedNumbers); ++nr) {
    if (!is_counted_by_number(nr)) continue;
    if (!is_shown(needs.selection, nr)) {
      unwanted_.push_back(nr);
      continue;
    }
    LatePlan plan = needs.values ? late_copy_plan(nr, needs.limits) : LatePlan();
    if (keeps_stacks_) plan.copies = with_stack(std::move(plan.copies));
    plan.copies.record_log2 = static_cast<unsigned>(size);
    plans_.emplace(nr, std::move(plan));
  }
  BlockLayout layout(size, settings.overrun());
  while (const auto block = layout.add(SIZE_MAX)) blocks_.push_back(block->offset);
}

/// Its length is limited (perf_event_set_filter, kernel/events/core.c): the shorter way to say it.
std::string AttachedRecords::entries() const {
  constexpr std::size_t kFew = 100;
  if (plans_.size() <= kFew) return only_system_calls(numbers_of(plans_));
  std::vector<std::int64_t> others = numbers_known_otherwise();
  others.insert(others.end(), unwanted_.begin(), unwanted_.end());
  return all_system_calls_but(others);
}

}  // namespace vdsotrace
