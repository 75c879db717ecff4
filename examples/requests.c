// A server that asks for the time more often than it has to: each request is stamped, its deadline is checked again and
// again, and the processor time that it took is accounted for.
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

enum { REQUESTS = 20000, CHECKS = 20 };

static long long stamps, spent;

__attribute__((noinline)) static void stamp(void) {
  struct timeval now;
  gettimeofday(&now, NULL);
  stamps += now.tv_sec;
}

__attribute__((noinline)) static int is_late(time_t deadline) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec > deadline;
}

__attribute__((noinline)) static void account(void) {
  struct timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  spent = used.tv_nsec;
}

int main(int argc, char **argv) {
  (void)argv;
  const time_t deadline = (1L << 40) + argc;  // far away
  int late = 0;
  for (int request = 0; request < REQUESTS; ++request) {
    stamp();
    for (int i = 0; i < CHECKS; ++i) late += is_late(deadline);
    account();
  }
  printf("%d requests, %d late, the last at %lld ns\n", REQUESTS, late, spent);
  return stamps == 0;
}
