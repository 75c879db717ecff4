#include "engines/wanted_functions.hpp"

#include <algorithm>

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

bool is_wanted(const VdsoService& service, Abi abi, const Needs& needs) {
  const Selection& selection = needs.selection;
  const auto nr = number_of(abi, service.syscall);
  return nr >= 0 && (selection.wants_route(Route::vdso) || selection.wants_route(Route::fallback)) &&
         selection.wants_number(abi, nr, true);
}

bool any_is_wanted(const Needs& needs) {
  return std::ranges::any_of(kAbis, [&](Abi abi) {
    return std::ranges::any_of(known_services(),
                               [&](const VdsoService& service) { return is_wanted(service, abi, needs); });
  });
}

}  // namespace vdsotrace
