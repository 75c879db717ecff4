// ioctl of seccomp's notifications; expected lines are strace 6.1's.
#include <cerrno>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "model/syscalls/spec.hpp"
#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kNotificationAt = 0x7f0000001000;

seccomp_notif notification() {
  seccomp_notif told{};
  told.id = 7;
  told.pid = 42;
  told.data.nr = static_cast<int>(number_of(Abi::x86_64, "getppid"));
  told.data.arch = AUDIT_ARCH_X86_64;
  told.data.instruction_pointer = 0x4000;
  told.data.args[0] = 1;
  return told;
}

constexpr std::string_view kShown =
    "{id=0x7, pid=42, flags=0, data={nr=__NR_getppid, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x4000, "
    "args=[0x1, 0, 0, 0, 0, 0]}}";

TEST_CASE("a notification is shown when it has come", "[ioctl]") {
  DecodedCall call("ioctl", {3, SECCOMP_IOCTL_NOTIF_RECV, kNotificationAt});
  CHECK(call.put(kNotificationAt, seccomp_notif{}).enter().put(kNotificationAt, notification()).leave(0).line() ==
        fmt::format("ioctl(3, SECCOMP_IOCTL_NOTIF_RECV, {}) = 0", kShown));
  DecodedCall used("ioctl", {3, SECCOMP_IOCTL_NOTIF_RECV, kNotificationAt});
  CHECK(used.put(kNotificationAt, notification()).leave(-EINVAL).line() ==
        fmt::format("ioctl(3, SECCOMP_IOCTL_NOTIF_RECV, {} => 0x7f0000001000) = -1 EINVAL (Invalid argument)", kShown));
}

TEST_CASE("answers to notifications", "[ioctl]") {
  seccomp_notif_resp answer{};
  answer.id = 7;
  answer.error = -ENOSR;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  DecodedCall call("ioctl", {3, SECCOMP_IOCTL_NOTIF_SEND, kNotificationAt});
  CHECK(
      call.put(kNotificationAt, answer).leave(0).line() ==
      "ioctl(3, SECCOMP_IOCTL_NOTIF_SEND, {id=0x7, val=0, error=-ENOSR, flags=SECCOMP_USER_NOTIF_FLAG_CONTINUE}) = 0");
  seccomp_notif_addfd added{};
  added.id = 7;
  added.flags = SECCOMP_ADDFD_FLAG_SETFD;
  added.srcfd = 5;
  added.newfd = 9;
  added.newfd_flags = O_CLOEXEC;
  DecodedCall add("ioctl", {3, SECCOMP_IOCTL_NOTIF_ADDFD, kNotificationAt});
  CHECK(add.put(kNotificationAt, added).leave(9).line() ==
        "ioctl(3, SECCOMP_IOCTL_NOTIF_ADDFD, {id=0x7, flags=SECCOMP_ADDFD_FLAG_SETFD, srcfd=5, newfd=9, "
        "newfd_flags=O_CLOEXEC}) = 9");
  DecodedCall valid("ioctl", {3, SECCOMP_IOCTL_NOTIF_ID_VALID, kNotificationAt});
  CHECK(valid.put(kNotificationAt, std::uint64_t{7}).leave(0).line() ==
        "ioctl(3, SECCOMP_IOCTL_NOTIF_ID_VALID, [0x7]) = 0");
}

}  // namespace
}  // namespace vdsotrace::testing
