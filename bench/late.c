// late THREADS PERIOD_US: threads that sleep until their next turn, PERIOD_US apart, and read the clock. Says "ready"
// when all are at it, and for each line on standard input by how many nanoseconds the latest turn came late since the
// line before: a thread that is kept stopped comes late. The threads take their turns one after the other, so some are
// due whenever all are stopped.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000L
#define STACK (64 * 1024)

static atomic_long latest_ns;
static atomic_int at_it;
static long threads, period_ns, begin_ns;

static long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * SECOND + now.tv_nsec;
}

static void note(long late) {
  long known = atomic_load(&latest_ns);
  while (late > known && !atomic_compare_exchange_weak(&latest_ns, &known, late)) {}
}

static void* take_turns(void* number) {
  long turn = begin_ns + (long)number * period_ns / threads;
  for (int first = 1;; first = 0) {
    const long late = now_ns() - turn;
    if (late >= 0 && !first) note(late);
    if (first) atomic_fetch_add(&at_it, 1);
    while (turn <= now_ns()) turn += period_ns;
    const struct timespec until = {turn / SECOND, turn % SECOND};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {}
  }
  return number;
}

int main(int argc, char** argv) {
  if (argc < 3) return 1;
  threads = atol(argv[1]);
  period_ns = atol(argv[2]) * 1000;
  begin_ns = now_ns();
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, STACK);
  for (long number = 0; number < threads; ++number) {
    pthread_t thread;
    if (pthread_create(&thread, &small, take_turns, (void*)number) != 0) abort();
  }
  while (atomic_load(&at_it) < threads) usleep(1000);
  atomic_store(&latest_ns, 0);
  puts("ready");
  fflush(stdout);
  for (int byte; (byte = getchar()) != EOF;) {
    if (byte != '\n') continue;
    printf("%ld\n", atomic_exchange(&latest_ns, 0));
    fflush(stdout);
  }
  return 0;
}
