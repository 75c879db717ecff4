// Error numbers in strace's spelling.
#pragma once

#include <string>
#include <string_view>

namespace vdsotrace {

/// "ENOENT" for 2; also the kernel's own ERESTARTSYS (512), ERESTARTNOINTR (513),
/// ENOIOCTLCMD (515), ERESTARTNOHAND (514) and ERESTART_RESTARTBLOCK (516), which only a tracer sees.
/// Empty for a number without a name. `error` is positive. Static storage.
std::string_view errno_name(int error);

/// The number of that name, any of the above; 0 if there is none.
int errno_named(std::string_view name);

/// What stands behind the name in brackets: "No such file or directory", for the
/// restart codes strace's remark: "To be restarted if SA_RESTART is set".
std::string_view errno_text(int error);

/// Whether it is one of the ERESTART codes: the call will be made again or turned
/// into EINTR, and strace prints '?' in place of a result.
bool is_restart(int error);

/// "-1 ENOENT (No such file or directory)", "? ERESTARTSYS (...)", "-1 (errno 600)".
std::string error_result(int error);

}  // namespace vdsotrace
