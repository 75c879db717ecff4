#include "cli/observing/own_vdso.hpp"

#include <sys/auxv.h>

#include "os/memory/vdso_mapping.hpp"

namespace vdsotrace::cli {

Result<VdsoDescription> own_vdso() {
  if (::getauxval(AT_SYSINFO_EHDR) == 0) return fail("it has no vDSO", {}, ENOENT);
  auto mapped = read_own_vdso();
  if (!mapped) return tl::unexpected(mapped.error());
  auto image = VdsoImage::parse(mapped->bytes);
  if (!image) return fail(image.error().message);
  return VdsoDescription{mapped->base, mapped->bytes.size(), std::move(*image)};
}

std::uintptr_t address_of(const Result<VdsoDescription>& vdso, const VdsoService& service,
                          std::span<const VdsoService> services) {
  if (!vdso) return 0;
  for (const VdsoFunction& function : vdso->image.functions()) {
    const VdsoService* offered = service_for(function, services);
    if (offered != nullptr && offered->syscall == service.syscall) return vdso->base + function.entry;
  }
  return 0;
}

}  // namespace vdsotrace::cli
