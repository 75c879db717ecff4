// Kinds of futex. Which arguments it has depends on its operation.
#pragma once

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kFutexOperation;  ///< FUTEX_WAIT_PRIVATE
extern const ArgKind kFutexValue;
extern const ArgKind kFutexTimeout;  ///< or the second number of the requeueing operations
extern const ArgKind kFutexOther;    ///< address of the second futex
extern const ArgKind kFutexLast;     ///< bit set, value to compare, or what FUTEX_WAKE_OP shall do
extern const ArgKind kFutexWaiters;  ///< of futex_waitv; the next argument is their number

}  // namespace vdsotrace
