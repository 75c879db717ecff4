// Which vDSO functions are to be observed, as the user's needs say.
#pragma once

#include "vdsotrace/abi.hpp"
#include "vdsotrace/needs.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// Whether the user asked for that service's calls, in user space or as fallbacks, in programs of that ABI.
bool is_wanted(const VdsoService& service, Abi abi, const Needs& needs);
/// Whether so for any service and ABI.
bool any_is_wanted(const Needs& needs);

}  // namespace vdsotrace
