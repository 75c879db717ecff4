// System calls that fill in structures which 32-bit programs have in other forms than 64-bit ones.
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "target.h"

/// A file descriptor and two buffers from one end to the other, then two messages at once.
static void send_messages(void) {
  int ends[2];
  CHECK(syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  struct iovec parts[] = {{"one", 3}, {"three", 5}};
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {
      .header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  memcpy(CMSG_DATA(&control.header), &ends[0], sizeof(int));
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
  CHECK(syscall(SYS_sendmsg, ends[0], &message, 0) == 8);
  char first[4], rest[8];
  struct iovec places[] = {{first, sizeof first}, {rest, sizeof rest}};
  message.msg_iov = places;
  CHECK(syscall(SYS_recvmsg, ends[1], &message, 0) == 8);
  CHECK(syscall(SYS_recvmsg, ends[1], &message, MSG_DONTWAIT) == -1);
  struct mmsghdr both[2] = {{{.msg_iov = parts, .msg_iovlen = 1}, 0}, {{.msg_iov = parts + 1, .msg_iovlen = 1}, 0}};
  CHECK(sendmmsg(ends[0], both, 2, 0) == 2);
  both[0].msg_hdr.msg_iov = places;
  both[1].msg_hdr.msg_iov = places + 1;
  CHECK(recvmmsg(ends[1], both, 2, 0, NULL) == 2);
}

int main(void) {
  send_messages();
  long room[64];
  CHECK(syscall(SYS_getrusage, RUSAGE_SELF + 1000, room) == -1);
  CHECK(syscall(SYS_getrusage, RUSAGE_CHILDREN, room) == 0);
  CHECK(syscall(SYS_wait4, -1, NULL, 0, room) == -1 && errno == ECHILD);
  CHECK(syscall(SYS_stat, "/dev/null", room) == 0);
  CHECK(syscall(SYS_lstat, "/proc/self", room) == 0);
  CHECK(syscall(SYS_fstat, 1000, room) == -1);
#ifdef __i386__
  CHECK(syscall(SYS_stat64, "/dev/null", room) == 0);
  CHECK(syscall(SYS_fstatat64, -100, "/", room, 0) == 0);
  CHECK(syscall(SYS_setgroups32, 2, (unsigned[]){70000, 5}) == 0 || errno == EPERM);
  CHECK(syscall(SYS_getgroups32, 64, room) >= 0);
#endif
  CHECK(syscall(SYS_getgroups, 64, room) >= 0);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = SIGURG;  // ignored by default
  info.si_code = SI_QUEUE;
  info.si_pid = 7;
  info.si_uid = 9;
  info.si_value.sival_int = 11;
  CHECK(syscall(SYS_rt_sigqueueinfo, -1, SIGURG, &info) == -1);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) _exit(3);
  CHECK(syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOWAIT, room) == 0);
  CHECK(syscall(SYS_wait4, -1, NULL, 0, room) == child);
  return 0;
}
