// What is said of modules in which callers cannot be found.
#include "symbols/silent_modules.hpp"

#include "support/catch.hpp"

using namespace vdsotrace;

TEST_CASE("why callers in a file are not known is said once") {
  SilentModules modules;
  modules.note("/lib/a.so", "it has no unwind information");
  modules.note("/lib/a.so", "it has no symbols");
  modules.note("", "it has no unwind information");
  CHECK(modules.take_notices() ==
        std::vector<std::string>{"callers in /lib/a.so are not known: it has no unwind information"});
  CHECK(modules.take_notices().empty());
  modules.note("/lib/a.so", "it has no unwind information");
  modules.note("/lib/b.so", "it has no symbols");
  CHECK(modules.take_notices() == std::vector<std::string>{"callers in /lib/b.so are not known: it has no symbols"});
}
