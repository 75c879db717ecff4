#include "pipeline/counted_time.hpp"

#include <algorithm>

namespace vdsotrace {

std::optional<std::int64_t> CountedTime::of(const Call& call) const {
  const auto spent = call.kernel_ns ? call.kernel_ns : call.duration_ns;
  if (!counts_ || !spent) return std::nullopt;
  return call.route == Route::vdso ? *spent : std::max<std::int64_t>(*spent - overhead_ns_, 0);
}

}  // namespace vdsotrace
