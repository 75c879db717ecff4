// Linked statically. Its own clock_gettime and getrandom stand for a C library's, with as much on the stack between the vDSO and
// who called them, by_clock and by_random, as glibc's have (getrandom: 17 words since 2.41).
#include <sys/mman.h>
#include <sys/random.h>

#include "target.h"

enum { kCalls = 5, kClockWords = 8, kRandomWords = 18 };
typedef ssize_t Getrandom(void *, size_t, unsigned, void *, size_t);

static ClockGettime *gettime;
static Getrandom *entry;
static void *state;
static size_t state_size;

/// Keeps the compiler from giving up the frame.
static void use(volatile long *frame, int words) {
  for (int i = 0; i < words; ++i) frame[i] = 0;
}

__attribute__((noinline)) int clock_gettime(clockid_t clock, struct timespec *now) {
  volatile long frame[kClockWords];
  use(frame, kClockWords);
  int result = gettime(clock, now);
  return result + (int)frame[0];
}

__attribute__((noinline)) ssize_t getrandom(void *bytes, size_t size, unsigned flags) {
  volatile long frame[kRandomWords];
  use(frame, kRandomWords);
  ssize_t result = entry(bytes, size, flags, state, state_size);
  return result + frame[0];
}

/// The vDSO says how its state is to be made (Linux 6.11, getrandom(2) and vgetrandom in the kernel's documentation).
static void make_state(void) {
  struct {
    unsigned size, protection, flags, reserved[13];
  } how;
  CHECK(entry(NULL, 0, 0, &how, ~0ul) == 0);
  state_size = how.size;
  state = mmap(NULL, 4096, how.protection, how.flags, -1, 0);
  CHECK(state != MAP_FAILED);
}

__attribute__((noinline)) static void by_clock(void) {
  struct timespec now;
  for (int i = 0; i < kCalls; ++i) CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
}

__attribute__((noinline)) static void by_random(void) {
  char bytes[16];
  for (int i = 0; i < kCalls; ++i) CHECK(getrandom(bytes, sizeof bytes, 0) == sizeof bytes);
}

int main(void) {
  gettime = vdso("__vdso_clock_gettime");
  entry = vdso("__vdso_getrandom");
  CHECK(gettime != NULL);
  by_clock();
  dprintf(1, "called clock_gettime by_clock %d\n", kCalls + 1);
  if (entry == NULL) return 0;
  make_state();
  by_random();
  dprintf(1, "called getrandom by_random %d\n", kCalls);
  return 0;
}
