#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "trace/probe_engine.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// Where the processes that are observed come from.
enum class Origin : std::uint8_t { spawned, attached };

/// The engine of that name (`--engine`), or for "auto" the cheapest that can deliver what
/// is needed; for attached processes one that they survive when we are killed, if there is one.
/// The name is known to be one that exists.
std::unique_ptr<ProbeEngine> make_engine(std::string_view name, Origin origin, const Needs& needs, EventSink& sink);

/// That engine, and one that counts system calls in the process beside it (Needs::inline_calls).
std::unique_ptr<ProbeEngine> count_calls_inline(std::unique_ptr<ProbeEngine> engine, Origin origin, const Needs& needs,
                                                EventSink& sink);

/// Whether this machine allows that engine. Errors: why not, with a hint. One that has others to take its place
/// is never refused.
Result<void> check_engine(std::string_view name);

}  // namespace vdsotrace
