// Which instructions of a vDSO the processor's few breakpoints go to: a pure function of the image.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/constants.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

inline constexpr std::size_t kMostPerfPoints = arch::kHardwareBreakpoints;

struct PerfPoint {
  enum class Kind : std::uint8_t {
    entry,     ///< a function's first instruction
    fallback,  ///< a system call instruction
  };
  Kind kind = Kind::entry;
  std::uint32_t offset = 0;
  const VdsoService* service = nullptr;  ///< of the function entered; of a system call: null where several make it
  /// Of an entry: what of the system calls that the function makes.
  enum class Fallbacks : std::uint8_t { unseen, seen, impossible };
  Fallbacks fallbacks = Fallbacks::unseen;
};

struct PerfPlan {
  std::vector<PerfPoint> points;
  std::vector<std::string_view> unwatched;  ///< system call names of functions for which no breakpoint was left
  std::vector<std::string_view> unproven;   ///< of functions whose system calls are not seen
};

/// The functions that are wanted, in the order of how much they are used, as far as there are points. What is
/// left then goes to their system call instructions, unless others see those.
PerfPlan plan_perf_points(const VdsoImage& image, const std::function<bool(const VdsoService&)>& wanted,
                          bool others_see_fallbacks, std::span<const VdsoService> services = known_services());

/// What a user should know of such a plan. `fallbacks_seen`: also of functions that are not watched.
std::vector<Notice> perf_limits(const PerfPlan& plan, bool fallbacks_seen);

}  // namespace vdsotrace
