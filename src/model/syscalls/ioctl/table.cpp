// ioctl.
#include "model/syscalls/ioctl/kinds.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/tables.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr CallSpec kCalls[] = {
    {"ioctl", 3, kDesc, {&kFd, &kIoctlRequest, &kIoctlValue}, result_ioctl, comment_ioctl},
};

}  // namespace

std::span<const CallSpec> ioctl_calls() { return kCalls; }

}  // namespace vdsotrace
