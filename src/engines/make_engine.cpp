#include "engines/make_engine.hpp"

#include "engines/breakpoint.hpp"

namespace vdsotrace {

std::unique_ptr<ProbeEngine> make_engine(std::string_view, const Needs& needs, EventSink& sink) {
  return std::make_unique<BreakpointEngine>(needs, sink);
}

}  // namespace vdsotrace
