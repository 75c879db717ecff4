// Which functions we know how to observe.
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

VdsoFunction named(std::vector<std::string> names) {
  VdsoFunction function;
  function.names = std::move(names);
  return function;
}

TEST_CASE("a service is found by any name of its function", "[vdso]") {
  const VdsoService* service = service_for(named({"__vdso_clock_gettime", "clock_gettime"}));
  REQUIRE(service != nullptr);
  CHECK(service->symbol == "__vdso_clock_gettime");
  CHECK(service->syscall == "clock_gettime");
  CHECK(service->arguments == 2);
  CHECK(service->first_is_clock);

  CHECK(service_for(named({"aardvark", "time"}))->syscall == "time");
  CHECK(service_for(named({"__kernel_getrandom"}))->symbol == "__kernel_getrandom");
  CHECK(service_for(named({"__kernel_getrandom"}))->syscall == "getrandom");
}

TEST_CASE("unknown exports are no services", "[vdso]") {
  for (const std::string name : {"__kernel_vsyscall", "__kernel_rt_sigreturn", "__vdso_sgx_enter_enclave",
                                 "__vdso_futex_robust_list64_try_unlock", "vdso_time", "__vdso_", ""}) {
    INFO(name);
    CHECK(service_for(named({name})) == nullptr);
  }
  CHECK(service_of_syscall("futex") == nullptr);
  CHECK(service_of_syscall("") == nullptr);
}

TEST_CASE("every symbol is a prefix and the system call's name", "[vdso]") {
  for (const VdsoService& service : known_services()) {
    INFO(service.symbol);
    const std::string syscall(service.syscall);
    CHECK((service.symbol == "__vdso_" + syscall || service.symbol == "__kernel_" + syscall));
    CHECK(service.first_is_clock == syscall.starts_with("clock_"));
    CHECK(service_of_syscall(syscall)->syscall == syscall);
    CHECK(service_for(named({std::string(service.symbol)})) == &service);
  }
}

TEST_CASE("the services of saved images", "[vdso]") {
  const auto syscalls_in = [](const std::string& image) {
    const auto parsed = testing::parse_or_throw(testing::saved_image(image));
    std::vector<std::string_view> names;
    for (const VdsoFunction& function : parsed.functions()) {
      if (const auto* service = service_for(function)) names.push_back(service->syscall);
    }
    return names;
  };
  using Names = std::vector<std::string_view>;
  CHECK(syscalls_in("7.3.4+deb13.x86_64") ==
        Names{"gettimeofday", "time", "clock_gettime", "clock_getres", "getcpu", "getrandom"});
  CHECK(syscalls_in("7.3.4+deb13.i386") == Names{"gettimeofday", "time", "clock_gettime", "clock_getres",
                                                 "clock_gettime64", "clock_getres_time64", "getcpu"});
  CHECK(syscalls_in("6.1.0-50.aarch64") == Names{"clock_gettime", "gettimeofday", "clock_getres"});
}

}  // namespace
}  // namespace vdsotrace
