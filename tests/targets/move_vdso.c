// move_vdso unmap|move: what checkpoint tools and sandboxes do to their vDSO.
#include <sys/mman.h>

#include "target.h"

static struct Area {
  char *start, *end;
} areas[8];
static int area_count;
static struct Area code;

static void find_areas(void) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    int is_code = strstr(line, "[vdso]") != NULL;
    if (!is_code && strstr(line, "[vvar") == NULL) continue;
    CHECK(sscanf(line, "%lx-%lx", &start, &end) == 2 && area_count < 8);
    areas[area_count++] = (struct Area){(char *)start, (char *)end};
    if (is_code) code = areas[area_count - 1];
  }
  fclose(maps);
  CHECK(code.start != NULL);
}

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
    CHECK(munmap(code.start, code.end - code.start) == 0);
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
