// When it pays to find out how system calls can give way to jumps.
#include "engines/syscalls/code_files.hpp"

#include "support/catch.hpp"
#include "support/scripted_kernel.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

TEST_CASE("a site that was asked for in one process is asked for earlier in the next") {
  ScriptedKernel kernel;
  const KernelInstead instead{kernel};
  CodeFiles files;
  const int first = files.stops_before_asking(0x7f1234567890);
  CHECK(first > 1);
  // No process is there to have it.
  CHECK_FALSE(files.site_at(kPid, 0x7f1234567890));
  // The same file mapped elsewhere, and another place.
  CHECK(files.stops_before_asking(0x7fabcdef0890) < first);
  CHECK(files.stops_before_asking(0x7fabcdef0891) == first);
}
