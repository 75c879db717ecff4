// Kinds of io_uring's calls.
#pragma once

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kIoUringParams;  ///< what io_uring_setup takes and fills
extern const ArgKind kIoUringEnterFlagBits;
extern const ArgKind kIoUringOperation;  ///< of io_uring_register
extern const ArgKind kIoUringResource;   ///< what it registers; the number of it in the next argument

}  // namespace vdsotrace
