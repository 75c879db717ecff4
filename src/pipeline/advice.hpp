// What to do about what an audit found. Each piece of advice says what it is worth.
#pragma once

#include "pipeline/audit.hpp"

namespace vdsotrace {

/// Fills Finding::advice and Audit::advice from the figures that are there.
void advise(Audit& audit, const Prices& prices);

}  // namespace vdsotrace
