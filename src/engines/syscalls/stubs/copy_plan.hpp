// What a record stub copies of a call's pointers: the plan that the decoder's own needs give (model/syscalls/pointees),
// as far as a stub can follow it.
#pragma once

#include <cstdint>
#include <optional>

#include "arch/attached_stub.hpp"
#include "vdsotrace/decode_limits.hpp"

namespace vdsotrace {

/// Nothing if calls of that number are for a stop: they have no plan, a stub cannot follow it, or more would have to be
/// copied than a record has room for. A call that turns out to be none of the cases of its plan, or to want more than
/// that allows, leaves its stub, too (arch::RecordStubWords::unsuited).
std::optional<arch::CopyPlan> copy_plan(std::int64_t number, const DecodeLimits& limits);

/// The plan for stubs that keep stacks, too.
arch::CopyPlan with_stack(arch::CopyPlan copies);

/// The same for stubs that copy all of it behind the call, and leave out what they cannot copy (arch::CopiedCalls):
/// also what the call was given, as far as it leaves that as it was.
struct LatePlan {
  arch::CopyPlan copies;
  arch::CopiedCalls copied = arch::CopiedCalls::none;
};
LatePlan late_copy_plan(std::int64_t number, const DecodeLimits& limits);

}  // namespace vdsotrace
