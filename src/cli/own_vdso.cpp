#include "cli/own_vdso.hpp"

#include <sys/auxv.h>
#include <unistd.h>

#include "os/vdso_mapping.hpp"

namespace vdsotrace::cli {

std::optional<VdsoDescription> own_vdso() {
  const std::uint64_t base = ::getauxval(AT_SYSINFO_EHDR);
  if (base == 0) return std::nullopt;
  auto mapped = read_vdso(::getpid());
  if (!mapped || mapped->base != base) return std::nullopt;
  auto image = VdsoImage::parse(mapped->bytes);
  if (!image) return std::nullopt;
  return VdsoDescription{base, mapped->bytes.size(), std::move(*image)};
}

std::uintptr_t address_of(const std::optional<VdsoDescription>& vdso, std::string_view call) {
  if (!vdso) return 0;
  for (const VdsoFunction& function : vdso->image.functions()) {
    const VdsoService* service = service_for(function);
    if (service != nullptr && service->syscall == call) return vdso->base + function.entry;
  }
  return 0;
}

}  // namespace vdsotrace::cli
