#include "model/syscalls/ipc/kinds.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "model/syscalls/kinds_common.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr NamedValue kShmctlNames[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {11, "SHM_LOCK"},
    {12, "SHM_UNLOCK"}, {13, "SHM_STAT"}, {14, "SHM_INFO"}, {15, "SHM_STAT_ANY"}};
constexpr NameTable kShmctl{kShmctlNames, "SHM_???"};

constexpr NamedValue kSemctlNames[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {11, "GETPID"},
    {12, "GETVAL"}, {13, "GETALL"}, {14, "GETNCNT"}, {15, "GETZCNT"}, {16, "SETVAL"},
    {17, "SETALL"}, {18, "SEM_STAT"}, {19, "SEM_INFO"}, {20, "SEM_STAT_ANY"}};
constexpr NameTable kSemctl{kSemctlNames, "SEM_???"};

constexpr NamedValue kMsgctlNames[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {11, "MSG_STAT"},
    {12, "MSG_INFO"}, {13, "MSG_STAT_ANY"}};
constexpr NameTable kMsgctl{kMsgctlNames, "MSG_???"};

constexpr NamedValue kGetFlags[] = {
    {IPC_CREAT, "IPC_CREAT"}, {IPC_EXCL, "IPC_EXCL"}, {IPC_NOWAIT, "IPC_NOWAIT"}};

constexpr NamedValue kShmGetFlags[] = {{IPC_CREAT, "IPC_CREAT"},
                                       {IPC_EXCL, "IPC_EXCL"},
                                       {0x800, "SHM_HUGETLB"},
                                       {0x1000, "SHM_NORESERVE"}};

constexpr NamedValue kSemopFlags[] = {{SEM_UNDO, "SEM_UNDO"}, {IPC_NOWAIT, "IPC_NOWAIT"}};

constexpr NamedValue kQueueFlags[] = {{O_NONBLOCK, "O_NONBLOCK"}};

constexpr std::uint32_t kModeBits = 0777;
constexpr unsigned kHugeShift = 26;
constexpr std::uint32_t kHugeMask = 0x3f;

/// Callers may set this bit in a command; old kernels distinguished layouts by it.
constexpr std::uint32_t kIpc64 = 0x100;

void print_key(ArgContext& c) {
  if (c.as_uint() == IPC_PRIVATE) {
    print_constant(c, IPC_PRIVATE, "IPC_PRIVATE");
  } else {
    print_hex(c, c.as_uint());
  }
}

void print_get_flags(ArgContext& c, std::uint32_t flags, std::span<const NamedValue> names,
                     std::uint32_t huge) {
  if ((flags & ~kModeBits) != 0) {
    print_flags(c, flags & ~kModeBits, names, "");
    c.put("|");
  }
  if (huge != 0) {
    c.print("{}<<", huge);
    print_constant(c, kHugeShift, "SHM_HUGE_SHIFT", Digits::decimal);
    c.put("|");
  }
  c.print("{:#03o}", flags & kModeBits);
}

void print_shmget_flags(ArgContext& c) {
  const std::uint32_t huge = c.as_uint() >> kHugeShift & kHugeMask;
  print_get_flags(c, c.as_uint() & ~(kHugeMask << kHugeShift), kShmGetFlags, huge);
}

void print_ipcget_flags(ArgContext& c) { print_get_flags(c, c.as_uint(), kGetFlags, 0); }

template <const NameTable& kTable>
void print_command(ArgContext& c) {
  std::uint32_t command = c.as_uint();
  if ((command & kIpc64) != 0) {
    print_constant(c, kIpc64, "IPC_64");
    c.put("|");
    command &= ~kIpc64;
  }
  print_choice(c, command, kTable.values, kTable.unknown);
}

std::uint32_t command_of(const ArgContext& c, unsigned index) {
  return static_cast<std::uint32_t>(c.arg(index)) & ~kIpc64;
}

/// Who owns the object. IPC_SET shows only what it sets.
void print_permissions(ArgContext& c, std::string_view name, const ipc_perm& value, bool whole) {
  c.print("{{{}={{uid={}, gid={}, mode={:#03o}", name, static_cast<std::int32_t>(value.uid),
          static_cast<std::int32_t>(value.gid), value.mode);
  if (whole) {
    c.print(", key={}, cuid={}, cgid={}", value.__key, static_cast<std::int32_t>(value.cuid),
            static_cast<std::int32_t>(value.cgid));
  }
  c.put("}");
}

void print_segment(ArgContext& c, const shmid_ds& value, bool whole) {
  print_permissions(c, "shm_perm", value.shm_perm, whole);
  if (whole) {
    c.print(", shm_segsz={}, shm_cpid=", value.shm_segsz);
    print_process(c, value.shm_cpid, ProcessKind::process);
    c.put(", shm_lpid=");
    print_process(c, value.shm_lpid, ProcessKind::process);
    c.print(", shm_nattch={}, shm_atime={}", value.shm_nattch, value.shm_atime);
    c.print(", shm_dtime={}, shm_ctime={}", value.shm_dtime, value.shm_ctime);
  }
  c.put("}");
}

void print_semaphores(ArgContext& c, const semid_ds& value, bool whole) {
  print_permissions(c, "sem_perm", value.sem_perm, whole);
  if (whole) {
    c.print(", sem_otime={}, sem_ctime={}, sem_nsems={}", value.sem_otime, value.sem_ctime,
            value.sem_nsems);
  }
  c.put("}");
}

void print_queue(ArgContext& c, const msqid_ds& value, bool whole) {
  print_permissions(c, "msg_perm", value.msg_perm, whole);
  if (whole) {
    c.print(", msg_stime={}, msg_rtime={}, msg_ctime={}, msg_qnum={}, msg_qbytes={}",
            value.msg_stime, value.msg_rtime, value.msg_ctime, value.msg_qnum, value.msg_qbytes);
    c.print(", msg_lspid={}, msg_lrpid={}}}", value.msg_lspid, value.msg_lrpid);
  } else {
    c.print(", msg_qbytes={}}}", value.msg_qbytes);
  }
}

void print_shm_limits(ArgContext& c, const shminfo& value) {
  c.print("{{shmmax={}, shmmin={}, shmmni={}, shmseg={}, shmall={}}}", value.shmmax, value.shmmin,
          value.shmmni, value.shmseg, value.shmall);
}

void print_shm_usage(ArgContext& c, const shm_info& value) {
  c.print("{{used_ids={}, shm_tot={}, shm_rss={}, shm_swp={}, swap_attempts={}, swap_successes={}}}",
          value.used_ids, value.shm_tot, value.shm_rss, value.shm_swp, value.swap_attempts,
          value.swap_successes);
}

void print_sem_limits(ArgContext& c, const seminfo& value) {
  c.print("{{semmap={}, semmni={}, semmns={}, semmnu={}, semmsl={}, semopm={}, semume={}",
          value.semmap, value.semmni, value.semmns, value.semmnu, value.semmsl, value.semopm,
          value.semume);
  c.print(", semusz={}, semvmx={}, semaem={}}}", value.semusz, value.semvmx, value.semaem);
}

void print_msg_limits(ArgContext& c, const msginfo& value) {
  c.print("{{msgpool={}, msgmap={}, msgmax={}, msgmnb={}, msgmni={}, msgssz={}, msgtql={}",
          value.msgpool, value.msgmap, value.msgmax, value.msgmnb, value.msgmni, value.msgssz,
          value.msgtql);
  c.print(", msgseg={}}}", value.msgseg);
}

/// Prints a T that the call fills, when it has.
template <class T, class Body>
void print_filled(ArgContext& c, Body&& body) {
  if (!c.wait_for_exit()) print_object_at<T>(c, c.value(), body);
}

void print_shmctl_value(ArgContext& c) {
  switch (command_of(c, 1)) {
    case IPC_SET:
      print_object_at<shmid_ds>(c, c.value(), [&](const auto& v) { print_segment(c, v, false); });
      break;
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
      print_filled<shmid_ds>(c, [&](const auto& v) { print_segment(c, v, true); });
      break;
    case IPC_INFO: print_filled<shminfo>(c, [&](const auto& v) { print_shm_limits(c, v); }); break;
    case SHM_INFO: print_filled<shm_info>(c, [&](const auto& v) { print_shm_usage(c, v); }); break;
    default: print_address(c, c.value()); break;
  }
}

void print_semctl_value(ArgContext& c) {
  switch (command_of(c, 2)) {
    case IPC_SET:
      print_object_at<semid_ds>(c, c.value(), [&](const auto& v) { print_semaphores(c, v, false); });
      break;
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
      print_filled<semid_ds>(c, [&](const auto& v) { print_semaphores(c, v, true); });
      break;
    case IPC_INFO:
    case SEM_INFO: print_filled<seminfo>(c, [&](const auto& v) { print_sem_limits(c, v); }); break;
    default: print_address(c, c.value()); break;
  }
}

void print_msgctl_value(ArgContext& c) {
  switch (command_of(c, 1)) {
    case IPC_SET:
      print_object_at<msqid_ds>(c, c.value(), [&](const auto& v) { print_queue(c, v, false); });
      break;
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
      print_filled<msqid_ds>(c, [&](const auto& v) { print_queue(c, v, true); });
      break;
    case IPC_INFO:
    case MSG_INFO: print_filled<msginfo>(c, [&](const auto& v) { print_msg_limits(c, v); }); break;
    default: print_address(c, c.value()); break;
  }
}

void print_sembufs(ArgContext& c) {
  print_array_at<sembuf>(c, c.value(), static_cast<std::uint32_t>(c.arg(2)),
                         [&](const sembuf& one) {
                           c.print("{{sem_num={}, sem_op={}, sem_flg=", one.sem_num, one.sem_op);
                           print_flags(c, static_cast<std::uint16_t>(one.sem_flg), kSemopFlags,
                                       "SEM_???");
                           c.put("}");
                         });
}

void print_msgbuf(ArgContext& c) {
  print_object_at<std::int64_t>(c, c.value(), [&](std::int64_t type) {
    c.print("{{mtype={}, mtext=", type);
    print_buffer_at(c, c.value() + sizeof type, c.arg(2));
    c.put("}");
  });
}

bool creates_queue(const ArgContext& c) { return (c.arg(1) & O_CREAT) != 0; }

void print_mq_mode(ArgContext& c) {
  if (creates_queue(c)) print_mode_arg(c);
}

/// mq_open takes the flags from its other argument: strace shows those of the structure as a number.
void print_queue_attributes(ArgContext& c, bool named) {
  print_object_at<mq_attr>(c, c.value(), [&](const mq_attr& value) {
    const auto flags = static_cast<std::uint64_t>(value.mq_flags);
    c.put("{mq_flags=");
    if (named) {
      print_flags(c, flags, kQueueFlags, "O_???");
    } else {
      print_hex(c, flags);
    }
    c.print(", mq_maxmsg={}, mq_msgsize={}, mq_curmsgs={}}}", value.mq_maxmsg, value.mq_msgsize,
            value.mq_curmsgs);
  });
}

void print_mq_attr(ArgContext& c) { print_queue_attributes(c, true); }

void print_mq_open_attr(ArgContext& c) {
  if (creates_queue(c)) print_queue_attributes(c, false);
}

}  // namespace

const ArgKind kIpcKey{print_key};
const ArgKind kShmgetFlags{print_shmget_flags};
const ArgKind kIpcgetFlags{print_ipcget_flags};
const ArgKind kShmctlCommand{print_command<kShmctl>};
const ArgKind kSemctlCommand{print_command<kSemctl>};
const ArgKind kMsgctlCommand{print_command<kMsgctl>};
const ArgKind kShmctlValue{print_shmctl_value, When::either};
const ArgKind kSemctlValue{print_semctl_value, When::either};
const ArgKind kMsgctlValue{print_msgctl_value, When::either};
const ArgKind kSembufs{print_sembufs};
const ArgKind kMsgbuf{print_msgbuf};
const ArgKind kMsgbufOut{print_msgbuf, When::exit};
const ArgKind kMqOpenMode{print_mq_mode};
const ArgKind kMqOpenAttr{print_mq_open_attr};
const ArgKind kMqAttr{print_mq_attr};
const ArgKind kMqAttrOut{print_mq_attr, When::exit};

}  // namespace vdsotrace
