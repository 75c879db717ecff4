// hostile HOW: does to whoever traces it what it can, from when its input has a byte, or all the time.
// Says "ready", and ends with its input, unless it dies of what it does to itself.
//
//   headers  spoils the headers and tables of its vDSO at each byte, and says "spoilt"; goes on only if they stay so
//   values   makes calls with pointers to nowhere, gigantic sizes and counts, and terminal escapes
//   rings    writes what it likes into whatever memory it shares with a tracer, and calls on
//   unmap    unmaps what a tracer has mapped, in the middle of its calls
//   exits    threads that end at every stage: in their first calls, by exit, by cancellation, by an exec
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "target.h"

static unsigned long long state = 88172645463325252ull;
static unsigned random_number(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return (unsigned)((state ^= state << 17) >> 16);
}

static int input_ended(void) {
  char byte;
  struct pollfd input = {.fd = 0, .events = POLLIN};
  return poll(&input, 1, 0) == 1 && read(0, &byte, 1) == 0;
}

// ---- headers ----

/// Numbers that overflow, point behind the end, or are simply too many.
static unsigned long long absurd(void) {
  static const unsigned long long kNumbers[] = {
      0, 1, 0x40, 0xfff, 0x1000, 0x1fff, 0x2000, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000,
      0xfffffffffffffff0, 0xffffffffffffffff};
  const unsigned which = random_number() % (sizeof kNumbers / sizeof *kNumbers + 1);
  return which < sizeof kNumbers / sizeof *kNumbers ? kNumbers[which] : random_number();
}

static int spoil(void) {
  enum { kTables = 0x600, kMost = 1 << 16 };
  static unsigned char at_start[kMost], wanted[kMost];
  static size_t size;
  unsigned char *const image = (unsigned char *)getauxval(AT_SYSINFO_EHDR);
  const int memory = open("/proc/self/mem", O_RDWR);
  char byte;
  if (size == 0) {
    size = 4096;
    memcpy(at_start, image, size);
    memcpy(wanted, image, size);
    if (pwrite(memory, image, 1, (off_t)(unsigned long)image) != 1) return 77;
    dprintf(1, "ready\n");
  }
  while (read(0, &byte, 1) == 1) {
    CHECK(memcmp(image, wanted, size) == 0);
    memcpy(wanted, at_start, size);
    // The magic number mostly stays, as without it nobody looks further.
    for (unsigned i = 1 + random_number() % 6; i != 0; --i) {
      const unsigned long long number = absurd();
      const unsigned width = 1u << random_number() % 4, offset = random_number() % (kTables / width) * width;
      if (offset >= 4 || random_number() % 8 == 0) memcpy(wanted + offset, &number, width);
    }
    CHECK(pwrite(memory, wanted, kTables, (off_t)(unsigned long)image) == kTables);
    dprintf(1, "spoilt\n");
  }
  CHECK(memcmp(image, wanted, size) == 0);
  return 0;
}

// ---- values ----

static void make_absurd_calls(const char *text, size_t size) {
  void *const nowhere = (void *)0xdead0000dead0000ul, *const odd = (void *)1;
  struct iovec vectors[1024];
  for (int i = 0; i < 1024; ++i) vectors[i] = (struct iovec){i % 2 ? nowhere : (void *)text, ~0ul >> 2};
  struct msghdr message = {.msg_name = nowhere, .msg_namelen = 0x7fffffff, .msg_iov = vectors, .msg_iovlen = ~0ul,
                           .msg_control = odd, .msg_controllen = ~0ul};
  char *many[2048];
  for (int i = 0; i < 2047; ++i) many[i] = (char *)text;
  many[2047] = NULL;
  const int null = open("/dev/null", O_WRONLY);
  for (unsigned long i = 0; i < sizeof(void *); ++i) {
    void *const at = i % 2 ? nowhere : odd;
    syscall(SYS_clock_gettime, (int)absurd(), at);
    syscall(SYS_gettimeofday, at, at);
    syscall(SYS_getrandom, at, ~0ul, 0);
    syscall(SYS_openat, absurd(), text, absurd(), absurd());
    syscall(SYS_poll, at, ~0u, 0);
    syscall(SYS_rt_sigaction, 17, at, at, 8);
    syscall(SYS_ioctl, -1, absurd(), at);
  }
  syscall(SYS_write, null, text, size);
  syscall(SYS_write, -1, nowhere, ~0ul);
  syscall(SYS_writev, -1, vectors, 1024);
  syscall(SYS_writev, null, vectors, ~0ul);
  syscall(SYS_sendmsg, 0, &message, ~0);
  syscall(SYS_sendmmsg, 0, &message, ~0u, 0);
  syscall(SYS_execve, text, many, many);
  syscall(SYS_execve, nowhere, nowhere, nowhere);
  syscall(SYS_mount, text, text, text, ~0ul, text);
  prctl(PR_SET_NAME, "\033[2J\a\x9b[1m\r\n");
  close(null);
}

static void send_values(void) {
  enum { kSize = 64 << 20 };
  char *const text = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(text != MAP_FAILED);
  for (size_t i = 0; i < kSize; ++i) text[i] = "\033]0;owned\a\033[31m\x9b\x7f\r\b"[i % 22] ?: 1;
  dprintf(1, "ready\n");
  while (!input_ended()) {
    make_absurd_calls(text, kSize);
    // Nothing ends this one but the end of memory.
    make_absurd_calls(text + kSize - 4096, 4096);
  }
}

// ---- rings, unmap ----

static void *keep_asking(void *unused) {
  struct timespec now;
  for (;;) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  }
  return unused;
}

static int find_shared(unsigned long *start, unsigned long *end) {
  char line[512];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (!found && fgets(line, sizeof line, maps) != NULL)
    found = strstr(line, "memfd:vdsotrace") != NULL && sscanf(line, "%lx-%lx", start, end) == 2;
  fclose(maps);
  return found;
}

static void attack_shared(int unmap) {
  unsigned long start, end;
  pthread_t id;
  for (int i = 0; i < 2; ++i) CHECK(pthread_create(&id, NULL, keep_asking, NULL) == 0);
  dprintf(1, "ready\n");
  while (!input_ended()) {
    if (!find_shared(&start, &end)) continue;
    if (unmap) munmap((void *)start, end - start);
    for (int i = 0; i < 100000 && !unmap; ++i) {
      // Where the stubs themselves look for addresses it would only end itself.
      const unsigned long ring = start + 0x200000 + random_number() % (end - start - 0x300000);
      *(volatile unsigned long long *)(random_number() % 8 ? ring & ~7ul : start + random_number() % 64 * 8) = absurd();
    }
  }
}

// ---- exits ----

static void *end_somehow(void *how) {
  switch ((long)how % 4) {
    case 0: return NULL;
    case 1: ask_the_time(2); syscall(SYS_exit, 0); return NULL;
    case 2: ask_the_time(1); pthread_exit(NULL); return NULL;
    default: for (;;) ask_the_time(1), pthread_testcancel();
  }
}

static void end_threads(void) {
  dprintf(1, "ready\n");
  while (!input_ended()) {
    pid_t child = fork();
    if (child == 0) {
      for (long i = 0; i < 8; ++i) {
        pthread_t id;
        CHECK(pthread_create(&id, NULL, end_somehow, (void *)i) == 0);
        if (i % 4 == 3) pthread_cancel(id);
      }
      if (random_number() % 2) execl("/bin/true", "true", NULL);
      _exit(0);
    }
    CHECK(child > 0 && waitpid(child, NULL, 0) == child);
    random_number();
  }
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  if (argc > 2) state ^= strtoull(argv[2], NULL, 10) << 20;
  if (strcmp(how, "headers") == 0) return spoil();
  if (strcmp(how, "values") == 0) return send_values(), 0;
  if (strcmp(how, "rings") == 0) return attack_shared(0), 0;
  if (strcmp(how, "unmap") == 0) return attack_shared(1), 0;
  if (strcmp(how, "exits") == 0) return end_threads(), 0;
  return 1;
}
