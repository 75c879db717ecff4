// The words of routes and starts are what scripts rely on.
#include "support/catch.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {
namespace {

TEST_CASE("routes have a name and a tag", "[names]") {
  CHECK(name_of(Route::vdso) == "vdso");
  CHECK(name_of(Route::fallback) == "fallback");
  CHECK(name_of(Route::syscall) == "syscall");
  CHECK(name_of(Route::vsyscall) == "vsyscall");
  CHECK(tag_of(Route::vdso) == "[vdso]");
  CHECK(tag_of(Route::fallback) == "[vdso->syscall]");
  CHECK(tag_of(Route::syscall) == "[syscall]");
  CHECK(tag_of(Route::vsyscall) == "[vsyscall]");
}

TEST_CASE("a route is found by its name only", "[names]") {
  for (const Route route : {Route::vdso, Route::fallback, Route::syscall, Route::vsyscall}) {
    CHECK(route_named(name_of(route)) == route);
  }
  CHECK(route_named("") == std::nullopt);
  CHECK(route_named("[vdso]") == std::nullopt);
  CHECK(route_named("VDSO") == std::nullopt);
}

TEST_CASE("each start has its word", "[names]") {
  using How = Started::How;
  CHECK(name_of(How::spawn) == "spawn");
  CHECK(name_of(How::attach) == "attach");
  CHECK(name_of(How::fork) == "fork");
  CHECK(name_of(How::vfork) == "vfork");
  CHECK(name_of(How::clone) == "clone");
  CHECK(name_of(How::thread) == "thread");
}

}  // namespace
}  // namespace vdsotrace
