// Kinds of asynchronous I/O by the io_submit family.
#pragma once

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kIoRequest;     ///< struct iocb
extern const ArgKind kIoRequests;    ///< pointers to such; count in the argument before
extern const ArgKind kIoEvents;      ///< that came back: as many as the result says
extern const ArgKind kIoEventOut;    ///< of one that was cancelled
extern const ArgKind kIoContextOut;  ///< [0x7f31c8a5d000]

}  // namespace vdsotrace
