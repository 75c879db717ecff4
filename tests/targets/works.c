// works THREADS TIMES [signals | forks]: for each line of its standard input, so many threads make each of these calls so
// many times; then it says "done". By the C library's own wrappers: getppid, read of nothing, close of nothing that is
// open, which fails; by syscall(2): getuid and gettid. With "signals" a timer's handler interrupts them and makes a getpid
// each time, and "done" is followed by their number. With "forks" a child makes them all.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "target.h"

enum { kMostThreads = 64 };

static long times;
static int nothing;
static atomic_long handled;

static void *work(void *unused) {
  char byte;
  for (long i = 0; i < times; ++i) {
    CHECK(getppid() >= 0);
    CHECK(read(nothing, &byte, 1) == 0);
    CHECK(close(-1) == -1 && errno == EBADF);
    syscall(SYS_getuid);
    CHECK(syscall(SYS_gettid) > 0);
  }
  return unused;
}

static void work_in_threads(long threads) {
  pthread_t ids[kMostThreads];
  for (long i = 0; i < threads; ++i) CHECK(pthread_create(&ids[i], NULL, work, NULL) == 0);
  for (long i = 0; i < threads; ++i) CHECK(pthread_join(ids[i], NULL) == 0);
}

static void handle(int signal) {
  (void)signal;
  ++handled;
  CHECK(syscall(SYS_getpid) > 0);
}

static void set_timer(long microseconds) {
  const struct itimerval timer = {{0, microseconds}, {0, microseconds}};
  CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void work_in_child(long threads) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    work_in_threads(threads);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv) {
  char line[64];
  CHECK(argc > 2);
  const long threads = strtol(argv[1], NULL, 10);
  const char *how = argc > 3 ? argv[3] : "";
  CHECK(threads <= kMostThreads);
  times = strtol(argv[2], NULL, 10);
  nothing = open("/dev/null", O_RDONLY);
  CHECK(nothing >= 0);
  CHECK(signal(SIGALRM, handle) != SIG_ERR);
  printf("ready\n");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    const long before = handled;
    if (strcmp(how, "signals") == 0) set_timer(500);
    if (strcmp(how, "forks") == 0)
      work_in_child(threads);
    else
      work_in_threads(threads);
    if (strcmp(how, "signals") == 0) set_timer(0);
    printf("done %ld\n", handled - before);
    fflush(stdout);
  }
  return 0;
}
