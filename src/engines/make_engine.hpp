#pragma once

#include <memory>
#include <string_view>

#include "trace/probe_engine.hpp"
#include "vdsotrace/needs.hpp"

namespace vdsotrace {

/// The engine of that name (`--engine`), or for "auto" the cheapest that can deliver what
/// is needed. The name is known to be one that exists.
std::unique_ptr<ProbeEngine> make_engine(std::string_view name, const Needs& needs, EventSink& sink);

}  // namespace vdsotrace
