// The services that vDSOs offer, by the names that kernels export them under.
#include <algorithm>

#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {
namespace {

// `__vdso_`: arm, i386, loongarch, mips, riscv, sparc, x86. `__kernel_`: aarch64,
// powerpc, s390. vdso(7), and getrandom from arch/*/vdso of Linux 6.11 on.
constexpr VdsoService kServices[] = {
    {"__vdso_clock_gettime", "clock_gettime", 2, true},
    {"__vdso_clock_gettime64", "clock_gettime64", 2, true},
    {"__vdso_gettimeofday", "gettimeofday", 2, false},
    {"__vdso_time", "time", 1, false, true},
    {"__vdso_getcpu", "getcpu", 3, false},
    {"__vdso_clock_getres", "clock_getres", 2, true},
    {"__vdso_clock_getres_time64", "clock_getres_time64", 2, true},
    {"__vdso_getrandom", "getrandom", 5, false, true},
    {"__kernel_clock_gettime", "clock_gettime", 2, true},
    {"__kernel_clock_gettime64", "clock_gettime64", 2, true},
    {"__kernel_gettimeofday", "gettimeofday", 2, false},
    {"__kernel_time", "time", 1, false, true},
    {"__kernel_getcpu", "getcpu", 3, false},
    {"__kernel_clock_getres", "clock_getres", 2, true},
    {"__kernel_clock_getres_time64", "clock_getres_time64", 2, true},
    {"__kernel_getrandom", "getrandom", 5, false, true},
};

template <class Matches>
const VdsoService* first_service(Matches matches) {
  const auto found = std::find_if(std::begin(kServices), std::end(kServices), matches);
  return found == std::end(kServices) ? nullptr : &*found;
}

}  // namespace

std::span<const VdsoService> known_services() { return kServices; }

const VdsoService* service_for(const VdsoFunction& function) {
  const auto has = [&](std::string_view name) {
    return std::find(function.names.begin(), function.names.end(), name) != function.names.end();
  };
  if (const auto* service = first_service([&](const VdsoService& s) { return has(s.symbol); })) {
    return service;
  }
  // An alias without prefix is the name of the system call.
  return first_service([&](const VdsoService& s) { return has(s.syscall); });
}

const VdsoService* service_of_syscall(std::string_view name) {
  return first_service([&](const VdsoService& s) { return s.syscall == name; });
}

}  // namespace vdsotrace
