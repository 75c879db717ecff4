// PTRACE_GET_SYSCALL_INFO; expected lines are strace 6.1's.
#include <cerrno>

#include <linux/audit.h>
#include <linux/ptrace.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kInfo = 0x10000;

std::string shown(const ptrace_syscall_info& info, std::uint64_t room, std::int64_t result,
                  ConstantStyle style = ConstantStyle::abbrev) {
  DecodedCall call("ptrace", {PTRACE_GET_SYSCALL_INFO, 7, room, kInfo});
  call.constants(style).enter().put(kInfo, info).leave(result);
  return args_of(call.text()).at(3);
}

ptrace_syscall_info at(std::uint8_t stop) {
  ptrace_syscall_info info{};
  info.op = stop;
  info.arch = AUDIT_ARCH_X86_64;
  info.instruction_pointer = 0x1000;
  info.stack_pointer = 0x2000;
  return info;
}

TEST_CASE("as much is shown as there is room for and as was filled in", "[ptrace]") {
  ptrace_syscall_info info = at(PTRACE_SYSCALL_INFO_ENTRY);
  info.entry.nr = 80;
  info.entry.args[1] = 5;
  const std::string front =
      "{op=PTRACE_SYSCALL_INFO_ENTRY, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x1000, stack_pointer=0x2000";
  CHECK(shown(info, 80, 80) == front + ", entry={nr=__NR_chdir, args=[0, 0x5, 0, 0, 0, 0]}}");
  CHECK(shown(info, 48, 80) == front + ", entry={nr=__NR_chdir, args=[0, 0x5]}}");
  CHECK(shown(info, 32, 80) == front + ", entry={nr=__NR_chdir}}");
  CHECK(shown(info, 31, 80) == front + "}");
  CHECK(shown(info, UINT64_MAX, 24) == front + "}");
  CHECK(shown(info, 1, 80) == "{op=PTRACE_SYSCALL_INFO_ENTRY}");
  CHECK(shown(info, 0, 80) == "0x10000");
  CHECK(shown(info, 80, -3) == "0x10000");
  CHECK(shown(info, 32, 80, ConstantStyle::raw) ==
        "{op=0x1, arch=0xc000003e, instruction_pointer=0x1000, stack_pointer=0x2000, entry={nr=80}}");
}

TEST_CASE("what a call returned", "[ptrace]") {
  ptrace_syscall_info info = at(PTRACE_SYSCALL_INFO_EXIT);
  info.exit.rval = -ENOENT;
  info.exit.is_error = 1;
  CHECK(shown(info, 80, 33).ends_with(", exit={rval=-ENOENT, is_error=1}}"));
  CHECK(shown(info, 32, 33).ends_with(", exit={rval=-2}}"));
  CHECK(shown(info, 80, 33, ConstantStyle::verbose).ends_with(", exit={rval=-2 /* -ENOENT */, is_error=1}}"));
}

}  // namespace
}  // namespace vdsotrace::testing
