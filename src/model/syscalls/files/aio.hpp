// Kinds of asynchronous I/O: io_uring and the older io_submit family.
#pragma once

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kIoUringParams;  ///< what io_uring_setup takes and fills
extern const ArgKind kIoUringEnterFlagBits;
extern const ArgKind kIoUringOperation;  ///< of io_uring_register
extern const ArgKind kIoUringResource;   ///< what it registers: file descriptors, or an address
extern const ArgKind kIoEvents;          ///< that came back: as many as the result says
extern const ArgKind kIoContextOut;      ///< [0x7f31c8a5d000]

}  // namespace vdsotrace
