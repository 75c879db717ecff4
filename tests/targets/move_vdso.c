// move_vdso unmap|move: what checkpoint tools and sandboxes do to their vDSO.
#include <sys/mman.h>

#include "areas.h"

static void by_system_call(int count) {
  struct timespec now;
  for (int i = 0; i < count; ++i) CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0);
  made("clock_gettime", "syscall", count);
}

int main(int argc, char **argv) {
  ClockGettime *gettime = vdso("__vdso_clock_gettime");
  struct timespec now;
  CHECK(argc > 1 && gettime != NULL);
  find_areas();
  for (int i = 0; i < 5; ++i) CHECK(gettime(CLOCK_MONOTONIC, &now) == 0);
  if (strcmp(argv[1], "unmap") == 0) {
    made("clock_gettime", "vdso", 5);
    CHECK(munmap(vdso_code.start, vdso_code.end - vdso_code.start) == 0);
    by_system_call(5);
    return 0;
  }
  // The code reaches its data relative to itself: both move by the same distance.
  char *low = areas[0].start, *high = areas[area_count - 1].end;
  char *place = mmap(NULL, high - low, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(place != MAP_FAILED);
  for (int i = 0; i < area_count; ++i) {
    size_t size = areas[i].end - areas[i].start;
    char *to = place + (areas[i].start - low);
    CHECK(mremap(areas[i].start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
  }
  ClockGettime *moved = (ClockGettime *)((char *)gettime + (place - low));
  for (int i = 0; i < 5; ++i) CHECK(moved(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec >= 0);
  made("clock_gettime", "vdso", 10);
  by_system_call(5);
  return 0;
}
