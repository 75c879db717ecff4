#include "engines/breakpoint/probe_plan.hpp"

#include <sys/auxv.h>

#include <algorithm>

#include "arch/registers.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;

namespace {

constexpr std::size_t kMappingSize = 2 * 4096;

VdsoImage own_image() {
  const auto* start = reinterpret_cast<const std::byte*>(::getauxval(AT_SYSINFO_EHDR));
  auto image = VdsoImage::parse({start, kMappingSize});
  REQUIRE(image);
  return std::move(*image);
}

bool everything(const VdsoService&) { return true; }

ProbePlan plan_of(const VdsoImage& image, const std::function<bool(const VdsoService&)>& wanted) {
  return plan_probes(image, wanted, true, image.unused_from());
}

}  // namespace

TEST_CASE("every way in and out of every known function gets a probe") {
  if (::getauxval(AT_SYSINFO_EHDR) == 0) return;
  const VdsoImage image = own_image();
  const ProbePlan plan = plan_of(image, everything);
  CHECK(plan.unobservable.empty());
  for (const VdsoFunction& function : image.functions()) {
    INFO(function.name());
    if (service_for(function) == nullptr) {
      CHECK_FALSE(plan.sites.contains(function.entry));
      continue;
    }
    REQUIRE(plan.sites.contains(function.entry));
    CHECK(plan.sites.at(function.entry).kind == ProbeSite::Kind::entry);
    CHECK(plan.sites.at(function.entry).function->entry == function.entry);
    for (const CodeSite& exit : function.returns) CHECK(plan.sites.contains(exit.offset));
  }
}

TEST_CASE("patches touch breakpoint bytes and the image's unused end only") {
  if (::getauxval(AT_SYSINFO_EHDR) == 0) return;
  const VdsoImage image = own_image();
  const ProbePlan plan = plan_of(image, everything);
  std::vector<bool> written(kMappingSize, false);
  for (const PlannedPatch& patch : plan.patches) {
    const bool breakpoint = patch.bytes.size() == arch::kBreakpointSize;
    CHECK((breakpoint ? plan.sites.contains(patch.offset) : patch.offset >= image.unused_from()));
    REQUIRE(patch.offset + patch.bytes.size() <= kMappingSize);
    for (std::size_t i = 0; i < patch.bytes.size(); ++i) {
      CHECK_FALSE(written[patch.offset + i]);
      written[patch.offset + i] = true;
    }
  }
  // Breakpoints last: no thread may run into one whose copy is not there yet.
  const auto first = std::ranges::find_if(plan.patches, [&](const auto& p) { return plan.sites.contains(p.offset); });
  CHECK(std::all_of(first, plan.patches.end(), [&](const auto& p) { return plan.sites.contains(p.offset); }));
}

TEST_CASE("copies begin no earlier than where the last page is unused") {
  if (::getauxval(AT_SYSINFO_EHDR) == 0) return;
  const VdsoImage image = own_image();
  const std::uint32_t from = image.unused_from() + 1000;
  const ProbePlan plan = plan_probes(image, everything, true, from);
  CHECK_FALSE(plan.sites.empty());
  for (const PlannedPatch& patch : plan.patches) CHECK((plan.sites.contains(patch.offset) || patch.offset >= from));
}

TEST_CASE("a place in a copy is traced back to the program's own code") {
  if (::getauxval(AT_SYSINFO_EHDR) == 0) return;
  const VdsoImage image = own_image();
  const ProbePlan plan = plan_of(image, everything);
  for (const auto& [offset, site] : plan.sites) {
    const auto before = plan.origin_of(site.copy);
    REQUIRE(before);
    CHECK(before->offset == offset);
    CHECK_FALSE(before->executed);
    const auto after = plan.origin_of(site.copy_done);
    if (!after) continue;
    CHECK(after->offset == offset + site.length);
    CHECK(after->executed);
  }
  CHECK_FALSE(plan.origin_of(0));
}

TEST_CASE("functions that nobody wants are left alone") {
  if (::getauxval(AT_SYSINFO_EHDR) == 0) return;
  const VdsoImage image = own_image();
  const ProbePlan plan = plan_of(image, [](const VdsoService& service) { return service.syscall == "time"; });
  const auto entries =
      std::ranges::count_if(plan.sites, [](const auto& site) { return site.second.kind == ProbeSite::Kind::entry; });
  CHECK(entries == 1);
  CHECK(plan_of(image, [](const VdsoService&) { return false; }).patches.empty());
}

TEST_CASE("every service of every saved x86 image gets its probes, other exports none") {
  for (const std::string& kernel : testing::kSavedKernels) {
    for (const std::string& machine : testing::machines_saved_of(kernel)) {
      INFO(kernel << machine);
      // The mapping as a process has it: whole pages, copies fit behind the file.
      testing::Bytes mapping = testing::saved_image(kernel + machine);
      mapping.resize((mapping.size() + 4095) / 4096 * 4096);
      const VdsoImage image = testing::parse_or_throw(mapping);
      const ProbePlan plan = plan_of(image, everything);
      for (const Unobservable& refused : plan.unobservable) FAIL_CHECK(refused.function << ": " << refused.why);
      std::vector<std::uint32_t> expected;
      for (const VdsoFunction& function : image.functions()) {
        if (service_for(function) == nullptr) continue;
        expected.push_back(function.entry);
        for (const CodeSite& exit : function.returns) expected.push_back(exit.offset);
      }
      std::ranges::sort(expected);
      expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
      std::vector<std::uint32_t> sites;
      for (const auto& [offset, site] : plan.sites) sites.push_back(offset);
      CHECK(sites == expected);
      for (const PlannedPatch& patch : plan.patches) CHECK(patch.offset + patch.bytes.size() <= mapping.size());
    }
  }
}

TEST_CASE("code for another processor is refused with the reason") {
  for (const std::string name : {"6.1.0-50.aarch64"}) {
    INFO(name);
    const VdsoImage image = testing::parse_or_throw(testing::saved_image(name));
    const ProbePlan plan = plan_of(image, everything);
    CHECK(plan.sites.empty());
    CHECK(plan.patches.empty());
    REQUIRE_FALSE(plan.unobservable.empty());
    for (const Unobservable& refused : plan.unobservable) {
      CHECK(refused.why == "code of machine aarch64 cannot be followed");
    }
  }
}
