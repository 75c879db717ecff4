#include "engines/breakpoint/probe_plan.hpp"

#include <algorithm>

#include "arch/registers.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint32_t kCopyAlignment = 16;

/// Lays copies into the unused end of the mapping, one behind the other.
class CopyArea {
 public:
  CopyArea(const VdsoImage& image, std::uint32_t unused_from)
      : image_(image), next_((unused_from + kCopyAlignment - 1) / kCopyAlignment * kCopyAlignment) {}

  /// The instruction at `site` moved out of line.
  Result<ProbeSite> place(const CodeSite& site, ProbePlan& plan) {
    // Equal instructions at different places (`ret`) need one copy each: the copy's
    // address must show which of them a thread stands at.
    const auto run = image_.bytes().subspan(site.offset, site.length);
    auto moved = relocate(image_.machine(), run, site.offset, next_);
    if (!moved) return tl::unexpected(moved.error());
    const auto size = static_cast<std::uint32_t>(moved->bytes.size());
    if (next_ + size > image_.bytes().size()) return fail("no room is left in its last page");
    ProbeSite placed;
    placed.length = site.length;
    placed.copy = next_;
    placed.copy_size = size;
    placed.copy_done = next_ + moved->map.back().moved;
    plan.patches.push_back({next_, std::move(moved->bytes)});
    next_ += (size + kCopyAlignment - 1) / kCopyAlignment * kCopyAlignment;
    return placed;
  }

 private:
  const VdsoImage& image_;
  std::uint32_t next_;
};

const CodeSite* first_instruction(const VdsoFunction& function) {
  const auto found = std::ranges::find(function.instructions, function.entry, &CodeSite::offset);
  return found == function.instructions.end() ? nullptr : &*found;
}

Result<void> plan_exits(const VdsoFunction& function, CopyArea& copies, ProbePlan& plan) {
  for (const CodeSite& exit : function.returns) {
    if (plan.sites.contains(exit.offset)) continue;
    auto site = copies.place(exit, plan);
    if (!site) return tl::unexpected(site.error());
    site->kind = ProbeSite::Kind::exit;
    plan.sites[exit.offset] = *site;
  }
  return {};
}

Result<void> plan_function(const VdsoFunction& function, const VdsoService& service, bool exits_needed,
                           CopyArea& copies, ProbePlan& plan) {
  const CodeSite* first = first_instruction(function);
  const bool complete = function.incomplete.empty();
  if (first == nullptr || (!complete && exits_needed)) return fail(function.incomplete);
  if (auto exits = complete ? plan_exits(function, copies, plan) : Result<void>{}; !exits) return exits;
  auto site = copies.place(*first, plan);
  if (!site) return tl::unexpected(site.error());
  site->kind = ProbeSite::Kind::entry;
  site->function = &function;
  site->service = &service;
  plan.sites[function.entry] = *site;
  return {};
}

}  // namespace

ProbePlan plan_probes(const VdsoImage& image, const std::function<bool(const VdsoService&)>& wanted, bool exits_needed,
                      std::uint32_t unused_from, std::span<const VdsoService> services) {
  ProbePlan plan;
  CopyArea copies(image, unused_from);
  for (const VdsoFunction& function : image.functions()) {
    const VdsoService* service = service_for(function, services);
    if (service == nullptr || !wanted(*service)) continue;
    if (auto planned = plan_function(function, *service, exits_needed, copies, plan); !planned)
      plan.unobservable.push_back({function.name(), planned.error().message});
  }
  for (const auto& [offset, site] : plan.sites)
    plan.patches.push_back({offset, {arch::kBreakpoint.begin(), arch::kBreakpoint.end()}});
  return plan;
}

std::optional<std::uint32_t> ProbePlan::return_copy() const {
  const auto is_exit = [](const auto& entry) { return entry.second.kind == ProbeSite::Kind::exit; };
  const auto found = std::ranges::find_if(sites, is_exit);
  return found != sites.end() ? std::optional(found->second.copy) : std::nullopt;
}

std::optional<ProbePlan::Origin> ProbePlan::origin_of(std::uint32_t offset) const {
  for (const auto& [at, site] : sites) {
    if (offset < site.copy || offset - site.copy >= site.copy_size) continue;
    const bool executed = offset >= site.copy_done;
    return Origin{&site, executed ? at + site.length : at, executed};
  }
  return std::nullopt;
}

}  // namespace vdsotrace
