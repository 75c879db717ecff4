// --direct: how system calls are seen that running processes make without their vDSO.
#pragma once

#include "cli/options/options.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace::cli {

Result<Direct> direct_named(const std::string& name);
/// Errors: it has no meaning beside the other options.
Result<void> check_direct(const Options& o);

/// What it means beside the other options: stops wherever these demand them.
DirectCallsBy direct_calls_by(const Options& o, const Needs& needs);
/// Errors: trace points are asked for by name and cannot be had here.
Result<void> check_direct_usable(const Options& o);
/// What a user should know of the choice. Nothing if there is nothing to say.
std::optional<Notice> direct_notice(const Options& o, const Needs& needs);

}  // namespace vdsotrace::cli
