// The help of the commands whose options cli/options/declared_options.cpp has.
#pragma once

#include "cli/options/help.hpp"

namespace vdsotrace::cli {

extern const HelpPage kTraceHelp;
/// Shows the options that mean something in an audit.
extern const HelpPage kAuditHelp;

}  // namespace vdsotrace::cli
