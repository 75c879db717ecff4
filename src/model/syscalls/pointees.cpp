#include "model/syscalls/pointees.hpp"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

using Extent = Pointee::Extent;
using Part = Pointee::Part;

constexpr std::uint32_t kVector = 16;  // struct iovec

constexpr Pointee path(std::uint8_t argument) { return {argument, Pointee::When::entry, Extent::path, PATH_MAX}; }
constexpr Pointee text(std::uint8_t argument) { return {argument, Pointee::When::entry, Extent::string}; }
constexpr Pointee in(std::uint8_t argument, std::uint32_t size) {
  return {argument, Pointee::When::entry, Extent::fixed, size};
}
constexpr Pointee out(std::uint8_t argument, std::uint32_t size) {
  return {argument, Pointee::When::success, Extent::fixed, size};
}
/// Filled by a call that was interrupted.
constexpr Pointee left(std::uint8_t argument, std::uint32_t size) {
  return {argument, Pointee::When::exit, Extent::fixed, size};
}
constexpr Pointee sized(std::uint8_t argument, std::uint8_t of, Pointee::When when = Pointee::When::entry) {
  return {argument, when, Extent::counted, 1, of};
}
constexpr Pointee buffer(std::uint8_t argument, std::uint8_t of) {
  return {argument, Pointee::When::entry, Extent::counted, 1, of, false, Part::shown};
}
constexpr Pointee filled(std::uint8_t argument, std::uint8_t of, std::uint32_t unit = 1) {
  return {argument, Pointee::When::success, Extent::resulted, unit, of, unit != 1, Part::shown};
}
constexpr Pointee sent(std::uint8_t argument, std::uint8_t of) {
  return {argument, Pointee::When::entry, Extent::counted, 1, of, false, Part::data};
}
constexpr Pointee received(std::uint8_t argument, std::uint8_t of) {
  return {argument, Pointee::When::success, Extent::resulted, 1, of, false, Part::data};
}
constexpr Pointee vectors(std::uint8_t argument, std::uint8_t of, Pointee::When when = Pointee::When::entry) {
  return {argument, when, Extent::vectors, kVector, of, false, Part::shown};
}
constexpr Pointee vector_array(std::uint8_t argument, std::uint8_t of) {
  return {argument, Pointee::When::entry, Extent::counted, kVector, of, false, Part::shown};
}
constexpr Pointee within(Pointee pointee) {
  pointee.within = true;
  return pointee;
}
constexpr Pointee structure(std::uint8_t argument, std::uint32_t size, Pointee::When when = Pointee::When::entry) {
  return {argument, when, Extent::structure, size};
}
/// Words of struct msghdr: where a name is, its length, vectors, their number, control messages, their length.
constexpr Pointee name_in_message(Pointee::When when) {
  return within({0, when, Extent::counted, 1, 1, true, Part::address});
}
constexpr Pointee descriptors(std::uint8_t argument, Pointee::When when) {
  return {argument, when, Extent::bits, 0, 0, true};
}

constexpr PointeeChoice among(std::uint8_t argument, std::uint32_t mask, std::initializer_list<std::uint32_t> values) {
  PointeeChoice choice{argument, mask};
  for (const std::uint32_t value : values) choice.values[choice.count++] = value;
  return choice;
}
struct SocketOption {
  std::uint32_t level;
  std::uint32_t option;
};
constexpr PointeeChoice all_options_but(std::initializer_list<SocketOption> options) {
  PointeeChoice choice{1, UINT32_MAX, 2, true};
  for (const SocketOption& one : options) choice.values[choice.count++] = std::uint64_t{one.option} << 32 | one.level;
  return choice;
}

// Sizes of what the kernel and a 64-bit program exchange (asm/stat.h, asm/termbits.h, asm-generic/statfs.h and so on).
constexpr std::uint32_t kIntSize = 4;
constexpr std::uint32_t kPair = 8;
constexpr std::uint32_t kWordSize = 8;
constexpr std::uint32_t kTime = 16;          // struct timespec, struct timeval
constexpr std::uint32_t kTimer = 32;         // struct itimerspec, struct itimerval
constexpr std::uint32_t kStat = 144;         // struct stat
constexpr std::uint32_t kStatx = 256;        // struct statx
constexpr std::uint32_t kStatfs = 120;       // struct statfs
constexpr std::uint32_t kAction = 32;        // struct sigaction of the kernel's
constexpr std::uint32_t kStack = 24;         // stack_t
constexpr std::uint32_t kLock = 32;          // struct flock
constexpr std::uint32_t kCapabilities = 24;  // struct __user_cap_data_struct, twice
constexpr std::uint32_t kNameShown = 15;     // of a thread's name
constexpr std::uint32_t kLimit = 16;         // struct rlimit64
constexpr std::uint32_t kUsage = 144;        // struct rusage
constexpr std::uint32_t kTermios = 36;       // struct termios of the kernel's
constexpr std::uint32_t kWindow = 8;         // struct winsize
constexpr std::uint32_t kEvent = 12;         // struct epoll_event, packed
constexpr std::uint32_t kPollfd = 8;         // struct pollfd
constexpr std::uint32_t kNames = 390;        // struct utsname
constexpr std::uint32_t kSystem = 112;       // struct sysinfo
constexpr std::uint32_t kTms = 32;           // struct tms
constexpr std::uint32_t kAddress = 128;      // struct sockaddr_storage
constexpr std::uint32_t kMessage = 56;       // struct msghdr
constexpr std::uint32_t kMaskAndSize = 16;

using W = Pointee::When;
using E = Extent;
// The rows of tables stand in columns.
// clang-format off
constexpr PointeePlan kPlans[] = {
    // Nothing but numbers.
    {"alarm"}, {"brk"}, {"close"}, {"close_range"}, {"dup"}, {"dup2"}, {"dup3"}, {"epoll_create"}, {"epoll_create1"},
    {"eventfd"}, {"eventfd2"}, {"fadvise64"}, {"fallocate"}, {"fchdir"}, {"fchmod"}, {"fchown"}, {"fdatasync"},
    {"flock"}, {"fsync"}, {"ftruncate"}, {"getegid"}, {"geteuid"}, {"getgid"}, {"getpgid"}, {"getpgrp"}, {"getpid"},
    {"getppid"}, {"getpriority"}, {"getsid"}, {"gettid"}, {"getuid"}, {"inotify_init"}, {"inotify_init1"},
    {"inotify_rm_watch"}, {"kill"}, {"listen"}, {"lseek"}, {"madvise"}, {"mlock"}, {"mlockall"}, {"mmap"},
    {"mprotect"}, {"mremap"}, {"msync"}, {"munlock"}, {"munlockall"}, {"munmap"}, {"pidfd_open"}, {"pkey_mprotect"},
    {"readahead"}, {"rseq"}, {"sched_get_priority_max"}, {"sched_get_priority_min"}, {"sched_getscheduler"},
    {"sched_yield"}, {"set_robust_list"}, {"set_tid_address"}, {"setpgid"}, {"setpriority"}, {"setsid"},
    {"shutdown"}, {"socket"}, {"sync"}, {"sync_file_range"}, {"syncfs"}, {"tee"}, {"tgkill"}, {"timer_delete"},
    {"timer_getoverrun"}, {"timerfd_create"}, {"tkill"}, {"umask"}, {"setuid"}, {"setgid"}, {"setreuid"}, {"setregid"},
    {"setresuid"}, {"setresgid"}, {"setfsuid"}, {"setfsgid"}, {"pkey_alloc"}, {"pkey_free"}, {"shmget"}, {"shmat"},
    {"shmdt"}, {"semget"}, {"msgget"}, {"membarrier"},
    // Files.
    {"open", {path(0)}}, {"openat", {path(1)}}, {"creat", {path(0)}},
    {"access", {path(0)}}, {"faccessat", {path(1)}}, {"faccessat2", {path(1)}},
    {"stat", {path(0), out(1, kStat)}}, {"lstat", {path(0), out(1, kStat)}}, {"fstat", {out(1, kStat)}},
    {"newfstatat", {path(1), out(2, kStat)}}, {"statx", {path(1), out(4, kStatx)}},
    {"statfs", {path(0), out(1, kStatfs)}}, {"fstatfs", {out(1, kStatfs)}},
    {"read", {filled(1, 2)}}, {"write", {buffer(1, 2)}}, {"pread64", {filled(1, 2)}}, {"pwrite64", {buffer(1, 2)}},
    {"readv", {vectors(1, 2, W::exit)}}, {"preadv", {vectors(1, 2, W::exit)}}, {"preadv2", {vectors(1, 2, W::exit)}},
    {"writev", {vectors(1, 2)}}, {"pwritev", {vectors(1, 2)}}, {"pwritev2", {vectors(1, 2)}},
    {"vmsplice", {vectors(1, 2)}},
    {"process_vm_readv", {vector_array(3, 4), vectors(1, 2, W::exit)}},
    {"process_vm_writev", {vectors(1, 2), vector_array(3, 4)}},
    {"getdents", {Pointee{1, W::success, E::resulted, 1, 2, true}}},
    {"getdents64", {Pointee{1, W::success, E::resulted, 1, 2, true}}},
    {"readlink", {path(0), filled(1, 2)}}, {"readlinkat", {path(1), filled(2, 3)}},
    {"getcwd", {Pointee{0, W::success, E::path, PATH_MAX}}},
    {"chdir", {path(0)}}, {"chroot", {path(0)}}, {"mkdir", {path(0)}}, {"mkdirat", {path(1)}}, {"rmdir", {path(0)}},
    {"unlink", {path(0)}}, {"unlinkat", {path(1)}}, {"rename", {path(0), path(1)}},
    {"renameat", {path(1), path(3)}}, {"renameat2", {path(1), path(3)}},
    {"link", {path(0), path(1)}}, {"linkat", {path(1), path(3)}},
    {"symlink", {path(0), path(1)}}, {"symlinkat", {path(0), path(2)}},
    {"chmod", {path(0)}}, {"fchmodat", {path(1)}}, {"chown", {path(0)}}, {"lchown", {path(0)}}, {"fchownat", {path(1)}},
    {"truncate", {path(0)}}, {"utimensat", {path(1), in(2, 2 * kTime)}},
    {"mknod", {path(0)}}, {"mknodat", {path(1)}}, {"memfd_create", {text(0)}},
    {"pipe", {out(0, kPair)}}, {"pipe2", {out(0, kPair)}}, {"inotify_add_watch", {path(1)}},
    {"setxattr", {path(0), text(1), buffer(2, 3)}}, {"lsetxattr", {path(0), text(1), buffer(2, 3)}},
    {"fsetxattr", {text(1), buffer(2, 3)}},
    {"getxattr", {path(0), text(1), filled(2, 3)}}, {"lgetxattr", {path(0), text(1), filled(2, 3)}},
    {"fgetxattr", {text(1), filled(2, 3)}},
    {"listxattr", {path(0), filled(1, 2)}}, {"llistxattr", {path(0), filled(1, 2)}}, {"flistxattr", {filled(1, 2)}},
    {"removexattr", {path(0), text(1)}}, {"lremovexattr", {path(0), text(1)}}, {"fremovexattr", {text(1)}},
    {"sendfile", {in(2, kWordSize), out(2, kWordSize)}},
    {"copy_file_range", {in(1, kWordSize), in(3, kWordSize)}},
    {"splice", {in(1, kWordSize), in(3, kWordSize)}},
    {"fcntl", {}, among(1, UINT32_MAX,
      {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_SETPIPE_SZ})},
    {"fcntl", {in(2, kLock)}, among(1, UINT32_MAX, {F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW})},
    {"fcntl", {out(2, kLock)}, among(1, UINT32_MAX, {F_GETLK, F_OFD_GETLK})},
    {"fcntl", {}, among(1, UINT32_MAX, {F_ADD_SEALS, F_GET_SEALS})},
    {"ioctl", {}, among(1, UINT32_MAX, {FIOCLEX, FIONCLEX, FICLONE})},
    {"ioctl", {out(2, kTermios)}, among(1, UINT32_MAX, {TCGETS})},
    {"ioctl", {in(2, kTermios)}, among(1, UINT32_MAX, {TCSETS, TCSETSW, TCSETSF})},
    {"ioctl", {out(2, kWindow)}, among(1, UINT32_MAX, {TIOCGWINSZ})},
    {"ioctl", {in(2, kWindow)}, among(1, UINT32_MAX, {TIOCSWINSZ})},
    {"ioctl", {out(2, kIntSize)}, among(1, UINT32_MAX, {FIONREAD, TIOCGPGRP})},
    {"ioctl", {in(2, kIntSize)}, among(1, UINT32_MAX, {FIONBIO, TIOCSPGRP})},
    // Waiting.
    {"poll", {Pointee{0, W::entry, E::counted, kPollfd, 1, true},
      Pointee{0, W::success, E::counted, kPollfd, 1, true}}},
    {"ppoll", {Pointee{0, W::entry, E::counted, kPollfd, 1, true}, in(2, kTime), sized(3, 4),
      Pointee{0, W::success, E::counted, kPollfd, 1, true}, out(2, kTime)}},
    {"select", {descriptors(1, W::entry), descriptors(2, W::entry), descriptors(3, W::entry), in(4, kTime),
      descriptors(1, W::success), descriptors(2, W::success), descriptors(3, W::success), out(4, kTime)}},
    {"pselect6", {descriptors(1, W::entry), descriptors(2, W::entry), descriptors(3, W::entry), in(4, kTime),
      structure(5, kMaskAndSize), within(sized(0, 1)),
      descriptors(1, W::success), descriptors(2, W::success), descriptors(3, W::success), out(4, kTime)}},
    {"epoll_ctl", {in(3, kEvent)}}, {"epoll_wait", {filled(1, 2, kEvent)}},
    {"epoll_pwait", {filled(1, 2, kEvent), sized(4, 5, W::success)}},
    {"futex", {in(3, kTime)}, among(1, 127,
      {FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_WAIT_REQUEUE_PI})},
    {"futex", {}, among(1, 127, {FUTEX_WAKE, FUTEX_WAKE_BITSET, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_REQUEUE,
      FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP})},
    // Time.
    {"clock_gettime", {out(1, kTime)}}, {"clock_getres", {out(1, kTime)}},
    {"gettimeofday", {out(0, kTime), out(1, kPair)}},
    {"time", {out(0, kWordSize)}}, {"times", {out(0, kTms)}}, {"getcpu", {out(0, kIntSize), out(1, kIntSize)}},
    {"nanosleep", {in(0, kTime), left(1, kTime)}}, {"clock_nanosleep", {in(2, kTime), left(3, kTime)}},
    {"getrandom", {filled(0, 1)}},
    {"setitimer", {in(1, kTimer), out(2, kTimer)}}, {"getitimer", {out(1, kTimer)}},
    {"timer_settime", {in(2, kTimer), out(3, kTimer)}}, {"timer_gettime", {out(1, kTimer)}},
    {"timerfd_settime", {in(2, kTimer), out(3, kTimer)}}, {"timerfd_gettime", {out(1, kTimer)}},
    // Signals.
    {"rt_sigaction", {in(1, kAction), out(2, kAction)}},
    {"rt_sigprocmask", {sized(1, 3), sized(2, 3, W::success)}}, {"rt_sigpending", {sized(0, 1, W::success)}},
    {"rt_sigsuspend", {sized(0, 1)}}, {"sigaltstack", {in(0, kStack), out(1, kStack)}},
    {"signalfd4", {sized(1, 2)}},
    // Sockets.
    {"bind", {Pointee{1, W::entry, E::counted, 1, 2, true}}},
    {"connect", {Pointee{1, W::entry, E::counted, 1, 2, true}}},
    {"accept", {in(2, kIntSize), out(2, kIntSize), Pointee{1, W::success, E::sized_at, kAddress, 2}}},
    {"accept4", {in(2, kIntSize), out(2, kIntSize), Pointee{1, W::success, E::sized_at, kAddress, 2}}},
    {"getsockname", {in(2, kIntSize), out(2, kIntSize), Pointee{1, W::success, E::sized_at, kAddress, 2}}},
    {"getpeername", {in(2, kIntSize), out(2, kIntSize), Pointee{1, W::success, E::sized_at, kAddress, 2}}},
    {"socketpair", {out(3, kPair)}},
    {"setsockopt", {Pointee{3, W::entry, E::counted, 1, 4, true}},
      all_options_but({{SOL_SOCKET, SO_ATTACH_FILTER}, {SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF}})},
    {"getsockopt", {in(4, kIntSize), out(4, kIntSize), Pointee{3, W::success, E::sized_at, 0, 4}},
      all_options_but({{SOL_SOCKET, SO_GET_FILTER}})},
    {"sendto", {sent(1, 2), Pointee{4, W::entry, E::counted, 1, 5, true}}},
    {"recvfrom", {received(1, 2), in(5, kIntSize), out(5, kIntSize), Pointee{4, W::success, E::sized_at, kAddress, 5}}},
    {"sendmsg", {structure(1, kMessage), name_in_message(W::entry), within(vectors(2, 3)), within(sized(4, 5))}},
    {"recvmsg", {structure(1, kMessage), structure(1, kMessage, W::success), name_in_message(W::success),
      within(vectors(2, 3, W::success)), within(sized(4, 5, W::success))}},
    // Processes.
    {"wait4", {out(1, kIntSize), out(3, kUsage)}},
    {"getrlimit", {out(1, kLimit)}}, {"setrlimit", {in(1, kLimit)}}, {"prlimit64", {in(2, kLimit), out(3, kLimit)}},
    {"getrusage", {out(1, kUsage)}}, {"sysinfo", {out(0, kSystem)}}, {"uname", {out(0, kNames)}},
    {"capget", {in(0, kPair), out(1, kCapabilities)}}, {"capset", {in(0, kPair), in(1, kCapabilities)}},
    {"getgroups", {filled(1, 0, kIntSize)}}, {"setgroups", {Pointee{1, W::entry, E::counted, kIntSize, 0, true}}},
    {"prctl", {Pointee{1, W::entry, E::path, kNameShown}}, among(0, UINT32_MAX, {PR_SET_NAME})},
    {"prctl", {text(4)}, among(0, UINT32_MAX, {PR_SET_VMA})},
    {"prctl", {}, among(0, UINT32_MAX,
      {PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_CAPBSET_READ, PR_GET_KEEPCAPS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK,
        PR_GET_NO_NEW_PRIVS, PR_SET_THP_DISABLE})},
    {"getresuid", {out(0, kIntSize), out(1, kIntSize), out(2, kIntSize)}},
    {"getresgid", {out(0, kIntSize), out(1, kIntSize), out(2, kIntSize)}},
    {"sched_getaffinity", {Pointee{2, W::success, E::resulted, 1, 1, true}}},
    {"sched_setaffinity", {Pointee{2, W::entry, E::counted, 1, 1, true}}},
};
// clang-format on

bool is_chosen(const PointeePlan& plan, const std::array<std::uint64_t, 6>& args) {
  const auto& choice = plan.choice;
  if (choice.mask == 0) return true;
  const std::uint64_t value = static_cast<std::uint32_t>(args[choice.argument]) & choice.mask;
  const std::uint64_t further = choice.further != 0 ? args[choice.further] << 32 : 0;
  const auto values = std::span(choice.values).first(choice.count);
  return (std::ranges::find(values, value | further) == values.end()) == choice.is_for_others;
}

/// The plans of each number, as many as have one; the table's rows of one name stand together.
const std::vector<std::span<const PointeePlan>>& plans_by_number() {
  static const auto kByNumber = [] {
    std::vector<std::span<const PointeePlan>> found(kCallNumbers);
    for (const PointeePlan& plan : kPlans) {
      const std::int64_t number = number_of(Abi::x86_64, plan.name);
      if (number < 0 || static_cast<std::size_t>(number) >= found.size()) continue;
      auto& rows = found[static_cast<std::size_t>(number)];
      rows = rows.empty() ? std::span(&plan, 1) : std::span(rows.data(), rows.size() + 1);
    }
    return found;
  }();
  return kByNumber;
}

std::uint64_t most_shown(const DecodeLimits& limits) {
  constexpr std::uint64_t kMostShown = 1 << 20;
  return std::min<std::uint64_t>(limits.string, kMostShown);
}

/// Of `count` elements, those that are wanted.
std::uint64_t shown(const Pointee& pointee, std::uint64_t count, const DecodeLimits& limits) {
  return std::min(count, most_elements(pointee, limits).value_or(count));
}

std::uint64_t size_of(const Pointee& pointee, const Call& call, const DecodeLimits& limits, Memory& memory) {
  const std::uint64_t said = pointee.narrow ? static_cast<std::uint32_t>(call.args[pointee.of]) : call.args[pointee.of];
  switch (pointee.extent) {
    case Extent::none: break;
    case Extent::structure:
    case Extent::fixed: return pointee.unit;
    case Extent::path:
    case Extent::string: return shown(pointee, UINT64_MAX, limits);
    case Extent::vectors:
    case Extent::counted: {
      const std::uint64_t count = shown(pointee, said, limits);
      return count > UINT64_MAX / pointee.unit ? 0 : count * pointee.unit;
    }
    case Extent::resulted: {
      const std::uint64_t result = call.result < 0 ? 0 : static_cast<std::uint64_t>(call.result);
      const std::uint64_t count = shown(pointee, std::min(result, said), limits);
      return count > UINT64_MAX / pointee.unit ? 0 : count * pointee.unit;
    }
    case Extent::bits: {
      constexpr std::uint64_t kMostFds = 64 * 1024;
      return (std::min(said, kMostFds) + 63) / 64 * kWordSize;
    }
    case Extent::sized_at: {
      const auto size = call.args[pointee.of] != 0 ? memory.object<std::int32_t>(call.args[pointee.of]) : std::nullopt;
      const std::uint64_t bytes = !size || *size < 0 ? 0 : static_cast<std::uint64_t>(*size);
      return pointee.unit == 0 ? bytes : std::min<std::uint64_t>(bytes, pointee.unit);
    }
  }
  return 0;
}

}  // namespace

std::span<const PointeePlan> pointee_plans(std::int64_t number) {
  const auto& known = plans_by_number();
  if (number < 0 || static_cast<std::size_t>(number) >= known.size()) return {};
  return known[static_cast<std::size_t>(number)];
}

const PointeePlan* pointee_plan(std::int64_t number, const std::array<std::uint64_t, 6>& args) {
  for (const PointeePlan& plan : pointee_plans(number)) {
    if (is_chosen(plan, args)) return &plan;
  }
  return nullptr;
}

std::uint64_t most_bytes_of_vector(const DecodeLimits& limits) { return most_shown(limits) + 1; }

std::vector<PointeeBytes> vectors_in(std::span<const std::byte> copied) {
  std::vector<PointeeBytes> vectors(copied.size() / kVector);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    std::memcpy(&vectors[i].address, &copied[i * kVector], kWordSize);
    std::memcpy(&vectors[i].size, &copied[i * kVector + kWordSize], kWordSize);
  }
  return vectors;
}

std::optional<Call> call_within(const Call& call, const Pointee& structure, std::span<const std::byte> copied) {
  if (copied.size() < structure.unit) return std::nullopt;
  Call inner;
  inner.result = call.result;
  inner.error = call.error;
  std::memcpy(inner.args.data(), copied.data(), std::min<std::size_t>(structure.unit, sizeof inner.args));
  return inner;
}

/// How many bytes or elements `-s` lets through, and the one whose presence says that there are more.
std::optional<std::uint64_t> most_elements(const Pointee& pointee, const DecodeLimits& limits) {
  const std::uint64_t most = most_shown(limits);
  if (pointee.extent == Extent::path) return pointee.unit;
  if (pointee.extent == Extent::string) return most + 1;
  if (pointee.part == Part::all || pointee.part == Part::address || (pointee.unit != 1 && limits.sets != nullptr))
    return std::nullopt;
  return most + 1;
}

PointeeBytes bytes_of(const Pointee& pointee, const Call& call, const DecodeLimits& limits, Memory& memory) {
  const std::uint64_t address = call.args[pointee.argument];
  if (address == 0 || (pointee.when == Pointee::When::success && call.error != 0)) return {};
  const bool to_nul = pointee.extent == Extent::path || pointee.extent == Extent::string;
  return {address, size_of(pointee, call, limits, memory), to_nul};
}

std::span<const PointeePlan> all_pointee_plans() { return kPlans; }

}  // namespace vdsotrace
