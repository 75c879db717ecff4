// System V IPC and POSIX message queues.
#include "model/syscalls/files/kinds.hpp"
#include "model/syscalls/ipc/kinds.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/tables.hpp"
#include "model/syscalls/time/kinds.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr NamedValue kShmatFlagsNames[] = {
    {0x1000, "SHM_RDONLY"}, {0x2000, "SHM_RND"}, {0x4000, "SHM_REMAP"}, {0x8000, "SHM_EXEC"}};
constexpr NameTable kShmatFlags{kShmatFlagsNames, "SHM_???"};

constexpr NamedValue kMsgFlagsNames[] = {
    {0x1000, "MSG_NOERROR"}, {0x2000, "MSG_EXCEPT"}, {0x4000, "MSG_COPY"}, {0x800, "IPC_NOWAIT"}};
constexpr NameTable kMsgFlags{kMsgFlagsNames, "MSG_???"};

constexpr CallSpec kCalls[] = {
    {"shmget", 3, kIpc, {&kIpcKey, &kSize, &kShmgetFlags}},
    {"shmat", 3, 0, {&kInt, &kPointer, &kFlags<kShmatFlags>}, result_hex},
    {"shmctl", 3, kIpc, {&kInt, &kShmctlCommand, &kShmctlValue}},
    {"shmdt", 1, kMemory | kIpc, {&kPointer}},

    {"semget", 3, kIpc, {&kIpcKey, &kInt, &kIpcgetFlags}},
    {"semop", 3, kIpc, {&kInt, &kSembufs, &kUnsigned}},
    {"semtimedop", 4, kIpc, {&kInt, &kSembufs, &kUnsigned, &kTimespecAt}},
    {"semtimedop_time64", 4, kIpc, {&kInt, &kSembufs, &kUnsigned, &kTimespecAt}},
    {"semctl", 4, kIpc, {&kInt, &kInt, &kSemctlCommand, &kSemctlValue}},

    {"msgget", 2, kIpc, {&kIpcKey, &kIpcgetFlags}},
    {"msgsnd", 4, kIpc, {&kInt, &kMsgbuf, &kSize, &kFlags<kMsgFlags>}},
    {"msgrcv", 5, kIpc, {&kInt, &kMsgbufOut, &kSize, &kLong, &kFlags<kMsgFlags>}},
    {"msgctl", 3, kIpc, {&kInt, &kMsgctlCommand, &kMsgctlValue}},

    {"mq_open", 4, kDesc, {&kPath, &kOpenFlags, &kMqOpenMode, &kMqOpenAttr}, result_fd},
    {"mq_unlink", 1, 0, {&kPath}},
    {"mq_timedsend", 5, kDesc, {&kFd, &kBuffer, &kSize, &kUnsigned, &kTimespecAt}},
    {"mq_timedsend_time64", 5, kDesc, {&kFd, &kBuffer, &kSize, &kUnsigned, &kTimespecAt}},
    {"mq_timedreceive", 5, kDesc, {&kFd, &kBufferOut, &kSize, &kUnsignedAtOut, &kTimespecAt}},
    {"mq_timedreceive_time64", 5, kDesc,
     {&kFd, &kBufferOut, &kSize, &kUnsignedAtOut, &kTimespecAt}},
    {"mq_notify", 2, kDesc, {&kFd, &kSigevent}},
    {"mq_getsetattr", 3, kDesc, {&kFd, &kMqAttr, &kMqAttrOut}},
};

}  // namespace

std::span<const CallSpec> ipc_calls() { return kCalls; }

}  // namespace vdsotrace
