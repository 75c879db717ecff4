// Structures of landlock(7).
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

void print_landlock_ruleset_arg(ArgContext& c);
void print_landlock_rule_arg(ArgContext& c);

/// landlock_create_ruleset(2): its size and flags follow.
inline constexpr ArgKind kLandlockRuleset{print_landlock_ruleset_arg};
/// landlock_add_rule(2): its type stands before it.
inline constexpr ArgKind kLandlockRule{print_landlock_rule_arg};

/// Of landlock_create_ruleset: a descriptor, or a version.
void result_landlock_ruleset(ArgContext& c);

}  // namespace vdsotrace
