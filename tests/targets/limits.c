// limits: says what it uses of memory once it has locked all of it and allocated some more.
// limits ADDRESS_SPACE LOCKED: the same under these limits (RLIMIT_AS and RLIMIT_MEMLOCK, in kB), which hold for it
// alone: without the privileges of root.
#include <sys/mman.h>
#include <sys/resource.h>

#include "ready.h"

enum { kMore = 64 };

static long in_kb(const char *field) {
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  long found = -1;
  CHECK(status != NULL);
  while (fgets(line, sizeof line, status) != NULL) {
    if (strncmp(line, field, strlen(field)) == 0) found = atol(line + strlen(field));
  }
  fclose(status);
  return found;
}

/// Whether mlockall has locked what a tracer shares with this process.
static int has_locked_more(void) {
  FILE *maps = fopen("/proc/self/smaps", "r");
  char line[512];
  int is_theirs = 0, locked = 0;
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2) is_theirs = strstr(line, "memfd:vdsotrace") != NULL;
    if (is_theirs && strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " lo") != NULL) locked = 1;
  }
  fclose(maps);
  return locked;
}

static void limit(int what, long kb) {
  const struct rlimit both = {kb * 1024, kb * 1024};
  CHECK(setrlimit(what, &both) == 0);
}

static void allocate(void) {
  for (int i = 0; i < kMore; ++i) {
    char *more = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(more != MAP_FAILED);
    more[0] = 1;
  }
  char *block = malloc(200000);
  CHECK(block != NULL);
  memset(block, 1, 200000);
}

int main(int argc, char **argv) {
  struct timespec now;
  const int limited = argc > 2;
  if (limited) {
    limit(RLIMIT_AS, atol(argv[1]));
    limit(RLIMIT_MEMLOCK, atol(argv[2]));
    if (geteuid() == 0) CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
  }
  wait_if_asked();
  ask_the_time(100);
  CHECK(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
  ask_the_time(100);
  allocate();
  // A tracer that does not see the call unlocks its memory when it sees what the call has done; end_within_a_minute.
  while (has_locked_more()) ask_the_time(1000);
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  if (!limited) dprintf(1, "%ld %ld\n", in_kb("VmPeak:"), in_kb("VmLck:"));
  if (limited) dprintf(1, "locked %ld kB\n", in_kb("VmLck:"));
  return 0;
}
