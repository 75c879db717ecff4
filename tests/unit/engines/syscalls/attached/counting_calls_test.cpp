// Site stubs of a process that was attached to: how they get there, how threads get out of them, what is left.
#include "engines/syscalls/attached/counting_calls.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "engines/syscalls/sites/call_instruction.hpp"
#include "support/catch.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kRead = kCode + 0x10, kAny = kCode + 0x30;

CallSite padded_site(std::uint64_t address) {
  CallSite site;
  site.shape = SiteShape::padded;
  site.address = address;
  site.padding = address + 0x10;
  site.stubs = {0x10'0000, 0x7000'0000};
  site.original = {{site.padding, std::vector(5, std::byte{0x90})}, {address, {std::byte{0x0f}, std::byte{0x05}}}};
  return site;
}

/// A program with two system calls, and a kernel that maps what it is asked for: shared memory is a file of ours.
struct AttachedProgram : StoppedTask {
  AttachedProgram() {
    for (const NumberedSite& one : sites) {
      for (const CodeWrite& write : one.site.original) task.memory->write(write.address, write.bytes);
    }
    kernel.made_call = [this](Task& made, std::int64_t nr, const Arguments& args) -> std::int64_t {
      if (nr == SYS_munmap) ++unmapped;
      if (nr == SYS_memfd_create) return -EMFILE;
      if (nr != SYS_mmap) return 0;
      made.memory->regions[args[0]] = std::vector<std::byte>(args[1]);
      return static_cast<std::int64_t>(args[0]);
    };
  }
  std::vector<NumberedSite> sites{{padded_site(kRead), SYS_read}, {padded_site(kAny), std::nullopt}};
  int unmapped = 0;
};

}  // namespace

TEST_CASE("where a process can share no memory with us nothing of it is changed") {
  AttachedProgram program;
  std::vector<std::byte> before(0x60), after(0x60);
  program.task.memory->read(kCode, before);
  const auto begun = CountingCalls::begin(program.stopped, program.sites);
  REQUIRE_FALSE(begun);
  CHECK(begun.error().message == "the process could not make shared memory");
  CHECK(program.unmapped == 1);
  program.task.memory->read(kCode, after);
  CHECK(after == before);
}

TEST_CASE("sites whose calls are known otherwise get no stub") {
  AttachedProgram program;
  const std::vector<NumberedSite> sites{{padded_site(kRead), SYS_clone}, {padded_site(kAny), SYS_clock_gettime}};
  const auto begun = CountingCalls::begin(program.stopped, sites);
  REQUIRE_FALSE(begun);
  CHECK(begun.error().message == "none of its system call instructions can be patched");
}
