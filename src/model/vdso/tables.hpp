// The tables of services and clocks together, for those who ask both. Tests hand in rows of their own.
#pragma once

#include <span>

#include "model/vdso/clocks.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {

struct VdsoTables {
  std::span<const VdsoService> services = known_services();
  std::span<const ClockRow> clocks = known_clocks();
};

}  // namespace vdsotrace
