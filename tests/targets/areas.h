// Where the vDSO of this process and its data are mapped, by /proc/self/maps.
#pragma once

#include "target.h"

enum { kMostAreas = 8 };

struct Area {
  char *start, *end;
};

static struct Area areas[kMostAreas];  // [vvar...] and [vdso], in the order of their addresses
static int area_count;
static struct Area vdso_code;

static inline void find_areas(void) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    int is_code = strstr(line, "[vdso]") != NULL;
    if (!is_code && strstr(line, "[vvar") == NULL) continue;
    CHECK(sscanf(line, "%lx-%lx", &start, &end) == 2 && area_count < kMostAreas);
    areas[area_count++] = (struct Area){(char *)start, (char *)end};
    if (is_code) vdso_code = areas[area_count - 1];
  }
  fclose(maps);
  CHECK(vdso_code.start != NULL);
}

static inline int in_vdso(const void *place) {
  return (const char *)place >= vdso_code.start && (const char *)place < vdso_code.end;
}
