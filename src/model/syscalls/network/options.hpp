// The value arguments of getsockopt and setsockopt.
#pragma once

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kSocketOption;      ///< name of the option at the level before it
extern const ArgKind kSocketOptionSet;   ///< value to set; the next argument is its size
extern const ArgKind kSocketOptionGot;   ///< value that came back
extern const ArgKind kSocketOptionSize;  ///< behind kSocketOptionGot: [4], [16 => 8]

}  // namespace vdsotrace
