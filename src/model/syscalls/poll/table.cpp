// Waiting for events, futexes, asynchronous I/O.
#include "model/syscalls/files/aio.hpp"
#include "model/syscalls/files/io_uring.hpp"
#include "model/syscalls/ipc/futex.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/poll/kinds.hpp"
#include "model/syscalls/tables.hpp"
#include "model/syscalls/time/kinds.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr NamedValue kEpollFlagsNames[] = {
    {0x80000, "EPOLL_CLOEXEC"}};
constexpr NameTable kEpollFlags{kEpollFlagsNames, "EPOLL_???"};

constexpr NamedValue kEpollOperationsNames[] = {
    {1, "EPOLL_CTL_ADD"}, {2, "EPOLL_CTL_DEL"}, {3, "EPOLL_CTL_MOD"}};
constexpr NameTable kEpollOperations{kEpollOperationsNames, "EPOLL_CTL_???"};

constexpr NamedValue kEventfdFlagsNames[] = {
    {1, "EFD_SEMAPHORE"}, {0x80000, "EFD_CLOEXEC"}, {0x800, "EFD_NONBLOCK"}};
constexpr NameTable kEventfdFlags{kEventfdFlagsNames, "EFD_???"};

constexpr CallSpec kCalls[] = {
    {"poll", 3, kDesc, {&kPollfds, &kUnsigned, &kInt}, nullptr, comment_poll},
    {"ppoll", 5, kDesc, {&kPollfds, &kUnsigned, &kTimespecAt, &kSigset, &kSize}, nullptr,
     comment_ppoll},
    {"ppoll_time64", 5, kDesc, {&kPollfds, &kUnsigned, &kTimespecAt, &kSigset, &kSize}, nullptr,
     comment_ppoll},
    {"select", 5, kDesc, {&kInt, &kFdSet, &kFdSet, &kFdSet, &kTimevalAt}, nullptr, comment_select},
    {"_newselect", 5, kDesc, {&kInt, &kFdSet, &kFdSet, &kFdSet, &kTimevalAt}, nullptr,
     comment_select},
    {"pselect6", 6, kDesc, {&kInt, &kFdSet, &kFdSet, &kFdSet, &kTimespecAt, &kMaskAndSize},
     nullptr, comment_pselect},
    {"pselect6_time64", 6, kDesc,
     {&kInt, &kFdSet, &kFdSet, &kFdSet, &kTimespecAt, &kMaskAndSize}, nullptr, comment_pselect},

    {"epoll_create", 1, kDesc, {&kInt}, result_fd},
    {"epoll_create1", 1, kDesc, {&kFlags<kEpollFlags>}, result_fd},
    {"epoll_ctl", 4, kDesc, {&kFd, &kChoice<kEpollOperations>, &kFd, &kEpollEvent}},
    {"epoll_wait", 4, kDesc, {&kFd, &kEpollEvents, &kInt, &kInt}},
    {"epoll_pwait", 6, kDesc, {&kFd, &kEpollEvents, &kInt, &kInt, &kSigsetOut, &kSize}},
    {"epoll_pwait2", 6, kDesc, {&kFd, &kEpollEvents, &kInt, &kTimespecAtOut, &kSigsetOut, &kSize},
     nullptr, nullptr, 441},
    {"epoll_ctl_old", 4, 0, {}},
    {"epoll_wait_old", 4, 0, {}},

    {"eventfd", 1, kDesc, {&kUnsigned}, result_fd},
    {"eventfd2", 2, kDesc, {&kUnsigned, &kFlags<kEventfdFlags>}, result_fd},

    {"futex", 6, 0,
     {&kPointer, &kFutexOperation, &kFutexValue, &kFutexTimeout, &kFutexOther, &kFutexLast}},
    {"futex_time64", 6, 0,
     {&kPointer, &kFutexOperation, &kFutexValue, &kFutexTimeout, &kFutexOther, &kFutexLast}},
    {"futex_waitv", 5, 0, {&kFutexWaiters, &kUnsigned, &kHex32, &kTimespecAt, &kClockId}, nullptr,
     nullptr, 449},
    {"futex_wake", 4, 0, {&kPointer, &kHex, &kInt, &kHex32}, nullptr, nullptr, 454},
    {"futex_wait", 6, 0, {&kPointer, &kHex, &kHex, &kHex32, &kTimespecAt, &kClockId}, nullptr,
     nullptr, 455},
    {"futex_requeue", 4, 0, {&kPointer, &kHex32, &kInt, &kInt}, nullptr, nullptr, 456},

    {"io_setup", 2, kMemory, {&kUnsigned, &kIoContextOut}},
    {"io_destroy", 1, kMemory, {&kPointer}},
    {"io_submit", 3, 0, {&kPointer, &kLong, &kIoRequests}},
    {"io_cancel", 3, 0, {&kPointer, &kIoRequest, &kIoEventOut}},
    {"io_getevents", 5, 0, {&kPointer, &kLong, &kLong, &kIoEvents, &kTimespecAt}},
    {"io_pgetevents", 6, 0,
     {&kPointer, &kLong, &kLong, &kIoEvents, &kTimespecAt, &kMaskAndSize}},
    {"io_pgetevents_time64", 6, 0,
     {&kPointer, &kLong, &kLong, &kIoEvents, &kTimespecAt, &kMaskAndSize}},

    {"io_uring_setup", 2, kDesc, {&kUnsigned, &kIoUringParams}, result_fd, nullptr, 425},
    {"io_uring_enter", 6, kDesc | kSignal,
     {&kFd, &kUnsigned, &kUnsigned, &kIoUringEnterFlagBits, &kSigset, &kSize}, nullptr, nullptr,
     426},
    {"io_uring_register", 4, kDesc | kMemory,
     {&kFd, &kIoUringOperation, &kIoUringResource, &kUnsigned}, nullptr, nullptr, 427},
};

}  // namespace

std::span<const CallSpec> poll_calls() { return kCalls; }

}  // namespace vdsotrace
