// Arguments of quotactl(2) and quotactl_fd(2): what the command says that they are.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

void print_quota_command_arg(ArgContext& c);
void print_quota_id_arg(ArgContext& c);
void print_quota_value_arg(ArgContext& c);

inline constexpr ArgKind kQuotaCommand{print_quota_command_arg};
/// Commands that are of no user print nothing.
inline constexpr ArgKind kQuotaId{print_quota_id_arg};
inline constexpr ArgKind kQuotaValue{print_quota_value_arg, When::either};

}  // namespace vdsotrace
