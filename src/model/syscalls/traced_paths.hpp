// `-P`: calls by the paths that they use.
#pragma once

#include <span>
#include <string>

#include "vdsotrace/call.hpp"
#include "vdsotrace/descriptor.hpp"

namespace vdsotrace {

/// Whether a call that has just begun names one of `paths`, as it stands there, or a descriptor that refers to it.
/// `live` is its thread's memory.
bool uses_path(const Call& call, Memory& live, DescriptorTable& descriptors, std::span<const std::string> paths);

}  // namespace vdsotrace
