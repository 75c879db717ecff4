// What of the command line concerns vdsotrace as a process, and when it leaves others alone: -D, -I, -b.
#pragma once

#include "cli/options/declared_options.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Takes them into `raw.options`. Errors: unknown words.
Result<void> check_tracer_options(ParsedFlags& raw);

}  // namespace vdsotrace::cli
