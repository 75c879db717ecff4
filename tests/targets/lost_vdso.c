// lost_vdso move|unmap: moves its vDSO away or unmaps it, and asks the time until its input ends.
#include <fcntl.h>
#include <sys/mman.h>

#include "target.h"

static unsigned long start, end;

static void find_vdso(void) {
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, "[vdso]") != NULL) CHECK(sscanf(line, "%lx-%lx", &start, &end) == 2);
  }
  fclose(maps);
}

/// Code without its data behind it reads other memory: only what needs none is called there.
static int ask_cpu(Getcpu *getcpu_entry) {
  unsigned cpu;
  return getcpu_entry(&cpu, NULL, NULL);
}

int main(int argc, char **argv) {
  Getcpu *getcpu_entry = (Getcpu *)vdso("__vdso_getcpu");
  struct timespec now;
  char byte;
  const int moves = argc > 1 && strcmp(argv[1], "move") == 0;
  find_vdso();
  CHECK(end > start && getcpu_entry != NULL);
  if (moves) {
    char *place = mmap(NULL, 16 * (end - start), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(place != MAP_FAILED);
    place += 8 * (end - start);
    CHECK(mremap((void *)start, end - start, end - start, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
    getcpu_entry = (Getcpu *)(place + ((unsigned long)getcpu_entry - start));
  } else {
    CHECK(munmap((void *)start, end - start) == 0);
  }
  CHECK(fcntl(0, F_SETFL, O_NONBLOCK) == 0);
  dprintf(1, "ready\n");
  while (read(0, &byte, 1) != 0) {
    if (moves) CHECK(ask_cpu(getcpu_entry) == 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0);
  }
  return 0;
}
