// Running a helper program to its end, untraced.
#pragma once

#include <string>
#include <vector>

#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// Runs `command` (found by PATH) with our standard streams and waits for its end; its exit status, 128 plus the
/// signal that killed it. What the terminal sends meanwhile is for it, not for us, as with system(3). Errors: it
/// cannot be started.
Result<int> run_program(const std::vector<std::string>& command);

}  // namespace vdsotrace
