// System V IPC, message queues, keys and the rest; expected lines are strace 6.1's.
#include <array>

#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kArg = 0x7f0000001000;
constexpr std::uint64_t kName = 0x7f0000002000;

TEST_CASE("shared memory", "[ipc]") {
  CHECK(line_of("shmget", {0, 4096, IPC_CREAT | 0600}, 5) == "shmget(IPC_PRIVATE, 4096, IPC_CREAT|0600) = 5");
  CHECK(line_of("shmget", {0x1234, 4096, 0}, -2) ==
        "shmget(0x1234, 4096, 000) = -1 ENOENT (No such file or directory)");
  CHECK(line_of("shmget", {0, 4096, IPC_CREAT | 0x800 | (21u << 26) | 0644}, 5) ==
        "shmget(IPC_PRIVATE, 4096, IPC_CREAT|SHM_HUGETLB|21<<SHM_HUGE_SHIFT|0644) = 5");
  CHECK(line_of("shmat", {5, 0, SHM_RDONLY}, 0x7f0000001000) == "shmat(5, NULL, SHM_RDONLY) = 0x7f0000001000");
}

TEST_CASE("the value of a control call is what its command says", "[ipc]") {
  shmid_ds segment{};
  segment.shm_perm.mode = 0600;
  segment.shm_segsz = 4096;
  segment.shm_nattch = 2;
  DecodedCall stat("shmctl", {5, IPC_STAT, kArg});
  CHECK(args_of(stat.enter().beginning()) == std::vector<std::string>{"5", "IPC_STAT"});
  CHECK(stat.put(kArg, segment).leave(0).line() ==
        "shmctl(5, IPC_STAT, {shm_perm={uid=0, gid=0, mode=0600, key=0, cuid=0, cgid=0}, "
        "shm_segsz=4096, shm_cpid=0, shm_lpid=0, shm_nattch=2, shm_atime=0, shm_dtime=0, "
        "shm_ctime=0}) = 0");
  CHECK(DecodedCall("shmctl", {5, IPC_SET, kArg}).put(kArg, segment).leave(0).line() ==
        "shmctl(5, IPC_SET, {shm_perm={uid=0, gid=0, mode=0600}}) = 0");
  CHECK(line_of("shmctl", {5, IPC_RMID, 0}) == "shmctl(5, IPC_RMID, NULL) = 0");
  CHECK(line_of("semctl", {1, 0, SETVAL | 0x100, 5}) == "semctl(1, 0, IPC_64|SETVAL, 0x5) = 0");
}

TEST_CASE("semaphores and messages", "[ipc]") {
  const std::array<sembuf, 2> operations{{{0, -5, SEM_UNDO}, {1, 0, IPC_NOWAIT}}};
  CHECK(DecodedCall("semop", {1, kArg, 2}).put(kArg, operations).leave(0).line() ==
        "semop(1, [{sem_num=0, sem_op=-5, sem_flg=SEM_UNDO}, {sem_num=1, sem_op=0, "
        "sem_flg=IPC_NOWAIT}], 2) = 0");
  struct Message {
    std::int64_t type;
    std::array<char, 6> text;
  };
  const Message message{1, {'h', 'e', 'l', 'l', 'o', 1}};
  CHECK(DecodedCall("msgsnd", {0, kArg, 6, IPC_NOWAIT}).put(kArg, message).leave(0).line() ==
        "msgsnd(0, {mtype=1, mtext=\"hello\\1\"}, 6, IPC_NOWAIT) = 0");
}

TEST_CASE("a message queue that is made has a mode and attributes", "[ipc]") {
  mq_attr attributes{};
  attributes.mq_flags = O_NONBLOCK;
  attributes.mq_maxmsg = 5;
  attributes.mq_msgsize = 64;
  DecodedCall made("mq_open", {kName, O_RDWR | O_CREAT, 0600, kArg});
  CHECK(made.put(kName, "xx").put(kArg, attributes).leave(3).line() ==
        "mq_open(\"xx\", O_RDWR|O_CREAT, 0600, {mq_flags=0x800, mq_maxmsg=5, mq_msgsize=64, "
        "mq_curmsgs=0}) = 3");
  CHECK(DecodedCall("mq_open", {kName, 0, 0600, kArg}).put(kName, "xx").leave(-2).line() ==
        "mq_open(\"xx\", O_RDONLY) = -1 ENOENT (No such file or directory)");
}

TEST_CASE("keys", "[ipc]") {
  CHECK(line_of("keyctl", {0, 0xfffffffd, 1, 2, 3}, 7) ==
        "keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) = 7");
  CHECK(line_of("keyctl", {18, 1, 2, 3, 4}) == "keyctl(KEYCTL_SESSION_TO_PARENT) = 0");
  CHECK(line_of("keyctl", {99, 1, 2, 3, 4}, -95) ==
        "keyctl(0x63 /* KEYCTL_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EOPNOTSUPP (Operation not supported)");
}

TEST_CASE("calls about the machine", "[ipc]") {
  CHECK(line_of("reboot", {0xfee1dead, 672274793, 0x1234567, 9}, -1) ==
        "reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART) = "
        "-1 EPERM (Operation not permitted)");
  CHECK(line_of("syslog", {10, kArg, 5}, 64) == "syslog(10 /* SYSLOG_ACTION_SIZE_BUFFER */) = 64");
  CHECK(DecodedCall("syslog", {3, kArg, 50}).put(kArg, "<5>x").leave(4).line() ==
        "syslog(3 /* SYSLOG_ACTION_READ_ALL */, \"<5>x\", 50) = 4");
  CHECK(line_of("ioprio_set", {1, 5, (2u << 13) | 4}) ==
        "ioprio_set(IOPRIO_WHO_PROCESS, 5, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)) = 0");
  CHECK(line_of("kcmp", {1, 2, 1, 3, 4}) == "kcmp(1, 2, KCMP_VM) = 0");
}

TEST_CASE("a queue's flags have names where they count", "[ipc]") {
  DecodedCall call("mq_getsetattr", {3, kArg, 0});
  mq_attr attributes{};
  attributes.mq_flags = O_NONBLOCK;
  CHECK(call.put(kArg, attributes).leave(0).line() ==
        "mq_getsetattr(3, {mq_flags=O_NONBLOCK, mq_maxmsg=0, mq_msgsize=0, mq_curmsgs=0}, NULL) = 0");
}

}  // namespace
}  // namespace vdsotrace::testing
