#include "model/syscalls/context.hpp"

namespace vdsotrace {

Memory& ArgContext::unreadable_memory() {
  static Capture nothing;
  return nothing;
}

void ArgContext::follow(const ArgumentSets& sets) {
  const auto in = [&](const Selection& set) { return set.wants_number(call_.abi, call_.nr, call_.route.has_value()); };
  abbreviated_ = in(sets.abbreviated);
  structures_ = in(sets.structures);
  raw_ = in(sets.raw);
}

}  // namespace vdsotrace
