#include "engines/make_engine.hpp"

#include "engines/breakpoint.hpp"
#include "engines/inline.hpp"

namespace vdsotrace {

std::unique_ptr<ProbeEngine> make_engine(std::string_view name, const Needs& needs, EventSink& sink) {
  const arch::StubSupport stubs = arch::stub_support();
  if (name != "breakpoint" && stubs.usable) return std::make_unique<InlineEngine>(needs, sink, stubs.features, false);
  return std::make_unique<BreakpointEngine>(needs, sink);
}

}  // namespace vdsotrace
