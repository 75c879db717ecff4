// What is known of each service that a vDSO may offer: one row, which everything that treats services differently asks.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace vdsotrace {

struct VdsoFunction;

/// What a call of a 64-bit program leaves behind its arguments.
enum class ServiceOutput : std::uint8_t {
  unknown,   ///< no 64-bit program has the service
  timespec,  ///< behind the second (clock_gettime(2))
  timeval,   ///< behind the first, and a struct timezone behind the second (gettimeofday(2))
  result,    ///< the result once more, behind the first (time(2))
  cpu,       ///< the processor behind the first, its node behind the second (getcpu(2))
  random,    ///< as many bytes as the result says, behind the first (getrandom(2))
};

/// The clock whose reading of this moment a service returns.
enum class ServiceClock : std::uint8_t {
  none,
  argument,  ///< the one that its first argument names
  realtime,
};

/// One service under one of the names that kernels export it by.
struct VdsoService {
  static constexpr std::uint8_t kLastRank = std::numeric_limits<std::uint8_t>::max();

  std::string_view symbol;    ///< as exported: "__vdso_clock_gettime", "__kernel_getrandom"
  std::string_view syscall;   ///< system call that does the same: "clock_gettime"
  std::uint8_t arguments;     ///< that the function takes
  bool first_is_clock;        ///< first argument is a clock id
  bool returns_long = false;  ///< its result is a C long, otherwise an int
  ServiceOutput output = ServiceOutput::unknown;
  ServiceClock reads = ServiceClock::none;
  bool is_classic = false;  ///< every vDSO since Linux 2.6 offers it: a program without one misses it
  /// Lower ones are called by more programs: they get the processor's few breakpoints first.
  std::uint8_t rank = kLastRank;
  std::string_view priced_as = {};  ///< the service of 64-bit programs that costs the same; empty: the service itself

  bool has_64_bit_call() const { return output != ServiceOutput::unknown; }
  std::string_view priced() const { return priced_as.empty() ? syscall : priced_as; }
};

/// The services we know how to observe. Symbols that are not here are listed and never patched: the kernel may
/// know their addresses (signal trampolines, SGX, robust futex). Of the rows of one service the first has its usual
/// symbol.
std::span<const VdsoService> known_services();
/// By any of a function's names (`clock_gettime`, `__vdso_clock_gettime`), or null.
const VdsoService* service_for(const VdsoFunction& function, std::span<const VdsoService> services = known_services());
/// By the name of the system call, or null.
const VdsoService* service_of_syscall(std::string_view name, std::span<const VdsoService> services = known_services());

}  // namespace vdsotrace
