// `-e status=`: calls are shown by how they ended, so none is shown before its end.
#pragma once

#include <map>
#include <optional>

#include "vdsotrace/event.hpp"
#include "vdsotrace/selection.hpp"

namespace vdsotrace {

class StatusFilter {
 public:
  explicit StatusFilter(const Selection& selection) : selection_(selection) {}

  /// Whether the event is to be shown. Every event that is otherwise wanted comes here.
  bool passes(const Event& event);
  /// The call in whose middle the thread of a Detached event is detached, if it is to be shown, in front of that event.
  std::optional<Event> take_detached(const Event& event);

 private:
  const Selection& selection_;
  std::map<pid_t, Event>
      running_;  ///< the call that each thread is in: a CallEntered; only where detached ones are wanted
};

}  // namespace vdsotrace
