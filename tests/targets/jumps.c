// jumps fault|timer: a vDSO call faults on a bad pointer, or a timer interrupts it, and the handler jumps out of it.
#include <setjmp.h>
#include <signal.h>

#include "ready.h"

static Gettimeofday *get_day;
static ClockGettime *get_time;
static struct timespec now;
static sigjmp_buf back;
static volatile int calling;

static void set_timer(void) {
  const struct itimerval soon = {{0, 0}, {0, 500}};
  CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
}

static void on_signal(int signal) {
  if (signal == SIGSEGV || calling) siglongjmp(back, 1);
  set_timer();
}

static void fault(void) {
  if (sigsetjmp(back, 1) == 0) get_day((struct timeval *)0x1000, NULL);
}

static void jump_when_interrupted(void) {
  if (sigsetjmp(back, 1) == 0) {
    set_timer();
    calling = 1;
    for (;;) get_time(CLOCK_BOOTTIME, &now);
  }
  calling = 0;
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_handler = on_signal};
  CHECK(argc > 1 && sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
  get_day = vdso("__vdso_gettimeofday");
  get_time = vdso("__vdso_clock_gettime");
  CHECK(get_day != NULL && get_time != NULL);
  wait_if_asked();
  ask_the_time(3);
  const int times = strcmp(argv[1], "fault") == 0 ? 1 : 20;
  for (volatile int i = 0; i < times; ++i) times == 1 ? fault() : jump_when_interrupted();
  ask_the_time(3);
  dprintf(1, "jumped %d\n", times);
  return 0;
}
