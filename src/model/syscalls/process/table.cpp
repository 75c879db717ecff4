// Processes, credentials, limits, scheduling.
#include <array>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/wait.h>
#include <sys/resource.h>

#include "model/syscalls/process/exec.hpp"
#include "model/syscalls/process/kinds.hpp"
#include "model/syscalls/tables.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

using Number = ProcessKind;

constexpr ArgKind kSchedulerChoice{[](ArgContext& c) {
  print_choice(c, c.as_uint(), kSchedulers.values, kSchedulers.unknown);
}};

constexpr std::array kWaitValues{
    NAMED(WNOHANG), NAMED(WEXITED), NAMED(WSTOPPED), NAMED(WCONTINUED), NAMED(WNOWAIT),
    NamedValue{0x80000000, "__WCLONE"}, NamedValue{0x40000000, "__WALL"},
    NamedValue{0x20000000, "__WNOTHREAD"}};
constexpr NameTable kWaitNames{kWaitValues, "W???"};

constexpr std::array kWaitIdValues{
    NamedValue{0, "P_ALL"}, NamedValue{1, "P_PID"}, NamedValue{2, "P_PGID"},
    NamedValue{3, "P_PIDFD"}};
constexpr NameTable kWaitIdNames{kWaitIdValues, "P_???"};

constexpr std::array kLimitValues{
    NAMED(RLIMIT_CPU), NAMED(RLIMIT_FSIZE), NAMED(RLIMIT_DATA), NAMED(RLIMIT_STACK),
    NAMED(RLIMIT_CORE), NAMED(RLIMIT_RSS), NAMED(RLIMIT_NPROC), NAMED(RLIMIT_NOFILE),
    NAMED(RLIMIT_MEMLOCK), NAMED(RLIMIT_AS), NAMED(RLIMIT_LOCKS), NAMED(RLIMIT_SIGPENDING),
    NAMED(RLIMIT_MSGQUEUE), NAMED(RLIMIT_NICE), NAMED(RLIMIT_RTPRIO), NAMED(RLIMIT_RTTIME)};
constexpr NameTable kLimitNames{kLimitValues, "RLIMIT_???"};

constexpr std::array kUsageValues{
    NamedValue{0, "RUSAGE_SELF"}, NamedValue{0xffffffff, "RUSAGE_CHILDREN"},
    NamedValue{1, "RUSAGE_THREAD"}};
constexpr NameTable kUsageNames{kUsageValues, "RUSAGE_???"};

constexpr std::array kPriorityValues{NAMED(PRIO_PROCESS), NAMED(PRIO_PGRP), NAMED(PRIO_USER)};
constexpr NameTable kPriorityNames{kPriorityValues, "PRIO_???"};

constexpr std::array kExecAtValues{
    NAMED(AT_SYMLINK_NOFOLLOW), NAMED(AT_REMOVEDIR), NAMED(AT_SYMLINK_FOLLOW),
    NAMED(AT_NO_AUTOMOUNT), NAMED(AT_EMPTY_PATH), NAMED(AT_RECURSIVE)};
constexpr NameTable kExecAtNames{kExecAtValues, "AT_???"};

constexpr std::array kArchPrctlValues{
    NamedValue{0x1001, "ARCH_SET_GS"}, NamedValue{0x1002, "ARCH_SET_FS"},
    NamedValue{0x1003, "ARCH_GET_FS"}, NamedValue{0x1004, "ARCH_GET_GS"},
    NamedValue{0x1011, "ARCH_GET_CPUID"}, NamedValue{0x1012, "ARCH_SET_CPUID"},
    NamedValue{0x1021, "ARCH_GET_XCOMP_SUPP"}, NamedValue{0x1022, "ARCH_GET_XCOMP_PERM"},
    NamedValue{0x1023, "ARCH_REQ_XCOMP_PERM"}, NamedValue{0x1024, "ARCH_GET_XCOMP_GUEST_PERM"},
    NamedValue{0x1025, "ARCH_REQ_XCOMP_GUEST_PERM"}, NamedValue{0x2001, "ARCH_MAP_VDSO_X32"},
    NamedValue{0x2002, "ARCH_MAP_VDSO_32"}, NamedValue{0x2003, "ARCH_MAP_VDSO_64"}};
constexpr NameTable kArchPrctlNames{kArchPrctlValues, "ARCH_???"};

/// Whose priority it is is said by the argument before.
constexpr ArgKind kWhose{[](ArgContext& c) { print_process_of_type(c, PRIO_PROCESS, PRIO_PGRP); }};
constexpr ArgKind kWaitedFor{[](ArgContext& c) { print_process_of_type(c, P_PID, P_PGID); }};

constexpr std::array kPidfdValues{NamedValue{04000, "PIDFD_NONBLOCK"}};
constexpr NameTable kPidfdNames{kPidfdValues, "PIDFD_???"};

constexpr std::array kSeccompValues{
    NAMED(SECCOMP_SET_MODE_STRICT), NAMED(SECCOMP_SET_MODE_FILTER), NAMED(SECCOMP_GET_ACTION_AVAIL),
    NAMED(SECCOMP_GET_NOTIF_SIZES)};
constexpr NameTable kSeccompNames{kSeccompValues, "SECCOMP_SET_MODE_???"};

constexpr CallSpec kCalls[] = {
    // Making, replacing, ending and waiting for processes.
    {"fork", 0, kProcess, {}, result_process<Number::process>},
    {"vfork", 0, kProcess, {}, result_process<Number::process>},
    {"clone", 5, kProcess, {&kCloneStack, &kCloneFlags, &kCloneParent, &kCloneTls, &kCloneChild},
      result_process<Number::thread>},
    {"clone3", 2, kProcess, {&kClone3, &kSize}, result_process<Number::thread>},
    {"execve", 3, kFile | kProcess, {&kPath, &kArgv, &kEnvp}},
    {"execveat", 5, kDesc | kFile | kProcess, {&kDirFd, &kPath, &kArgv, &kEnvp,
      &kFlags<kExecAtNames>}},
    {"exit", 1, kProcess, {&kInt}},
    {"exit_group", 1, kProcess, {&kInt}},
    {"wait4", 4, kProcess, {&kPidOrGroup, &kWaitStatusOut, &kFlags<kWaitNames>, &kWaitUsageOut},
      result_process<Number::process>},
    {"waitpid", 3, kProcess, {&kPidOrGroup, &kWaitStatusOut, &kFlags<kWaitNames>},
      result_process<Number::process>},
    {"waitid", 5, kProcess, {&kChoice<kWaitIdNames>, &kWaitedFor, &kChildSiginfoOut, &kFlags<kWaitNames>,
      &kUsageOut}},
    {"pidfd_open", 2, kDesc, {&kPid, &kFlags<kPidfdNames>}, result_fd},
    {"pidfd_getfd", 3, kDesc, {&kFd, &kInt, &kHex32}, result_fd},
    {"unshare", 1, 0, {&kUnshareFlags}},
    {"setns", 2, kDesc, {&kFd, &kSetnsFlags}},
    {"set_tid_address", 1, 0, {&kHex}},
    {"set_robust_list", 2, 0, {&kPointer, &kSize}},
    {"get_robust_list", 3, 0, {&kTid, &kAddressAtOut, &kWordAtOut}},
    {"rseq", 4, 0, {&kPointer, &kHex32, &kHex, &kHex32}},
    {"arch_prctl", 2, 0, {&kChoice<kArchPrctlNames>, &kArchPrctlValue}, result_arch_prctl},
    {"prctl", 5, kCreds, {&kPrctlOption, &kPrctlValue, &kPrctlValue, &kPrctlValue, &kPrctlValue},
      result_prctl},
    {"ptrace", 4, 0, {&kPtraceRequest, &kPtracePid, &kPtraceAddress, &kPtraceData}},
    {"seccomp", 3, 0, {&kChoice<kSeccompNames>, &kSeccompFlags, &kSeccompValue}},
    {"personality", 1, 0, {&kPersonality}, result_personality},
    // Who am I.
    {"getpid", 0, kPure, {}, result_process<Number::process>},
    {"getppid", 0, kPure, {}, result_process<Number::process>},
    {"gettid", 0, kPure, {}, result_process<Number::thread>},
    {"getpgrp", 0, kPure, {}, result_process<Number::group>},
    {"getpgid", 1, 0, {&kPid}, result_process<Number::group>},
    {"setpgid", 2, 0, {&kPid, &kProcessGroup}},
    {"getsid", 1, 0, {&kPid}, result_process<Number::session>},
    {"setsid", 0, 0, {}, result_process<Number::session>},
    {"getuid", 0, kCreds | kPure, {}, result_unsigned},
    {"geteuid", 0, kCreds | kPure, {}, result_unsigned},
    {"getgid", 0, kCreds | kPure, {}, result_unsigned},
    {"getegid", 0, kCreds | kPure, {}, result_unsigned},
    {"getuid32", 0, kCreds | kPure, {}},
    {"geteuid32", 0, kCreds | kPure, {}},
    {"getgid32", 0, kCreds | kPure, {}},
    {"getegid32", 0, kCreds | kPure, {}},
    {"setuid", 1, kCreds, {&kId}},
    {"setgid", 1, kCreds, {&kId}},
    {"setreuid", 2, kCreds, {&kId, &kId}},
    {"setregid", 2, kCreds, {&kId, &kId}},
    {"setresuid", 3, kCreds, {&kId, &kId, &kId}},
    {"setresgid", 3, kCreds, {&kId, &kId, &kId}},
    {"getresuid", 3, kCreds, {&kIdAtOut, &kIdAtOut, &kIdAtOut}},
    {"getresgid", 3, kCreds, {&kIdAtOut, &kIdAtOut, &kIdAtOut}},
    {"setfsuid", 1, kCreds, {&kId}},
    {"setfsgid", 1, kCreds, {&kId}},
    {"getgroups", 2, kCreds, {&kInt, &kGroupsOut}},
    {"setgroups", 2, kCreds, {&kInt, &kGroups}},
    {"setuid32", 1, kCreds, {&kId}},
    {"setgid32", 1, kCreds, {&kId}},
    {"setreuid32", 2, kCreds, {&kId, &kId}},
    {"setregid32", 2, kCreds, {&kId, &kId}},
    {"setresuid32", 3, kCreds, {&kId, &kId, &kId}},
    {"setresgid32", 3, kCreds, {&kId, &kId, &kId}},
    {"getresuid32", 3, kCreds, {&kIdAtOut, &kIdAtOut, &kIdAtOut}},
    {"getresgid32", 3, kCreds, {&kIdAtOut, &kIdAtOut, &kIdAtOut}},
    {"setfsuid32", 1, kCreds, {&kId}},
    {"setfsgid32", 1, kCreds, {&kId}},
    {"getgroups32", 2, kCreds, {&kInt, &kGroupsOut}},
    {"setgroups32", 2, kCreds, {&kInt, &kGroups}},
    {"capget", 2, kCreds, {&kCapHeader, &kCapDataOut}},
    {"capset", 2, kCreds, {&kCapHeader, &kCapData}},
    // Limits and usage.
    {"getrlimit", 2, 0, {&kChoice<kLimitNames>, &kLimitOut}},
    {"setrlimit", 2, 0, {&kChoice<kLimitNames>, &kLimit}},
    {"prlimit64", 4, 0, {&kPid, &kChoice<kLimitNames>, &kLimit, &kLimitOut}},
    {"ugetrlimit", 2, 0, {&kChoice<kLimitNames>, &kLimitOut}},
    {"getrusage", 2, 0, {&kChoice<kUsageNames>, &kUsageOut}},
    {"sysinfo", 1, 0, {&kSysinfoOut}},
    {"uname", 1, 0, {&kUtsnameOut}},
    {"olduname", 1, 0, {&kPointerOut}},
    {"oldolduname", 1, 0, {&kPointerOut}},
    // Scheduling.
    {"getpriority", 2, 0, {&kChoice<kPriorityNames>, &kWhose}},
    {"setpriority", 3, 0, {&kChoice<kPriorityNames>, &kWhose, &kInt}},
    {"nice", 1, 0, {&kInt}},
    {"sched_yield", 0, 0, {}},
    {"sched_getscheduler", 1, 0, {&kPid}, nullptr, comment_policy},
    {"sched_setscheduler", 3, 0, {&kPid, &kSchedulerChoice, &kSchedParam}},
    {"sched_getparam", 2, 0, {&kPid, &kSchedParamOut}},
    {"sched_setparam", 2, 0, {&kPid, &kSchedParam}},
    {"sched_get_priority_max", 1, 0, {&kSchedulerChoice}},
    {"sched_get_priority_min", 1, 0, {&kSchedulerChoice}},
    {"sched_rr_get_interval", 2, 0, {&kPid, &kTimespecAtOut}},
    {"sched_rr_get_interval_time64", 2, 0, {&kPid, &kTimespecAtOut}},
    {"sched_getaffinity", 3, 0, {&kPid, &kUnsigned, &kAffinityOut}},
    {"sched_setaffinity", 3, 0, {&kPid, &kUnsigned, &kAffinity}},
    {"sched_getattr", 4, 0, {&kPid, &kSchedAttrOut, &kUnsigned, &kUnsigned}},
    {"sched_setattr", 3, 0, {&kPid, &kSchedAttr, &kUnsigned}},
};

}  // namespace

std::span<const CallSpec> process_calls() { return kCalls; }

}  // namespace vdsotrace
