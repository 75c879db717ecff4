#include "model/syscalls/context.hpp"

#include "vdsotrace/needs.hpp"

namespace vdsotrace {

DecodeLimits capture_limits(const Needs& needs) {
  DecodeLimits limits;
  limits.string = needs.string_limit;
  limits.descriptors = needs.descriptors;
  limits.processes = needs.processes;
  limits.sets = needs.arguments;
  return limits;
}

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
