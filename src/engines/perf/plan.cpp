#include "engines/perf/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace vdsotrace {
namespace {

using Fallbacks = PerfPoint::Fallbacks;

struct Candidate {
  const VdsoFunction* function;
  const VdsoService* service;

  std::uint8_t rank() const { return service->rank; }
};

std::vector<Candidate> candidates(const VdsoImage& image, const std::function<bool(const VdsoService&)>& wanted,
                                  std::span<const VdsoService> services) {
  std::vector<Candidate> found;
  for (const VdsoFunction& function : image.functions()) {
    const VdsoService* service = service_for(function, services);
    if (service != nullptr && wanted(*service)) found.push_back({&function, service});
  }
  std::ranges::stable_sort(found, {}, &Candidate::rank);
  return found;
}

/// Adds the function's system call instructions, all or, where there is no room, none.
bool add_fallbacks(std::vector<PerfPoint>& points, const Candidate& candidate) {
  std::vector<PerfPoint> more;
  for (const CodeSite& site : candidate.function->syscalls) {
    const auto there = std::ranges::find(points, site.offset, &PerfPoint::offset);
    if (there != points.end()) {
      there->service = nullptr;
    } else {
      more.push_back({PerfPoint::Kind::fallback, site.offset, candidate.service, Fallbacks::unseen});
    }
  }
  if (points.size() + more.size() > kMostPerfPoints) return false;
  points.insert(points.end(), more.begin(), more.end());
  return true;
}

Fallbacks fallbacks_of(std::vector<PerfPoint>& points, const Candidate& candidate, bool others_see_them) {
  const VdsoFunction& function = *candidate.function;
  // A function whose flow is not known to its end may make calls that were not found.
  const bool known = function.incomplete.empty();
  if (known && function.syscalls.empty()) return Fallbacks::impossible;
  if (others_see_them || (known && add_fallbacks(points, candidate))) return Fallbacks::seen;
  return Fallbacks::unseen;
}

}  // namespace

PerfPlan plan_perf_points(const VdsoImage& image, const std::function<bool(const VdsoService&)>& wanted,
                          bool others_see_fallbacks, std::span<const VdsoService> services) {
  PerfPlan plan;
  std::vector<Candidate> watched;
  for (const Candidate& candidate : candidates(image, wanted, services)) {
    if (watched.size() == kMostPerfPoints) {
      plan.unwatched.push_back(candidate.service->syscall);
      continue;
    }
    plan.points.push_back({PerfPoint::Kind::entry, candidate.function->entry, candidate.service, Fallbacks::unseen});
    watched.push_back(candidate);
  }
  for (std::size_t i = 0; i < watched.size(); ++i) {
    const Fallbacks fallbacks = fallbacks_of(plan.points, watched[i], others_see_fallbacks);
    plan.points[i].fallbacks = fallbacks;
    if (fallbacks == Fallbacks::unseen) plan.unproven.push_back(plan.points[i].service->syscall);
  }
  return plan;
}

std::vector<Notice> perf_limits(const PerfPlan& plan, bool fallbacks_seen) {
  std::vector<Notice> limits;
  if (!plan.unwatched.empty())
    limits.push_back(
        {fmt::format("the processor has {} breakpoints: vDSO calls of {} are not seen (choose with -e trace=)",
                     kMostPerfPoints, fmt::join(plan.unwatched, ", ")),
         fallbacks_seen ? Missing::user_space_calls : Missing::vdso_calls});
  if (!plan.unproven.empty())
    limits.push_back(
        {fmt::format("whether vDSO calls of {} enter the kernel is not known", fmt::join(plan.unproven, ", ")),
         Missing::routes});
  return limits;
}

}  // namespace vdsotrace
