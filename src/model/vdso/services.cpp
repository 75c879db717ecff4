// The services that vDSOs offer, by the names that kernels export them under.
#include <algorithm>
#include <array>

#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {
namespace {

/// `__vdso_`: arm, i386, loongarch, mips, riscv, sparc, x86. `__kernel_`: aarch64, powerpc, s390.
constexpr std::size_t kSpellings = 2;
struct Row {
  std::array<std::string_view, kSpellings> symbols;
  VdsoService service;
};

/// vdso(7), and getrandom from arch/*/vdso of Linux 6.11 on. In the order in which `info` lists them.
constexpr Row kRows[] = {
    {{"__vdso_clock_gettime", "__kernel_clock_gettime"},
     {.symbol = {},
      .syscall = "clock_gettime",
      .arguments = 2,
      .first_is_clock = true,
      .output = ServiceOutput::timespec,
      .reads = ServiceClock::argument,
      .is_classic = true,
      .rank = 0}},
    {{"__vdso_clock_gettime64", "__kernel_clock_gettime64"},
     {.symbol = {},
      .syscall = "clock_gettime64",
      .arguments = 2,
      .first_is_clock = true,
      .reads = ServiceClock::argument,
      .priced_as = "clock_gettime"}},
    {{"__vdso_clock_getres", "__kernel_clock_getres"},
     {.symbol = {},
      .syscall = "clock_getres",
      .arguments = 2,
      .first_is_clock = true,
      .output = ServiceOutput::timespec,
      .is_classic = true,
      .rank = 3}},
    {{"__vdso_clock_getres_time64", "__kernel_clock_getres_time64"},
     {.symbol = {},
      .syscall = "clock_getres_time64",
      .arguments = 2,
      .first_is_clock = true,
      .priced_as = "clock_getres"}},
    {{"__vdso_gettimeofday", "__kernel_gettimeofday"},
     {.symbol = {},
      .syscall = "gettimeofday",
      .arguments = 2,
      .first_is_clock = false,
      .output = ServiceOutput::timeval,
      .reads = ServiceClock::realtime,
      .is_classic = true,
      .rank = 1}},
    {{"__vdso_time", "__kernel_time"},
     {.symbol = {},
      .syscall = "time",
      .arguments = 1,
      .first_is_clock = false,
      .returns_long = true,
      .output = ServiceOutput::result,
      .is_classic = true,
      .rank = 2}},
    {{"__vdso_getcpu", "__kernel_getcpu"},
     {.symbol = {},
      .syscall = "getcpu",
      .arguments = 3,
      .first_is_clock = false,
      .output = ServiceOutput::cpu,
      .is_classic = true,
      .rank = 4}},
    {{"__vdso_getrandom", "__kernel_getrandom"},
     {.symbol = {},
      .syscall = "getrandom",
      .arguments = 5,
      .first_is_clock = false,
      .returns_long = true,
      .output = ServiceOutput::random,
      .rank = 5}},
};

/// A service for each spelling, the usual ones first.
constexpr auto kServices = [] {
  std::array<VdsoService, kSpellings * std::size(kRows)> services{};
  std::size_t at = 0;
  for (std::size_t spelling = 0; spelling < kSpellings; ++spelling) {
    for (const Row& row : kRows) {
      services[at] = row.service;
      services[at++].symbol = row.symbols[spelling];
    }
  }
  return services;
}();

template <class Matches>
const VdsoService* first_service(std::span<const VdsoService> services, Matches matches) {
  const auto found = std::find_if(services.begin(), services.end(), matches);
  return found == services.end() ? nullptr : &*found;
}

}  // namespace

std::span<const VdsoService> known_services() { return kServices; }

const VdsoService* service_for(const VdsoFunction& function, std::span<const VdsoService> services) {
  const auto has = [&](std::string_view name) {
    return std::find(function.names.begin(), function.names.end(), name) != function.names.end();
  };
  if (const auto* service = first_service(services, [&](const VdsoService& s) { return has(s.symbol); })) {
    return service;
  }
  // An alias without prefix is the name of the system call.
  return first_service(services, [&](const VdsoService& s) { return has(s.syscall); });
}

const VdsoService* service_of_syscall(std::string_view name, std::span<const VdsoService> services) {
  return first_service(services, [&](const VdsoService& s) { return s.syscall == name; });
}

}  // namespace vdsotrace
