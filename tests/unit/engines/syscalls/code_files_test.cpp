// When it pays to find out how system calls can give way to jumps.
#include "engines/syscalls/code_files.hpp"

#include "support/catch.hpp"
#include "support/scripted_kernel.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

TEST_CASE("stops of all processes count for whether it pays to look at a site") {
  ScriptedKernel kernel;
  const KernelInstead instead{kernel};
  CodeFiles files;
  const std::uint64_t site = 0x7f1234567890, elsewhere = 0x7fabcdef0890;
  int stops = 1;
  while (stops < 100 && !files.pays_after(stops, site)) ++stops;
  CHECK(stops > 3);
  CHECK(stops < 100);
  // The same file, mapped elsewhere, in the next process; and another place.
  int there = 1;
  while (there < 100 && !files.pays_after(there, elsewhere)) ++there;
  CHECK(there > 1);
  CHECK(there < stops);
  CHECK_FALSE(files.pays_after(there, elsewhere + 1));
  // Many processes that call from there once each.
  for (int process = 0; process < 100; ++process) CHECK_FALSE(files.pays_after(1, 0x400123));
  CHECK(files.pays_after(there, 0x400123));
}
