// in_stub: makes a child that asks the time for ever, says "child PID", and stops the child in code that somebody has
// added to it (stubs beside its vDSO, trampolines in the unused end of that), in a signal handler that will return
// there. With the argument nodefer the handler runs with its own signal unblocked (SA_NODEFER), as where the thread was
// interrupted. A line on standard input is one of
//
//   enter N  steps the child on to the Nth such instruction from now and gives it a signal there, without a tracer from
//            then on. Answers "in trampoline", "in stub", or "none" where there is no such code.
//   image    answers "image same" if the child's vDSO is byte for byte what it was, else "image differs", or "image has
//            jumps" if that holds for its code.
//   return   lets the handler return. Answers "returned" once the child has asked in all ways again.
//
// The child checks what it is answered, and ends with status 99 otherwise.
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "areas.h"

enum { kMostSteps = 50000, kMostImage = 1 << 16 };

struct Shared {
  atomic_long rounds;
  atomic_int in_handler, may_return;
};
static struct Shared *shared;
static unsigned char at_start[kMostImage];
static unsigned long unused_from;  // address

static size_t image_size(void) { return (size_t)(vdso_code.end - vdso_code.start); }

// ---- the child ----

static void on_signal(int signal) {
  struct timespec now;
  (void)signal;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  shared->in_handler = 1;
  while (!shared->may_return) CHECK(nanosleep(&(struct timespec){0, 100000}, NULL) == 0);
  shared->may_return = 0;
  shared->in_handler = 0;
}

static long long ns(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }

static void ask_for_ever(void) {
  struct timespec before = {0, 0}, now;
  struct timeval day;
  for (;; ++shared->rounds) {
    if (shared->rounds % 4096 == 0) alarm(60);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && ns(now) >= ns(before));
    before = now;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0 && now.tv_nsec < 1000000000);
    CHECK(clock_gettime(1234567, &now) == -1 && errno == EINVAL);
    CHECK(gettimeofday(&day, NULL) == 0 && day.tv_usec >= 0 && day.tv_usec < 1000000);
    CHECK(time(NULL) + 1 >= day.tv_sec);
  }
}

static pid_t make_child(int flags) {
  const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | flags};
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child != 0) return child;
  CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  ask_for_ever();
  _exit(0);
}

// ---- its parent ----

/// Executable memory in front of what a tracer shares with the child.
static int is_stub(pid_t child, unsigned long address) {
  char path[64], line[512];
  int found = 0;
  snprintf(path, sizeof path, "/proc/%d/maps", child);
  FILE *maps = fopen(path, "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    char rights[8], name[256] = "";
    CHECK(sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &start, &end, rights, name) >= 3);
    if (address >= start && address < end) found = rights[2] == 'x' && name[0] == '\0';
  }
  fclose(maps);
  return found;
}

static const char *added_code_at(pid_t child, unsigned long counter) {
  static unsigned long known_page;
  static int known;
  if (counter >= unused_from && counter < (unsigned long)vdso_code.end) return "trampoline";
  if (counter >= (unsigned long)vdso_code.start && counter < unused_from) return NULL;
  if (counter >> 12 != known_page) known = is_stub(child, counter);
  known_page = counter >> 12;
  return known ? "stub" : NULL;
}

static void wait_for_stop(pid_t child) {
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  if (WIFSTOPPED(status)) return;
  dprintf(2, "the child ended with wait status 0x%x\n", status);
  _exit(98);
}

static void enter(pid_t child, long wanted) {
  const char *where = NULL;
  struct user_regs_struct registers;
  CHECK(ptrace(PTRACE_SEIZE, child, NULL, NULL) == 0 && ptrace(PTRACE_INTERRUPT, child, NULL, NULL) == 0);
  wait_for_stop(child);
  for (long steps = 0, met = 0; met < wanted && steps < kMostSteps; ++steps) {
    CHECK(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0);
    wait_for_stop(child);
    CHECK(ptrace(PTRACE_GETREGS, child, NULL, &registers) == 0);
    where = added_code_at(child, registers.rip);
    if (where != NULL) ++met;
  }
  CHECK(ptrace(PTRACE_DETACH, child, NULL, (void *)(long)SIGUSR1) == 0);
  while (!shared->in_handler) CHECK(kill(child, 0) == 0 && waitpid(child, NULL, WNOHANG) == 0);
  if (where != NULL) {
    dprintf(1, "in %s\n", where);
  } else {
    dprintf(1, "none\n");
  }
}

static void compare_image(pid_t child) {
  unsigned char now[kMostImage];
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  FILE *memory = fopen(path, "r");
  CHECK(memory != NULL && fseek(memory, (long)vdso_code.start, SEEK_SET) == 0);
  CHECK(fread(now, 1, image_size(), memory) == image_size());
  fclose(memory);
  const size_t used = unused_from - (unsigned long)vdso_code.start;
  const char *what = "differs";
  if (memcmp(now, at_start, image_size()) == 0) what = "same";
  if (memcmp(now, at_start, used) != 0) what = "has jumps";
  dprintf(1, "image %s\n", what);
}

static void let_return(pid_t child) {
  int status;
  shared->may_return = 1;
  while (shared->in_handler) CHECK(waitpid(child, NULL, WNOHANG) == 0);
  const long before = shared->rounds;
  while (shared->rounds < before + 2) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended != 0) dprintf(2, "the child ended with wait status 0x%x\n", status);
    CHECK(ended == 0);
  }
  dprintf(1, "returned\n");
}

int main(int argc, char **argv) {
  char line[32];
  long number;
  find_areas();
  CHECK(image_size() <= kMostImage);
  memcpy(at_start, vdso_code.start, image_size());
  size_t used = image_size();
  while (used > 0 && at_start[used - 1] == 0) --used;
  unused_from = (unsigned long)vdso_code.start + used;
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(shared != MAP_FAILED);
  const pid_t child = make_child(argc > 1 && strcmp(argv[1], "nodefer") == 0 ? SA_NODEFER : 0);
  dprintf(1, "child %d\n", child);
  while (fgets(line, sizeof line, stdin) != NULL) {
    alarm(60);
    if (sscanf(line, "enter %ld", &number) == 1) enter(child, number);
    if (strcmp(line, "image\n") == 0) compare_image(child);
    if (strcmp(line, "return\n") == 0) let_return(child);
  }
  CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
  return 0;
}
