#include "trace/caller_notices.hpp"

namespace vdsotrace {

void CallerNotices::report(const Thread& thread) {
  if (!wanted_) return;
  for (std::string& notice : thread.space->symbols().take_notices()) {
    if (thread.is_reported() && reported_.insert(notice).second) reporter_.report(thread, Notice{std::move(notice)});
  }
}

}  // namespace vdsotrace
