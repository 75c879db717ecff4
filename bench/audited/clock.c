// clock COUNT [CLOCK]: asks for that clock (CLOCK_MONOTONIC), so often, in 50 batches, and says what they took as a
// whole: COUNT times the median of a batch, so that what interrupted one does not count.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { kBatches = 50 };

static long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int compare(const void* a, const void* b) {
  const long one = *(const long*)a, other = *(const long*)b;
  return (one > other) - (one < other);
}

int main(int argc, char** argv) {
  const long count = argc > 1 ? atol(argv[1]) / kBatches : 1;
  const clockid_t clock = argc > 2 ? atoi(argv[2]) : CLOCK_MONOTONIC;
  long took[kBatches];
  struct timespec time;
  for (int batch = 0; batch < kBatches; ++batch) {
    const long start = now_ns();
    for (long i = 0; i < count; ++i) clock_gettime(clock, &time);
    took[batch] = now_ns() - start;
  }
  qsort(took, kBatches, sizeof *took, compare);
  printf("%ld\n", took[kBatches / 2] * kBatches);
  return 0;
}
