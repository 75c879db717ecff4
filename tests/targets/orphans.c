// orphans HOW KIND ROUNDS [subreaper [wait]]: workers that make children without end die in the middle of that. Each child
// makes vDSO calls; exit status 0 if all that began ended well. It ends when none is left.
//
//   HOW   kill: a worker is killed by SIGKILL; exit: another of its threads ends it; exec: another executes a program
//   KIND  fork; vfork; clone: shares its memory; stopped: fork, and all are sent SIGSTOP first and SIGCONT afterwards;
//         doomed: fork, and the children are killed with their worker
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "target.h"

enum { kCalls = 5, kStack = 1 << 14, kMostSpins = 20000 };

struct Count {
  atomic_long begun, ended, worked;
};

static struct Count *count;
static const char *how, *kind, *self;

static int live(void *unused) {
  (void)unused;
  ++count->begun;
  ask_the_time(kCalls);
  ++count->ended;
  return 0;
}

static char *new_stack(void) {
  char *low = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(low != MAP_FAILED);
  return low + kStack;
}

static void make_child(void) {
  pid_t child = -1;
  if (strcmp(kind, "clone") == 0) {
    // No SIGCHLD: nobody waits for it.
    child = clone(live, new_stack(), CLONE_VM, NULL);
  } else if (strcmp(kind, "vfork") == 0) {
    child = clone(live, new_stack(), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
  } else {
    child = fork();
    if (child == 0) _exit(live(NULL));
  }
  CHECK(child > 0);
}

static void *work(void *unused) {
  for (;;) {
    make_child();
    ++count->worked;
  }
  return unused;
}

static void spin(unsigned long spins) {
  for (volatile unsigned long i = 0; i < spins; ++i) {
  }
}

static void *execute(void *unused) {
  execl(self, self, NULL);
  return unused;
}

static void be_worker(unsigned long spins) {
  signal(SIGCHLD, SIG_IGN);
  signal(SIGHUP, SIG_IGN);  // which stopped processes get when nobody is left to continue them
  if (strcmp(how, "kill") == 0) work(NULL);
  pthread_t id;
  for (int i = 0; i < 2; ++i) CHECK(pthread_create(&id, NULL, work, NULL) == 0);
  const long before = count->worked;
  while (count->worked < before + 8) sched_yield();
  spin(spins);
  if (strcmp(how, "exit") == 0) _exit(0);
  CHECK(pthread_create(&id, NULL, execute, NULL) == 0);
  for (;;) pause();
}

static void kill_worker(pid_t worker) {
  if (strcmp(kind, "stopped") == 0) CHECK(kill(-worker, SIGSTOP) == 0);
  CHECK(kill(strcmp(kind, "doomed") == 0 ? -worker : worker, SIGKILL) == 0);
}

static void run_worker(unsigned long spins) {
  const long before = count->worked;
  const pid_t worker = fork();
  if (worker == 0) {
    // Else its first child might be left in our group, whose end may have the kernel send the whole group SIGHUP
    // (kill_orphaned_pgrp, kernel/exit.c).
    CHECK(setpgid(0, 0) == 0);
    be_worker(spins);
  }
  CHECK(worker > 0);
  CHECK(setpgid(worker, worker) == 0 || errno == EACCES);
  while (count->worked < before + 4) sched_yield();
  if (strcmp(how, "kill") == 0) {
    spin(spins);
    kill_worker(worker);
  }
  CHECK(waitpid(worker, NULL, 0) == worker);
  kill(-worker, SIGCONT);
}

int main(int argc, char **argv) {
  if (argc < 4) return 0;
  how = argv[1], kind = argv[2], self = argv[0];
  count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(count != MAP_FAILED);
  if (argc > 4 && *argv[4] != 0) CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
  // Every process has the other end until it ends.
  int alive[2];
  CHECK(pipe(alive) == 0);
  srand(1);
  if (argc > 5) CHECK(read(0, &(char){0}, 1) == 1);
  // On a busy machine all children of all workers may be killed before they begin: then there are more workers.
  for (int left = atoi(argv[3]), more = 1000; left > 0 || (count->begun == 0 && --more > 0); --left)
    run_worker((unsigned long)rand() % kMostSpins);
  char none;
  close(alive[1]);
  CHECK(read(alive[0], &none, 1) == 0);
  while (waitpid(-1, NULL, __WALL) > 0) {
  }
  child_made("clock_gettime", "any", count->ended * kCalls);
  left("clock_gettime", (count->begun - count->ended) * kCalls);
  return (count->begun == count->ended || strcmp(kind, "doomed") == 0) && count->begun > 0 ? 0 : 1;
}
