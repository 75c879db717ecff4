// Calls clock_gettime six times: five stay in user space, one cannot.
#include "target.h"

int main(void) {
  struct timespec time;
  for (int i = 0; i < 5; ++i) CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
  return 0;
}
