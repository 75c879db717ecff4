// System calls whose arguments are pointers: to what can be read, cannot, or only in part; to what changes at once.
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include "edge.h"
#include "target.h"
#include "task_state.h"

enum { kRounds = 300, kMany = 20000 };

/// The text, so that its end is the edge.
static char *at_edge(const char *text, size_t size) { return memcpy(edge - size, text, size); }

static void strings(void) {
  for (size_t i = 0; i < sizeof wild / sizeof *wild; ++i) syscall(SYS_openat, AT_FDCWD, wild[i], O_RDONLY);
  syscall(SYS_openat, AT_FDCWD, "", O_RDONLY);
  syscall(SYS_openat, AT_FDCWD, at_edge("/nothing", 9), O_RDONLY);
  syscall(SYS_openat, AT_FDCWD, at_edge("/nothing", 8), O_RDONLY);
  memset(edge - 2 * kPage, 'a', 2 * kPage);
  for (size_t size = 4090; size < 4100; ++size) syscall(SYS_access, edge - size, F_OK);
  syscall(SYS_access, edge - 6000, F_OK);
  char name[600];
  memset(name, 'x', sizeof name);
  for (size_t size = 0; size < 40; ++size) {
    memcpy(name, "/nothing/", 9);
    name[9 + size] = 0;
    syscall(SYS_access, name, F_OK);
    memset(name, 'y', sizeof name);
  }
  syscall(SYS_rename, "/nothing/one", "/nothing/two");
  syscall(SYS_rename, "/nothing/one", wild[1]);
  syscall(SYS_readlink, "/nothing", name, 100);
  syscall(SYS_access, "/some\x01thing\xff\"\n", F_OK);
  memset(edge - 2 * kPage, 'a', 2 * kPage);
}

static void buffers(void) {
  const int sink = open("/dev/null", O_WRONLY), source = open("/dev/zero", O_RDONLY);
  int ends[2];
  CHECK(sink >= 0 && source >= 0 && pipe2(ends, O_NONBLOCK) == 0);
  char bytes[5000];
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = (char)('A' + i % 26);
  for (size_t i = 0; i < sizeof wild / sizeof *wild; ++i) {
    syscall(SYS_write, sink, wild[i], 0);
    syscall(SYS_write, ends[1], wild[i], 5);
    syscall(SYS_read, source, wild[i], 5);
    syscall(SYS_read, source, wild[i], 0);
  }
  for (size_t size = 0; size < 50; ++size) {
    syscall(SYS_write, sink, bytes + size, size);
    syscall(SYS_write, sink, edge - size, size);
    syscall(SYS_read, source, edge - size, size);
    syscall(SYS_write, ends[1], bytes + size, size);
    syscall(SYS_read, ends[0], bytes + size, sizeof bytes - size);
  }
  syscall(SYS_write, sink, edge - 5, 50);
  syscall(SYS_write, ends[1], edge - 5, 50);
  syscall(SYS_write, sink, bytes, sizeof bytes);
  syscall(SYS_write, sink, edge - 2 * kPage, 1L << 30);
  syscall(SYS_write, -1, bytes, 10);
  syscall(SYS_read, source, bytes, sizeof bytes);
  syscall(SYS_read, source, edge - 10, 4000);
  syscall(SYS_read, -1, bytes, 10);
  syscall(SYS_pwrite64, sink, bytes, 3, 7);
  syscall(SYS_pread64, source, bytes, 3, 7);
}

static void structures(void) {
  struct stat status;
  char room[512];
  for (size_t i = 0; i < sizeof wild / sizeof *wild; ++i) {
    syscall(SYS_fstat, 0x7fff, wild[i]);
    syscall(SYS_newfstatat, AT_FDCWD, "/", wild[i], 0);
    syscall(SYS_uname, wild[i]);
    syscall(SYS_pipe2, wild[i], 0x7fffffff);
  }
  syscall(SYS_newfstatat, AT_FDCWD, "/", edge - sizeof status, 0);
  syscall(SYS_newfstatat, AT_FDCWD, "/", edge - 100, 0);
  syscall(SYS_stat, "/", &status);
  syscall(SYS_lstat, "/nothing", &status);
  syscall(SYS_statx, AT_FDCWD, "/", 0, STATX_TYPE, room);
  syscall(SYS_uname, edge - sizeof(struct utsname));
  struct rlimit limit;
  syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &limit);
  struct pollfd two[2] = {{0x7ffe, POLLIN, 0}, {0x7fff, POLLOUT, 0}};
  syscall(SYS_poll, two, 2, 0);
  syscall(SYS_poll, edge - 8, 2, 0);
  syscall(SYS_poll, edge - kPage, kPage / 8, 0);
  const struct timespec none = {0, 0};
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &none, room);
  syscall(SYS_epoll_ctl, 0x7fff, EPOLL_CTL_ADD, 0, two);
}

/// What an argument is says what the next one points to.
static void choices(void) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY), none = open("/dev/null", O_RDWR);
  CHECK(terminal >= 0 && none >= 0);
  struct winsize size = {7, 80, 0, 0};
  char settings[64];
  int number = 1;
  for (int round = 0; round < 3; ++round) {
    char *const rooms[] = {settings, wild[1], NULL};
    syscall(SYS_ioctl, terminal, TCGETS, rooms[round]);
    syscall(SYS_ioctl, none, TCGETS, rooms[round]);
    syscall(SYS_ioctl, terminal, TCSETS, rooms[round]);
    syscall(SYS_ioctl, terminal, TIOCSWINSZ, round == 0 ? (char *)&size : rooms[round]);
    syscall(SYS_ioctl, terminal, TIOCGWINSZ, rooms[round]);
    syscall(SYS_ioctl, terminal, FIONREAD, rooms[round]);
    syscall(SYS_ioctl, terminal, FIONBIO, round == 0 ? (char *)&number : rooms[round]);
    syscall(SYS_ioctl, terminal, TIOCGPTN, rooms[round]);
    syscall(SYS_ioctl, none, FIOCLEX, rooms[round]);
    syscall(SYS_ioctl, none, 0x12345678, 0);
  }
  for (int command = -1; command < 20; ++command) {
    if (command == F_SETLKW || command == F_SETOWN || command == F_SETSIG) continue;
    struct flock lock = {.l_type = F_RDLCK, .l_len = 1};
    const int made = (int)syscall(SYS_fcntl, none, command, command == F_GETLK || command == F_SETLK ? (long)&lock : 0);
    if (command == F_DUPFD) close(made);
  }
  for (int round = 0; round < 20; ++round) {
    unsigned word = 5;
    const struct timespec soon = {0, 1};
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 6, &soon, NULL, 0);
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &soon, NULL, 0);
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 6, wild[1], NULL, 0);
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 6, NULL, NULL, 0);
    syscall(SYS_futex, &word, 77, 6, &soon, NULL, 0);
  }
}

/// Addresses whose size is in memory, and data of which a netlink socket makes messages.
static void sockets(const char *folder) {
  struct sockaddr_un name = {AF_UNIX, "the socket of this program"}, other;
  const socklen_t size = offsetof(struct sockaddr_un, sun_path) + 24;
  const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0), route = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  CHECK(chdir(folder) == 0 && listener >= 0 && bind(listener, (struct sockaddr *)&name, size) == 0 && listen(listener, 9) == 0);
  static char answer[4000];
  const socklen_t sizes[] = {0, 2, 7, sizeof other, 4000, (socklen_t)-1};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    const int client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(client >= 0 && connect(client, (struct sockaddr *)&name, size) == 0);
    socklen_t room = sizes[i];
    const int server = (int)syscall(SYS_accept4, listener, &other, &room, SOCK_CLOEXEC);
    room = sizes[i];
    syscall(SYS_getsockname, listener, &other, &room);
    room = sizes[i];
    syscall(SYS_getpeername, client, edge - 2, &room);
    syscall(SYS_getpeername, client, &other, wild[i % 4]);
    memcpy(edge - 4, &sizes[i], 3);
    syscall(SYS_getsockname, listener, &other, edge - 3);
    syscall(SYS_sendto, client, "hello", 5, MSG_NOSIGNAL, NULL, 0);
    syscall(SYS_sendto, client, "\x14\0\0\0 no message of netlink", 24, MSG_NOSIGNAL, NULL, 0);
    syscall(SYS_sendto, client, "GET / HTTP/1.0\r\n\r\n and so on and so on", 40, MSG_NOSIGNAL, NULL, 0);
    syscall(SYS_sendto, client, "libudev\0\xfe\xed\xca\xfe and what follows that", 35, MSG_NOSIGNAL, NULL, 0);
    syscall(SYS_sendto, client, wild[i % 4], 20, MSG_NOSIGNAL, NULL, 0);
    syscall(SYS_sendto, client, edge - 10, 20, MSG_NOSIGNAL, NULL, 0);
    struct {
      struct nlmsghdr header;
      struct rtgenmsg body;
    } ask = {{sizeof ask, 0xff00, NLM_F_REQUEST | NLM_F_ACK, 7, 0}, {AF_UNSPEC}};
    syscall(SYS_sendto, route, &ask, sizeof ask, 0, &kernel, sizeof kernel);
    room = sizes[i];
    syscall(SYS_recvfrom, route, answer, sizeof answer, MSG_DONTWAIT, &other, &room);
    syscall(SYS_recvfrom, route, answer, sizeof answer, MSG_DONTWAIT, NULL, NULL);
    const size_t sent[] = {5, 24, 40, 35, 4000};
    for (int j = 0; j < 5 && server >= 0; ++j) {
      syscall(SYS_recvfrom, server, j % 2 ? edge - sent[j] : answer, sent[j], MSG_DONTWAIT, NULL, NULL);
      memset(answer, 0, sizeof answer);
    }
    syscall(SYS_recvfrom, server, wild[i % 4], 5, MSG_DONTWAIT, NULL, NULL);
    close(client);
    if (server >= 0) close(server);
  }
}

static void folders(const char *folder) {
  static char room[100000];
  CHECK(chdir(folder) == 0);
  syscall(SYS_mkdir, "made", 0700);
  syscall(SYS_mkdir, "made", 0700);
  for (int i = 0; i < 40; ++i) {
    snprintf(room, sizeof room, "made/file%d", i);
    close(open(room, O_CREAT | O_WRONLY, 0600));
  }
  const int made = open("made", O_RDONLY | O_DIRECTORY);
  CHECK(made >= 0);
  syscall(SYS_getdents64, made, room, 10);
  for (int i = 0; i < 3; ++i) syscall(SYS_getdents64, made, room, 800);
  syscall(SYS_getdents64, made, room, 32768);
  CHECK(lseek(made, 0, SEEK_SET) == 0);
  syscall(SYS_getdents64, made, room, sizeof room);
  CHECK(lseek(made, 0, SEEK_SET) == 0);
  syscall(SYS_getdents64, made, wild[1], 32768);
  syscall(SYS_symlink, "a way that leads nowhere", "made/link");
  syscall(SYS_readlink, "made/link", room, 5);
  syscall(SYS_readlinkat, AT_FDCWD, "made/link", room, sizeof room);
  syscall(SYS_readlink, "made/link", wild[1], 5);
  syscall(SYS_rename, "made/link", "made/other");
  syscall(SYS_unlinkat, made, "other", 0);
  for (int i = 0; i < 40; ++i) {
    snprintf(room, sizeof room, "made/file%d", i);
    syscall(SYS_unlink, room);
  }
  syscall(SYS_chdir, "made");
  syscall(SYS_getcwd, room, 3);
  syscall(SYS_getcwd, room, sizeof room);
  syscall(SYS_chdir, "..");
  syscall(SYS_rmdir, "made");
}

/// What was written has gone when the next instruction runs.
static void changes(void) {
  const int sink = open("/dev/null", O_WRONLY);
  char number[32], name[64];
  for (int i = 0; i < kRounds; ++i) {
    memcpy(name, "/nothing/", 9);
    snprintf(name + 9, sizeof name - 9, "%d", i);
    syscall(SYS_access, name, F_OK);
    memset(name, 0, sizeof name);
    const int size = snprintf(number, sizeof number, "%d", i);
    syscall(SYS_write, sink, number, size);
    memset(number, 0, sizeof number);
  }
}

static void many(void) {
  char byte = 0, name[32];
  const int source = open("/dev/zero", O_RDONLY), sink = open("/dev/null", O_WRONLY);
  for (int i = 0; i < kMany; ++i) {
    CHECK(read(source, &byte, 1) == 1 && write(sink, &byte, 1) == 1);
    snprintf(name, sizeof name, "/nothing/%d", i);
    CHECK(access(name, F_OK) == -1);
  }
}

static void *makes_many(void *unused) {
  many();
  return unused;
}

static void threads(void) {
  pthread_t made[3];
  for (int i = 0; i < 3; ++i) CHECK(pthread_create(&made[i], NULL, makes_many, NULL) == 0);
  for (int i = 0; i < 3; ++i) CHECK(pthread_join(made[i], NULL) == 0);
}

static volatile sig_atomic_t handled;
static void handle(int signal) { handled = signal; }

static void expect_action(int signal, void (*handler)(int), int blocked) {
  struct sigaction now;
  sigset_t mask;
  CHECK(sigaction(signal, NULL, &now) == 0 && now.sa_handler == handler);
  CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && sigismember(&mask, signal) == blocked);
}

/// Bad pointers are no faults of the program's, whatever it has said of these.
static void faults(void) {
  sigset_t segv;
  CHECK(sigemptyset(&segv) == 0 && sigaddset(&segv, SIGSEGV) == 0);
  void (*const handlers[])(int) = {SIG_DFL, SIG_IGN, handle};
  for (int i = 0; i < 3; ++i) {
    for (int blocked = 0; blocked < 2; ++blocked) {
      CHECK(signal(SIGSEGV, handlers[i]) != SIG_ERR && signal(SIGUSR1, handlers[i]) != SIG_ERR);
      CHECK(sigprocmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &segv, NULL) == 0);
      for (int round = 0; round < 40; ++round) {
        CHECK(access(wild[1 + round % 3], F_OK) == -1 && errno == EFAULT);
        CHECK(access("/nothing", F_OK) == -1 && errno == ENOENT);
      }
      expect_action(SIGSEGV, handlers[i], blocked);
      expect_action(SIGUSR1, handlers[i], 0);
    }
  }
  CHECK(handled == 0);
}

/// Bytes of a file that is shorter than its mapping.
static void cut_file(const char *folder) {
  char path[kPage];
  snprintf(path, sizeof path, "%s/cut", folder);
  const int file = open(path, O_RDWR | O_CREAT, 0600);
  CHECK(file >= 0 && ftruncate(file, 2 * kPage) == 0);
  char *bytes = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  CHECK(bytes != MAP_FAILED && ftruncate(file, kPage) == 0);
  memset(bytes, 'a', kPage);
  for (int i = 0; i < 40; ++i) {
    CHECK(access(bytes + kPage, F_OK) == -1 && errno == EFAULT);
    CHECK(access(bytes + kPage - 5, F_OK) == -1 && errno == EFAULT);
  }
  CHECK(unlink(path) == 0);
}

static void tick(int signal) {
  (void)signal;
  ++handled;
}

/// Signals come while calls are made and copied.
static void storm(void) {
  struct sigaction action = {.sa_handler = tick};
  // Rarer than what stopping for a signal takes on a slow machine: else it makes no progress.
  const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  char bytes[5000], copy[5000];
  memset(bytes, 'b', sizeof bytes);
  int ends[2];
  CHECK(pipe(ends) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0);
  for (int i = 0; i < kMany; ++i) {
    CHECK(access("/nothing/that/is/there/and/has/a/long/name", F_OK) == -1 && errno == ENOENT);
    if (i % 20 != 0) continue;
    ssize_t put = 0, got = 0;
    while (put < (ssize_t)sizeof bytes) {
      const ssize_t now = write(ends[1], bytes + put, sizeof bytes - (size_t)put);
      CHECK(now > 0 || errno == EINTR);
      put += now > 0 ? now : 0;
    }
    while (got < (ssize_t)sizeof bytes) {
      const ssize_t now = read(ends[0], copy + got, sizeof bytes - (size_t)got);
      CHECK(now > 0 || errno == EINTR);
      got += now > 0 ? now : 0;
    }
    CHECK(memcmp(bytes, copy, sizeof bytes) == 0);
  }
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

// Numbers that overflow, point behind the end, or are simply too many.
static unsigned long long absurd(unsigned random) {
  static const unsigned long long numbers[] = {0, 1, 127, 128, 129, 136, 0x1000, 33 * 1024, 33 * 1024 + 1, 0x7fffffff,
      0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffff80, 0xffffffffffffffff};
  return numbers[random % (sizeof numbers / sizeof *numbers)];
}

/// The largest piece of memory that a tracer shares with us.
static char *find_shared(size_t *bytes) {
  char line[512];
  unsigned long start, end, best = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  for (*bytes = 0; fgets(line, sizeof line, maps) != NULL;) {
    if (strstr(line, "memfd:vdsotrace") == NULL || sscanf(line, "%lx-%lx", &start, &end) != 2) continue;
    if (end - start > *bytes) *bytes = end - start, best = start;
  }
  fclose(maps);
  return (char *)best;
}

static void *calls_on(void *unused) {
  char name[300], byte;
  const int source = open("/dev/zero", O_RDONLY);
  memset(name, 'n', sizeof name);
  for (unsigned i = 0;; ++i) {
    name[i % sizeof name] = 0;
    access(name, F_OK);
    name[i % sizeof name] = 'n';
    if (read(source, &byte, 1) != 1) return unused;
  }
}

/// Writes what it likes over the rings, while calls are recorded there; mostly over the sizes of records.
static void attack(const char *seed) {
  enum { kRings = 0x60000, kWrites = 3000000 };
  unsigned random = 1 + (unsigned)strtoul(seed, NULL, 10);
  pthread_t id;
  for (int i = 0; i < 100; ++i) access("/nothing", F_OK);
  for (int i = 0; i < 2; ++i) CHECK(pthread_create(&id, NULL, calls_on, NULL) == 0);
  size_t bytes;
  char *const shared = find_shared(&bytes);
  CHECK(bytes > kRings);
  for (int i = 0; i < kWrites; ++i) {
    random = random * 1664525 + 1013904223;
    const size_t at = kRings + (random >> 4) % (bytes - kRings) / 128 * 128;
    // Where stubs themselves look for addresses it would only end itself.
    if (at % kPage == kPage - 128) continue;
    const size_t word = at % kPage == 0 || random >> 28 ? 112 : (random >> 8) % 16 * 8;
    *(volatile unsigned long long *)(shared + at + word) = absurd(random >> 12);
  }
  _exit(0);
}

/// It is killed in a call that does not end by itself.
static void killed(void) {
  static char bytes[1 << 20];
  memset(bytes, 'b', sizeof bytes);
  const pid_t us = getpid(), child = fork();
  int ends[2];
  CHECK(child >= 0);
  if (child != 0) {
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < 100; ++i) CHECK(access("/nothing", F_OK) == -1);
    CHECK(write(ends[1], bytes, sizeof bytes) == -2);
  }
  while (state_of(us) != 'S') sched_yield();
  kill(us, SIGKILL);
  _exit(0);
}

int main(int argc, char **argv) {
  CHECK(argc >= 2);
  const char *folder = argc > 2 ? argv[2] : "";
  make_edge();
  if (strcmp(argv[1], "strings") == 0) strings();
  if (strcmp(argv[1], "buffers") == 0) buffers();
  if (strcmp(argv[1], "structures") == 0) structures();
  if (strcmp(argv[1], "choices") == 0) choices();
  if (strcmp(argv[1], "sockets") == 0) sockets(folder);
  if (strcmp(argv[1], "folders") == 0) folders(folder);
  if (strcmp(argv[1], "changes") == 0) changes();
  if (strcmp(argv[1], "many") == 0) many();
  if (strcmp(argv[1], "threads") == 0) threads();
  if (strcmp(argv[1], "faults") == 0) faults();
  if (strcmp(argv[1], "cut") == 0) cut_file(folder);
  if (strcmp(argv[1], "storm") == 0) storm();
  if (strcmp(argv[1], "attack") == 0) attack(folder);
  if (strcmp(argv[1], "killed") == 0) killed();
  return 0;
}
