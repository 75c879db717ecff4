// Kinds of the key management calls.
#pragma once

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kKeySerial;   ///< KEY_SPEC_SESSION_KEYRING, or a number
extern const ArgKind kKeyPayload;  ///< the next argument is its size
extern const ArgKind kKeyctlOperation;
extern const ArgKind kKeyctlArg;  ///< whatever the operation has in this place, if anything

}  // namespace vdsotrace
