// The vDSO of vdsotrace's own process, for calls that we make ourselves.
#pragma once

#include <cstdint>
#include <span>

#include "reports/info.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// As the kernel gave it to us; what it did not give (booted with vdso=0, hidden by a tracer) no C library uses either.
/// Errors: it gave none (os/memory/vdso_mapping's says_none); what is there cannot be read or taken apart.
Result<VdsoDescription> own_vdso();

/// Where the function is that offers a service, under whichever name; 0 if it has none.
std::uintptr_t address_of(const Result<VdsoDescription>& vdso, const VdsoService& service,
                          std::span<const VdsoService> services = known_services());

}  // namespace vdsotrace::cli
