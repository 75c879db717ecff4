// moved THREADS: its main thread and as many others make vDSO calls, and the vDSO is moved with its data, as checkpoint
// tools do. A byte on standard input each:
//
//   c  every thread makes 20 calls; answers "called"
//   m  the vDSO moves; answers "moved"
//   s  answers "same" if the vDSO's code is byte for byte what it was at the start, else "changed"
//
// The C library knows the old place only: nothing here asks it for the time.
#include <pthread.h>
#include <sys/mman.h>

#include "areas.h"

enum { kCalls = 20, kMostThreads = 64, kImage = 1 << 16 };

static char at_start[kImage];
static ClockGettime *gettime;
static pthread_barrier_t begin, end;
static int threads, rounds;

static void make_calls(void) {
  struct timespec now, last = {0, 0};
  for (int i = 0; i < kCalls; ++i) {
    CHECK(gettime(CLOCK_MONOTONIC, &now) == 0);
    CHECK(now.tv_sec > last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec >= last.tv_nsec));
    last = now;
  }
  CHECK(gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  CHECK(gettime(1234567, &now) == -EINVAL);
}

static void *work(void *unused) {
  for (;;) {
    pthread_barrier_wait(&begin);
    make_calls();
    pthread_barrier_wait(&end);
  }
  return unused;
}

static void call(void) {
  ++rounds;
  pthread_barrier_wait(&begin);
  make_calls();
  pthread_barrier_wait(&end);
  dprintf(1, "called\n");
}

/// The code reaches its data relative to itself: all move by the same distance.
static void move(void) {
  char *low = areas[0].start, *high = areas[area_count - 1].end;
  char *place = mmap(NULL, high - low, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(place != MAP_FAILED);
  for (int i = 0; i < area_count; ++i) {
    const size_t size = areas[i].end - areas[i].start;
    char *to = place + (areas[i].start - low);
    CHECK(mremap(areas[i].start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    areas[i] = (struct Area){to, to + size};
  }
  gettime = (ClockGettime *)((char *)gettime + (place - low));
  vdso_code = (struct Area){vdso_code.start + (place - low), vdso_code.end + (place - low)};
  dprintf(1, "moved\n");
}

int main(int argc, char **argv) {
  CHECK(argc > 1);
  threads = atoi(argv[1]);
  gettime = vdso("__vdso_clock_gettime");
  CHECK(gettime != NULL && threads <= kMostThreads);
  find_areas();
  CHECK(vdso_code.end - vdso_code.start <= kImage);
  memcpy(at_start, vdso_code.start, vdso_code.end - vdso_code.start);
  CHECK(pthread_barrier_init(&begin, NULL, threads + 1) == 0 && pthread_barrier_init(&end, NULL, threads + 1) == 0);
  for (int i = 0; i < threads; ++i) {
    pthread_t id;
    CHECK(pthread_create(&id, NULL, work, NULL) == 0);
  }
  for (char question; read(0, &question, 1) == 1;) {
    const size_t size = vdso_code.end - vdso_code.start;
    if (question == 'c') call();
    if (question == 'm') move();
    if (question == 's') dprintf(1, memcmp(at_start, vdso_code.start, size) == 0 ? "same\n" : "changed\n");
  }
  made("clock_gettime", "vdso", (long)rounds * (threads + 1) * kCalls);
  made("clock_gettime", "fallback", (long)rounds * (threads + 1) * 2);
  return 0;
}
