// Which functions engines observe, and that what they plan of an image is planned once.
#include "engines/wanted_functions.hpp"

#include <string>
#include <vector>

#include "engines/per_image.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

using namespace vdsotrace;

namespace {

Needs selecting(const std::vector<std::string>& expressions) {
  auto selection = Selection::parse(expressions);
  REQUIRE(selection);
  Needs needs;
  needs.selection = std::move(*selection);
  return needs;
}

const VdsoService& service_named(std::string_view syscall) {
  for (const VdsoService& service : known_services()) {
    if (service.syscall == syscall) return service;
  }
  throw std::runtime_error("no such service");
}

}  // namespace

TEST_CASE("functions are wanted by name and by the routes that start in them", "[wanted_functions]") {
  const VdsoService& time = service_named("time");
  CHECK(is_wanted(time, Abi::x86_64, Needs{}));
  CHECK(is_wanted(time, Abi::x86_64, selecting({"trace=time"})));
  CHECK_FALSE(is_wanted(time, Abi::x86_64, selecting({"trace=getcpu"})));
  CHECK(is_wanted(time, Abi::x86_64, selecting({"route=fallback"})));
  CHECK_FALSE(is_wanted(time, Abi::x86_64, selecting({"route=syscall"})));
}

TEST_CASE("a function is wanted in the ABIs of which it was asked for", "[wanted_functions]") {
  const Needs needs = selecting({"trace=clock_gettime@32"});
  const VdsoService& clock_gettime = service_named("clock_gettime");
  CHECK(is_wanted(clock_gettime, Abi::i386, needs));
  CHECK_FALSE(is_wanted(clock_gettime, Abi::x86_64, needs));
  CHECK(any_is_wanted(needs));
  CHECK_FALSE(any_is_wanted(selecting({"trace=openat"})));
}

TEST_CASE("what is planned of an image is planned once", "[per_image]") {
  const auto first = VdsoImage::parse(testing::own_mapping());
  const auto second = VdsoImage::parse(testing::own_mapping());
  REQUIRE((first && second));
  PerImage<int> plans;
  int made = 0;
  const auto make = [&] { return ++made; };
  CHECK(plans.find(*first) == nullptr);
  CHECK(plans.get(*first, make) == 1);
  CHECK(plans.get(*second, make) == 2);
  CHECK(plans.get(*first, make) == 1);
  REQUIRE(plans.find(*second) != nullptr);
  CHECK(*plans.find(*second) == 2);
}
