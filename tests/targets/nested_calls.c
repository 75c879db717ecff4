// nested_calls vectors|messages|sets|many: system calls whose pointers lead to pointers, some of which lead nowhere.
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "edge.h"
#include "target.h"

enum { kMany = 20000 };

static void fill(int ends[2], const char *text) { CHECK(write(ends[1], text, strlen(text)) == (ssize_t)strlen(text)); }

static void with_vectors(int ends[2], const struct iovec *vectors, unsigned long count) {
  static char rest[4096];
  syscall(SYS_writev, ends[1], vectors, count);
  syscall(SYS_writev, 999, vectors, count);
  syscall(SYS_pwritev, ends[1], vectors, count, 7L, 0L);
  fill(ends, "what is read into all of these vectors");
  syscall(SYS_readv, ends[0], vectors, count);
  syscall(SYS_readv, 999, vectors, count);
  syscall(SYS_preadv2, ends[0], vectors, count, -1L, -1L, 0);
  syscall(SYS_process_vm_readv, getpid(), vectors, count, vectors, count, 0UL);
  syscall(SYS_process_vm_writev, getpid(), vectors, count, vectors, count, 0UL);
  while (read(ends[0], rest, sizeof rest) > 0) continue;
}

static void vectors(void) {
  int ends[2];
  CHECK(pipe2(ends, O_NONBLOCK) == 0);
  static char parts[4][300];
  memset(parts, 'b', sizeof parts);
  static struct iovec many[IOV_MAX + 1];
  for (int i = 0; i <= IOV_MAX; ++i) many[i] = (struct iovec){parts[i % 4] + i % 7, (size_t)(i % 5)};
  const unsigned long counts[] = {0, 1, 2, 31, 32, 33, 34, 63, 64, 65, IOV_MAX, IOV_MAX + 1, INT_MAX, -1UL, 1UL << 60};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) with_vectors(ends, many, counts[i]);
  for (size_t i = 0; i < sizeof wild / sizeof *wild; ++i) {
    with_vectors(ends, (struct iovec *)wild[i], i);
    struct iovec some[] = {{parts[0], 5}, {wild[i], 6}, {parts[1], 7}};
    with_vectors(ends, some, 3);
    some[1].iov_len = 0;
    with_vectors(ends, some, 3);
  }
  struct iovec odd[] = {{parts[0], 300}, {edge - 10, 20}, {edge - 10, 10}, {parts[1], SSIZE_MAX}, {parts[2], -1UL}};
  for (unsigned long i = 1; i <= 5; ++i) with_vectors(ends, odd, i);
  with_vectors(ends, (struct iovec *)(edge - 32), 2);
  const struct iovec plain[] = {{parts[0], 5}, {parts[1], 6}, {parts[2], 7}};
  struct iovec *at_edge = memcpy(edge - 40, plain, 40);
  with_vectors(ends, at_edge, 2);
  with_vectors(ends, at_edge, 3);
}

static void with_message(int sender, int receiver, struct msghdr message) {
  static char into[200], name[40], control[200];
  syscall(SYS_sendmsg, sender, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  for (size_t room = 0; room <= sizeof into; room += 50) {
    struct iovec parts[] = {{into, room / 2}, {into + 100, room - room / 2}};
    struct msghdr answer = {name, (socklen_t)(room / 5), parts, 2, control, room, 7};
    syscall(SYS_sendmsg, sender, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    syscall(SYS_recvmsg, receiver, &answer, MSG_DONTWAIT | (room % 100 ? MSG_TRUNC : MSG_PEEK));
    memset(into, 0, sizeof into);
  }
  syscall(SYS_recvmsg, receiver, &message, MSG_DONTWAIT);
}

/// Sent by and to sockets of pairs, and of netlink.
static void messages(void) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
  const int route = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct sockaddr_un name = {AF_UNIX, "nobody"};
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  static struct iovec parts[5000];
  parts[0] = (struct iovec){"hello", 5}, parts[1] = (struct iovec){edge - 60, 60};
  const struct msghdr plain = {NULL, 0, parts, 2, NULL, 0, 0};
  with_message(pair[0], pair[1], plain);
  for (size_t i = 0; i < sizeof wild / sizeof *wild; ++i) {
    struct msghdr bad = plain;
    bad.msg_name = wild[i], bad.msg_namelen = 10;
    with_message(pair[0], pair[1], bad);
    bad = plain, bad.msg_iov = (struct iovec *)wild[i];
    with_message(pair[0], pair[1], bad);
    bad = plain, bad.msg_control = wild[i], bad.msg_controllen = 30;
    with_message(pair[0], pair[1], bad);
    syscall(SYS_sendmsg, pair[0], wild[i], 0);
    syscall(SYS_recvmsg, pair[1], wild[i], MSG_DONTWAIT);
  }
  for (long length = -1; length < 5000; length = length * 3 + 4) {
    struct msghdr named = plain;
    named.msg_name = &name, named.msg_namelen = (socklen_t)length;
    with_message(pair[0], pair[1], named);
    named.msg_namelen = 0, named.msg_iovlen = (size_t)length;
    with_message(pair[0], pair[1], named);
  }
  char control[CMSG_SPACE(2 * sizeof(int))] = {0};
  struct msghdr rights = {NULL, 0, parts, 1, control, sizeof control, 0};
  *CMSG_FIRSTHDR(&rights) = (struct cmsghdr){CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  memcpy(CMSG_DATA(CMSG_FIRSTHDR(&rights)), pair, sizeof pair);
  with_message(pair[0], pair[1], rights);
  struct {
    struct nlmsghdr header;
    struct rtgenmsg body;
  } ask = {{sizeof ask, 0xff00, NLM_F_REQUEST | NLM_F_ACK, 7, 0}, {AF_UNSPEC}};
  struct iovec asked = {&ask, sizeof ask};
  with_message(route, route, (struct msghdr){&kernel, sizeof kernel, &asked, 1, NULL, 0, 0});
  ask.header = (struct nlmsghdr){sizeof ask, 0xff00, NLM_F_REQUEST | NLM_F_ACK, 8, 0};
  syscall(SYS_sendmsg, route, &(struct msghdr){NULL, 0, &asked, 1, NULL, 0, 0}, 0);
}

static void sets(void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  fill(ends, "x");
  static unsigned long words[2][1025];
  const int counts[] = {0, 1, 63, 64, 65, 1000, 1024, 1025, 70000, -1, INT_MIN};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
    struct timespec wait = {0, 1000};
    const unsigned long mask = 1UL << 9;
    const struct {
      const void *mask;
      size_t size;
    } masks[] = {{&mask, 8}, {NULL, 8}, {wild[i % 4], 8}, {&mask, 7}};
    for (int j = 0; j < 4; ++j) {
      memset(words, 0, sizeof words);
      words[0][0] = words[1][0] = 1UL << ends[0] | 1UL << ends[1];
      syscall(SYS_pselect6, counts[i], words[0], words[1], NULL, &wait, &masks[j]);
      syscall(SYS_select, counts[i], words[0], words[1], j ? NULL : wild[i % 4], &wait);
      syscall(SYS_pselect6, counts[i], NULL, edge - 8, edge - 128, &wait, j ? NULL : wild[i % 4]);
    }
  }
}

static void many(void) {
  int ends[2], pair[2];
  CHECK(pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  char text[20];
  for (int i = 0; i < kMany; ++i) {
    struct iovec parts[] = {{"number", 6}, {text, (size_t)sprintf(text, " %d", i)}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    const ssize_t size = 6 + (ssize_t)parts[1].iov_len;
    CHECK(writev(ends[1], parts, 2) == size && sendmsg(pair[0], &message, 0) == size);
    char first[6], second[20];
    struct iovec into[] = {{first, sizeof first}, {second, sizeof second}};
    struct msghdr answer = {.msg_iov = into, .msg_iovlen = 2};
    CHECK(readv(ends[0], into, 2) == size && recvmsg(pair[1], &answer, 0) == size);
    fd_set none;
    FD_ZERO(&none);
    const struct timespec now = {0, 0};
    CHECK(pselect(1, &none, NULL, NULL, &now, NULL) == 0);
  }
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  make_edge();
  if (strcmp(argv[1], "vectors") == 0) vectors();
  if (strcmp(argv[1], "messages") == 0) messages();
  if (strcmp(argv[1], "sets") == 0) sets();
  if (strcmp(argv[1], "many") == 0) many();
  return 0;
}
