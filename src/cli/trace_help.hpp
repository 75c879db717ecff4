// The help of the commands whose options cli/options.cpp declares.
#pragma once

#include "cli/help.hpp"

namespace vdsotrace::cli {

extern const HelpPage kTraceHelp;
/// Shows the options that mean something in an audit.
extern const HelpPage kAuditHelp;

}  // namespace vdsotrace::cli
