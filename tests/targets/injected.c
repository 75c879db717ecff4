// Makes the calls that its arguments name, in that order, and says of each what came of it: "NAME RESULT ERRNO". At its
// end it says how many SIGUSR1 it got, if any.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "target.h"

static volatile sig_atomic_t signals;

static void count(int signal) {
  (void)signal;
  ++signals;
}

/// The seconds, where the call was said to succeed and wrote them.
static struct timespec now;

static long vdso_clock(void) { return clock_gettime(CLOCK_MONOTONIC, &now); }
static long fallback_clock(void) { return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); }
static long direct_clock(void) { return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now); }
static long wall_time(void) { return (long)time(NULL); }
static long parent(void) { return syscall(SYS_getppid); }
static long folder(void) { return chdir("/"); }
/// With a name that begins at the end of what is mapped.
static long edge(void) {
  const long page = sysconf(_SC_PAGESIZE);
  char *memory = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED && munmap(memory + page, (size_t)page) == 0);
  return syscall(SYS_chdir, memory + page - 1);
}
static long fork_child(void) {
  const pid_t child = fork();
  if (child == 0) _exit((int)vdso_clock() & 1);
  return child;
}
static long seconds(void) { return now.tv_sec; }

static const struct {
  const char *name;
  long (*call)(void);
} kCalls[] = {{"vdso", vdso_clock}, {"fallback", fallback_clock}, {"direct", direct_clock}, {"time", wall_time},
              {"getppid", parent},  {"chdir", folder},            {"fork", fork_child},     {"seconds", seconds},
              {"edge", edge}};

int main(int argc, char **argv) {
  CHECK(signal(SIGUSR1, count) != SIG_ERR);
  for (int i = 1; i < argc; ++i) {
    for (unsigned c = 0; c < sizeof kCalls / sizeof *kCalls; ++c) {
      if (strcmp(argv[i], kCalls[c].name) != 0) continue;
      errno = 0;
      const long result = kCalls[c].call();
      printf("%s %ld %d\n", argv[i], result, errno);
    }
  }
  if (signals > 0) printf("signals %d\n", (int)signals);
  return 0;
}
