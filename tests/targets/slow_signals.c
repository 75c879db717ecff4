// One timer at a time interrupts calls of the vDSO; the handler makes calls of its own. The next timer is set only when
// the last has been handled, so that a tracer of any speed lets the program get on.
#include <pthread.h>
#include <signal.h>

#include "target.h"

enum { kSignals = 60 };
static volatile long handled;

static void on_alarm(int signal) {
  (void)signal;
  ask_the_time(2);
  ++handled;
}

static void *beside(void *calls) {
  for (; handled < kSignals; ++*(long *)calls) ask_the_time(1);
  return NULL;
}

int main(void) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  sigset_t alarm_only;
  CHECK(sigemptyset(&alarm_only) == 0 && sigaddset(&alarm_only, SIGALRM) == 0);
  // The other thread is not interrupted: it must not be mistaken for this one.
  CHECK(pthread_sigmask(SIG_BLOCK, &alarm_only, NULL) == 0);
  long other = 0, own = 0;
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, beside, &other) == 0);
  CHECK(pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL) == 0);
  for (long i = 0; i < kSignals; ++i) {
    struct itimerval soon = {{0, 0}, {0, 50 + i * 37 % 2000}};
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    for (; handled == i; ++own) ask_the_time(1);
  }
  CHECK(pthread_join(thread, NULL) == 0);
  made("clock_gettime", "vdso", own + other + 2 * kSignals);
  return 0;
}
