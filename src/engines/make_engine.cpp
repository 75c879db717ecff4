#include "engines/make_engine.hpp"

#include "engines/breakpoint.hpp"
#include "engines/inline.hpp"

namespace vdsotrace {

std::unique_ptr<ProbeEngine> make_engine(std::string_view name, const Needs& needs, EventSink& sink) {
  if (name != "breakpoint" && arch::stubs_usable()) return std::make_unique<InlineEngine>(needs, sink, false);
  return std::make_unique<BreakpointEngine>(needs, sink);
}

}  // namespace vdsotrace
