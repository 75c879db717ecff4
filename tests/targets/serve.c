// serve KIND: works until its standard input ends and checks itself all the while; for tests that attach to it.
// Says "ready"; to a line "check" it answers "ok CALLS" once every worker has made progress since, if its vDSO is
// byte for byte what it was at the start. Any other line asks for the progress only.
//
//   calls   8 threads that ask the time in all ways, one that sleeps in calls that nothing may cut short
//   births  64 threads at a time that start, ask the time and end
//   forks   processes of all kinds that ask the time and end
//   orphans processes that say "b" when they begin and "e" when they end, for whom nobody waits
//   handlers  as calls, with a handler for SIGTRAP and one that runs with all signals blocked
//   timers  4 threads that do nothing but vDSO calls, each with a timer whose handler asks the time, too
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "target.h"

enum { kMostWorkers = 16, kStatus = 7, kImage = 1 << 16 };

static atomic_long progress[kMostWorkers];
static atomic_int workers, over, said_ready;
static unsigned char at_start[kImage];
static size_t image_size;
static const unsigned char *image;

static void remember_image(void) {
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    if (strstr(line, "[vdso]") == NULL || sscanf(line, "%lx-%lx", &start, &end) != 2) continue;
    image = (const unsigned char *)start;
    image_size = end - start;
    CHECK(image_size <= kImage);
    memcpy(at_start, image, image_size);
  }
  fclose(maps);
}

typedef ssize_t Getrandom(void *, size_t, unsigned, void *, size_t);

static long long ns(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }

/// The vDSO's answers lie between those of the kernel.
static void ask_in_all_ways(void) {
  struct timespec before, now, after;
  struct timeval day;
  unsigned cpu = ~0u;
  CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &before) == 0);
  CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &after) == 0);
  CHECK(ns(before) <= ns(now) && ns(now) <= ns(after));
  CHECK(gettimeofday(&day, NULL) == 0 && day.tv_usec >= 0 && day.tv_usec < 1000000);
  CHECK(time(NULL) + 1 >= day.tv_sec);
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  CHECK(clock_gettime(1234567, &now) == -1 && errno == EINVAL);
  Getcpu *getcpu_entry = (Getcpu *)vdso("__vdso_getcpu");
  if (getcpu_entry != NULL) CHECK(getcpu_entry(&cpu, NULL, NULL) == 0 && cpu != ~0u);
  // How its state is to be made (Linux 6.11).
  Getrandom *getrandom_entry = (Getrandom *)vdso("__vdso_getrandom");
  unsigned how[16];
  if (getrandom_entry != NULL) CHECK(getrandom_entry(NULL, 0, 0, how, ~0ul) == 0);
}

static void *call(void *counter) {
  while (!over) {
    ask_in_all_ways();
    ++*(atomic_long *)counter;
  }
  return NULL;
}

/// None of these may end early or with EINTR because a tracer came or went.
static void *sleep_well(void *counter) {
  struct timespec interval = {0, 3000000}, rest;
  int pipe_ends[2];
  CHECK(pipe(pipe_ends) == 0);
  while (!over) {
    struct timespec start, end;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &start) == 0);
    CHECK(nanosleep(&interval, &rest) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &end) == 0);
    CHECK(ns(end) - ns(start) >= ns(interval));
    struct pollfd quiet = {.fd = pipe_ends[0], .events = POLLIN};
    CHECK(poll(&quiet, 1, 3) == 0);
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &interval, NULL) == 0);
    ++*(atomic_long *)counter;
  }
  return NULL;
}

static void *be_born(void *unused) {
  ask_the_time(3);
  return unused;
}

static void *start_next(void *counter) {
  enum { kAtOnce = 8 };
  pthread_t ids[kAtOnce];
  while (!over) {
    for (int i = 0; i < kAtOnce; ++i) CHECK(pthread_create(&ids[i], NULL, be_born, NULL) == 0);
    for (int i = 0; i < kAtOnce; ++i) CHECK(pthread_join(ids[i], NULL) == 0);
    ++*(atomic_long *)counter;
  }
  return NULL;
}

static int child_main(void *unused) {
  (void)unused;
  ask_the_time(3);
  return kStatus;
}

static pid_t make_child(long number, char *stack_top) {
  switch (number % 4) {
    case 0: {
      pid_t child = fork();
      if (child == 0) _exit(child_main(NULL));
      return child;
    }
    case 1: {
      pid_t child = vfork();
      if (child == 0) _exit(child_main(NULL));
      return child;
    }
    case 2: return clone(child_main, stack_top, CLONE_VM | SIGCHLD, NULL);
    default: return clone(child_main, stack_top, CLONE_UNTRACED | SIGCHLD, NULL);
  }
}

static void *fork_on(void *counter) {
  enum { kStack = 1 << 16 };
  char *stack = malloc(kStack);
  CHECK(stack != NULL);
  while (!over) {
    int status = 0;
    pid_t child = make_child(*(atomic_long *)counter, stack + kStack);
    CHECK(child > 0);
    CHECK(waitpid(child, &status, __WALL) == child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != kStatus) {
      dprintf(2, "child ended with wait status 0x%x\n", status);
      _exit(98);
    }
    ++*(atomic_long *)counter;
  }
  free(stack);
  return NULL;
}

static void *make_orphans(void *counter) {
  CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
  while (!said_ready) sched_yield();
  while (!over) {
    pid_t child = fork();
    if (child == 0) {
      CHECK(write(1, "b", 1) == 1);
      ask_the_time(3);
      CHECK(write(1, "e", 1) == 1);
      _exit(0);
    }
    CHECK(child > 0);
    ++*(atomic_long *)counter;
  }
  return NULL;
}

static void on_trap(int signal) { (void)signal; }
static void on_user_signal(int signal) {
  (void)signal;
  struct timespec now;
  sigset_t mask;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && sigismember(&mask, SIGTRAP) == 1);
}

/// One thread only: another one's breakpoint resets the action for a moment (trace/thread/signal_state.hpp).
static void *send_signals(void *counter) {
  while (!over) {
    struct sigaction action;
    CHECK(raise(SIGUSR1) == 0);
    CHECK(sigaction(SIGTRAP, NULL, &action) == 0 && action.sa_handler == on_trap);
    ++*(atomic_long *)counter;
  }
  return NULL;
}

/// Its signals find it in vDSO calls; they leave neither its mask nor what it was told changed.
static void *ask_among_signals(void *counter) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
  event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
  const struct itimerspec often = {{0, 150000}, {0, 150000}};
  timer_t timer;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0);
  struct timespec last = {0, 0}, now;
  struct timeval day;
  while (!over) {
    for (int i = 0; i < 200; ++i) {
      CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && ns(now) >= ns(last));
      last = now;
      CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
      CHECK(gettimeofday(&day, NULL) == 0);
    }
    sigset_t mask;
    CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && sigisemptyset(&mask));
    ++*(atomic_long *)counter;
  }
  return NULL;
}

static void start(void *(*work)(void *), int count) {
  for (int i = 0; i < count; ++i) {
    pthread_t id;
    CHECK(pthread_create(&id, NULL, work, &progress[workers]) == 0);
    CHECK(pthread_detach(id) == 0);
    ++workers;
  }
}

static void start_kind(const char *kind) {
  if (strcmp(kind, "calls") == 0) {
    start(call, 6);
    start(sleep_well, 2);
  } else if (strcmp(kind, "births") == 0) {
    start(start_next, 8);
  } else if (strcmp(kind, "forks") == 0) {
    start(fork_on, 4);
    start(call, 1);
  } else if (strcmp(kind, "orphans") == 0) {
    start(make_orphans, 2);
  } else if (strcmp(kind, "timers") == 0) {
    struct sigaction user = {.sa_handler = on_user_signal};
    sigfillset(&user.sa_mask);
    CHECK(sigaction(SIGUSR1, &user, NULL) == 0);
    start(ask_among_signals, 4);
  } else {
    struct sigaction trap = {.sa_handler = on_trap}, user = {.sa_handler = on_user_signal};
    sigfillset(&user.sa_mask);
    CHECK(sigaction(SIGTRAP, &trap, NULL) == 0 && sigaction(SIGUSR1, &user, NULL) == 0);
    start(send_signals, 1);
    start(call, 1);
  }
}

static void answer(int compare) {
  long before[kMostWorkers], total = 0;
  for (int i = 0; i < workers; ++i) before[i] = progress[i];
  for (int i = 0; i < workers; ++i) {
    while (progress[i] == before[i]) sched_yield();
    total += progress[i];
  }
  if (compare) CHECK(memcmp(image, at_start, image_size) == 0);
  dprintf(1, "ok %ld\n", total);
}

int main(int argc, char **argv) {
  char line[16];
  remember_image();
  start_kind(argc > 1 ? argv[1] : "calls");
  dprintf(1, "ready\n");
  said_ready = 1;
  while (fgets(line, sizeof line, stdin) != NULL) {
    alarm(60);
    answer(strcmp(line, "check\n") == 0);
  }
  // The workers see it; children are not left behind.
  over = 1;
  return 0;
}
