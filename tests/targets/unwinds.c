// unwinds backtrace|libunwind|frames library|direct: a timer's handler walks the stack, as profilers do, in a loop of vDSO
// calls by the C library (which has no frame pointers) or not. Says how many stacks did not reach main, and how many were interrupted outside of what
// was mapped at the start.
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <ucontext.h>

#include "areas.h"
#include "ready.h"

enum { kStacks = 150, kFrames = 64, kCode = 64 };
typedef int Walk(void **, int);

static struct Area code[kCode];
static int code_count;
static Walk *walk;
static timer_t timer;
static volatile int calling, stacks, without_main, elsewhere, within_vdso;

#define MAIN __attribute__((section("main_text"), noinline))
extern char __start_main_text[], __stop_main_text[];

static void find_code(void) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    char x;
    if (sscanf(line, "%lx-%lx %*c%*c%c", &start, &end, &x) != 3 || x != 'x') continue;
    CHECK(code_count < kCode);
    code[code_count++] = (struct Area){(char *)start, (char *)end};
  }
  fclose(maps);
}

static int is_code(const char *place) {
  for (int i = 0; i < code_count; ++i) {
    if (place >= code[i].start && place < code[i].end) return 1;
  }
  return 0;
}

static int in_main(const char *place) { return place >= __start_main_text && place <= __stop_main_text; }

/// The chain of frame pointers that begins with the interrupted code's.
static int reaches_main_by_frames(const ucontext_t *context) {
  char *const *frame = (char *const *)context->uc_mcontext.gregs[REG_RBP];
  char *stack = (char *)context->uc_mcontext.gregs[REG_RSP];
  for (int i = 0; i < kFrames; ++i) {
    if ((char *)frame < stack || (char *)frame > stack + (1 << 16) || ((size_t)frame & 7) != 0) return 0;
    if (in_main(frame[1])) return 1;
    frame = (char *const *)frame[0];
  }
  return 0;
}

static int reaches_main(void) {
  void *frames[kFrames];
  const int count = walk(frames, kFrames);
  for (int i = 0; i < count; ++i) {
    if (in_main(frames[i])) return 1;
  }
  return 0;
}

static void set_timer(void) {
  const struct itimerspec soon = {{0, 0}, {0, 500000}};
  CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
}

static void look(void *context) {
  const ucontext_t *interrupted = context;
  const char *pc = (const char *)interrupted->uc_mcontext.gregs[REG_RIP];
  ++stacks;
  if (in_vdso(pc)) ++within_vdso;
  if (!is_code(pc)) ++elsewhere;
  if (!(walk != NULL ? reaches_main() : reaches_main_by_frames(interrupted))) ++without_main;
}

static void on_profile(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  if (calling) look(context);
  if (stacks < kStacks) set_timer();
}

__attribute__((noinline)) static void work(ClockGettime *gettime) {
  struct timespec now;
  calling = 1;
  for (int i = 0; i < 100; ++i) gettime(i % 10 == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  calling = 0;
}

static Walk *walker(const char *name) {
  if (strcmp(name, "frames") == 0) return NULL;
  if (strcmp(name, "backtrace") == 0) return backtrace;
  void *library = dlopen("libunwind.so.8", RTLD_NOW);
  if (library == NULL) {
    dprintf(1, "no libunwind\n");
    _exit(77);
  }
  Walk *found = (Walk *)dlsym(library, "unw_backtrace");
  CHECK(found != NULL);
  return found;
}

MAIN int main(int argc, char **argv) {
  void *first[4];
  struct sigaction action = {.sa_sigaction = on_profile, .sa_flags = SA_SIGINFO | SA_RESTART};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
  CHECK(argc > 2);
  walk = walker(argv[1]);
  if (walk != NULL) walk(first, 4);  // loads what it needs
  ClockGettime *gettime = strcmp(argv[2], "direct") == 0 ? vdso("__vdso_clock_gettime") : clock_gettime;
  CHECK(gettime != NULL && sigaction(SIGPROF, &action, NULL) == 0);
  find_areas();
  find_code();
  wait_if_asked();
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  set_timer();
  while (stacks < kStacks) work(gettime);
  dprintf(1, "without main: %d, interrupted elsewhere: %d, within the vDSO: %s\n", without_main, elsewhere,
          within_vdso > 0 ? "yes" : "no");
  return 0;
}
