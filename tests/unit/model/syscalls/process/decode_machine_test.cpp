// Calls on the machine and its processors; expected lines are strace 6.1's.
#include <array>

#include <asm/ldt.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kMachineData = 0x10000;

TEST_CASE("kexec_load shows its segments", "[machine]") {
  DecodedCall call("kexec_load", {0x1000, 2, kMachineData, 0x2a0003});
  call.put(kMachineData, std::array<std::uint64_t, 4>{0, 1, 2, 3});
  CHECK(call.leave(-1).line() ==
        "kexec_load(0x1000, 2, [{buf=NULL, bufsz=1, mem=0x2, memsz=3}, ... /* 0x10020 */], "
        "KEXEC_ARCH_SH|KEXEC_ON_CRASH|KEXEC_PRESERVE_CONTEXT) = -1 EPERM (Operation not permitted)");
  CHECK(line_of("kexec_load", {0, 17, kMachineData, 0}, -22) ==
        "kexec_load(NULL, 17, 0x10000, KEXEC_ARCH_DEFAULT) = -1 EINVAL (Invalid argument)");
  DecodedCall file("kexec_file_load", {3, 4, 3, kMachineData, 0});
  CHECK(file.put(kMachineData, "ab").leave(0).line() == R"(kexec_file_load(3, 4, 3, "ab\0", 0) = 0)");
}

TEST_CASE("reboot reads so much of its message", "[machine]") {
  const std::string message(300, 'm');
  DecodedCall call("reboot", {0xfee1dead, 0x28121969, 0xa1b2c3d4, kMachineData});
  CHECK(call.put(kMachineData, message).strings(1000).leave(-1).line() ==
        fmt::format("reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART2, \"{}\"...) = "
                    "-1 EPERM (Operation not permitted)",
                    message.substr(0, 255)));
}

TEST_CASE("segments of a thread", "[machine]") {
  user_desc area{};
  area.entry_number = UINT32_MAX;
  area.limit = 0xfffff;
  area.seg_32bit = 1;
  const std::string shown =
      "{entry_number=-1, base_addr=00000000, limit=0x0fffff, seg_32bit=1, contents=0, read_exec_only=0, "
      "limit_in_pages=0, seg_not_present=0, useable=0, lm=0}";
  DecodedCall set("set_thread_area", {kMachineData});
  CHECK(set.put(kMachineData, area).leave(-38).line() ==
        fmt::format("set_thread_area({}) = -1 ENOSYS (Function not implemented)", shown));
  DecodedCall get("get_thread_area", {kMachineData});
  CHECK(get.put(kMachineData, area).leave(-38).line() ==
        "get_thread_area({entry_number=-1, ...}) = -1 ENOSYS (Function not implemented)");
  CHECK(get.leave(0).line() == fmt::format("get_thread_area({}) = 0", shown));
  DecodedCall modify("modify_ldt", {1, kMachineData, sizeof area});
  CHECK(modify.put(kMachineData, area).leave(16).line() == fmt::format("modify_ldt(1, {}, 16) = 16", shown));
  CHECK(line_of("modify_ldt", {1, kMachineData, 7}, 16) == "modify_ldt(1, 0x10000, 7) = 16");
}

TEST_CASE("modify_ldt's errors are not those of other calls", "[machine]") {
  CHECK(line_of("modify_ldt", {1, 0, 16}, 0xffffffda) ==
        "modify_ldt(1, NULL, 16) = 4294967258 ENOSYS (Function not implemented)");
}

TEST_CASE("the arguments of _sysctl", "[machine]") {
  DecodedCall call("_sysctl", {kMachineData});
  call.put(kMachineData, std::array<std::uint64_t, 6>{1, 2, 3, 4, 0, 6});
  CHECK(call.leave(-38).line() ==
        "_sysctl({name=0x1, nlen=2, oldval=0x3, oldlenp=0x4, newval=NULL, newlen=6}) = "
        "-1 ENOSYS (Function not implemented)");
  CHECK(DecodedCall("_sysctl", {kMachineData}).put(kMachineData, 1).leave(-38).line() ==
        "_sysctl(0x10000) = -1 ENOSYS (Function not implemented)");
}

TEST_CASE("the console has a level for everything", "[machine]") {
  CHECK(line_of("syslog", {8, 0, 8}) ==
        "syslog(8 /* SYSLOG_ACTION_CONSOLE_LEVEL */, NULL, 8 /* LOGLEVEL_DEBUG+1 */) = 0");
}

}  // namespace
}  // namespace vdsotrace::testing
