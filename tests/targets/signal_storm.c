// Timers interrupt vDSO calls; the handler makes vDSO calls itself.
#include <pthread.h>
#include <signal.h>

#include "target.h"

enum { kSignals = 300, kThreads = 3 };
static long handled;
static timer_t timer;

// Where each signal takes a tracer longer than the time to the next one, the main thread never leaves its handlers:
// so it is they who stop the timers.
static void stop_timers(void) {
  struct itimerval never = {{0, 0}, {0, 0}};
  struct itimerspec also_never = {{0, 0}, {0, 0}};
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0 && timer_settime(timer, 0, &also_never, NULL) == 0);
}

static void on_signal(int signal) {
  (void)signal;
  struct timespec now;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  if (__atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST) == kSignals) stop_timers();
}

static void *work(void *counter) {
  while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) < kSignals) {
    ask_the_time(1);
    ++*(long *)counter;
  }
  return NULL;
}

int main(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0 && sigaction(SIGRTMIN, &action, NULL) == 0);
  struct itimerval every = {{0, 700}, {0, 700}};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
  struct itimerspec also_every = {{0, 900000}, {0, 900000}};
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  CHECK(timer_settime(timer, 0, &also_every, NULL) == 0);
  CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);

  pthread_t ids[kThreads];
  long counts[kThreads] = {0}, total = 0;
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_create(&ids[i], NULL, work, &counts[i]) == 0);
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_join(ids[i], NULL) == 0);
    total += counts[i];
  }
  made(CLOCK_CALL, "vdso", total + handled);
  return 0;
}
