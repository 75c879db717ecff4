// Kinds of arguments of calls on the machine as a whole and on processors: another kernel, restarting, segments.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

extern const ArgKind kKexecSegments;     ///< count in the argument before
extern const ArgKind kKexecFlags;        ///< and the architecture
extern const ArgKind kKexecCommandLine;  ///< its size, with the NUL, in the argument before
extern const ArgKind kRebootMessage;     ///< of LINUX_REBOOT_CMD_RESTART2; no other command has one
extern const ArgKind kSysctlArguments;   ///< of a call that Linux 5.5 took away: sysctl(2)

// Segments of a thread: modify_ldt(2), set_thread_area(2).
extern const ArgKind kThreadArea;
extern const ArgKind kThreadAreaAsked;  ///< filled in by the call
extern const ArgKind kLdtEntry;         ///< size in the argument behind
/// Which entry the kernel took, where the program left it the choice.
void comment_thread_area(ArgContext& c);
/// modify_ldt's errors come back as unsigned ints, which are no errors to the C library.
void comment_narrow_error(ArgContext& c);

}  // namespace vdsotrace
