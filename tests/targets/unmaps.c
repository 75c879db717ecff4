// unmaps WHAT WHO: unmaps what it does not know, as programs do that restore a checkpoint, and goes on.
//
//   WHAT   code: nameless executable memory; shared: what is shared with others; all: both
//          replaced: both, and maps memory of its own there, which has to stay
//   WHO    self; thread (a later one) or fork (a child): makes vDSO calls afterwards, before the main thread does
//          blocked: the main thread, with every signal blocked
//          none: none are made
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ready.h"

enum { kMost = 64, kFilling = 77 };

struct Mapping {
  char *start, *end;
};

static struct Mapping unmapped[kMost];
static int unmapped_count, replaced;

/// Whether it is unknown to a program that has no code of its own outside of files.
static int is_unknown(const char *what, const char *permissions, const char *name) {
  const int code = strcmp(name, "") == 0 && permissions[2] == 'x';
  const int shared = permissions[3] == 's';
  return (code && strcmp(what, "shared") != 0) || (shared && strcmp(what, "code") != 0);
}

static void unmap(const char *what) {
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    char permissions[5], name[256] = "";
    if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &start, &end, permissions, name) < 3) continue;
    if (!is_unknown(what, permissions, name)) continue;
    CHECK(unmapped_count < kMost);
    unmapped[unmapped_count++] = (struct Mapping){(char *)start, (char *)end};
  }
  fclose(maps);
  for (int i = 0; i < unmapped_count; ++i) CHECK(munmap(unmapped[i].start, unmapped[i].end - unmapped[i].start) == 0);
}

static void map_own(void) {
  for (int i = 0; i < unmapped_count; ++i) {
    const size_t size = unmapped[i].end - unmapped[i].start;
    CHECK(mmap(unmapped[i].start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
    memset(unmapped[i].start, kFilling, size);
  }
}

static void check_own(void) {
  for (int i = 0; i < unmapped_count; ++i) {
    for (const char *at = unmapped[i].start; at < unmapped[i].end; ++at) CHECK(*at == kFilling);
  }
}

static void call(void) {
  struct timespec now;
  ask_the_time(20);
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  if (replaced) check_own();
}

static void *call_in_thread(void *unused) {
  call();
  return unused;
}

static void call_in_child(pid_t child) {
  int status;
  if (child == 0) {
    call();
    _exit(0);
  }
  CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  child_made("clock_gettime", "vdso", 20);
  child_made("clock_gettime", "fallback", 1);
}

static void block_everything(void) {
  sigset_t all;
  CHECK(sigfillset(&all) == 0 && sigprocmask(SIG_SETMASK, &all, NULL) == 0);
}

int main(int argc, char **argv) {
  pthread_t id;
  CHECK(argc > 2);
  const char *who = argv[2];
  const int thread = strcmp(who, "thread") == 0, none = strcmp(who, "none") == 0;
  wait_if_asked();
  call();
  if (strcmp(who, "blocked") == 0) block_everything();
  unmap(argv[1]);
  replaced = strcmp(argv[1], "replaced") == 0;
  if (replaced) map_own();
  if (thread) CHECK(pthread_create(&id, NULL, call_in_thread, NULL) == 0 && pthread_join(id, NULL) == 0);
  if (strcmp(who, "fork") == 0) call_in_child(fork());
  if (!none) call();
  const int times = 1 + !none + thread;
  if (replaced) check_own();
  made("clock_gettime", "vdso", 20 * times);
  made("clock_gettime", "fallback", times);
  return 0;
}
