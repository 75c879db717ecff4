// Children that nobody follows have the vDSO as the kernel made it: says a checksum of the
// bytes that each child sees, to be compared with an untraced run's.
#include <spawn.h>
#include <sys/wait.h>

#include "target.h"

extern char **environ;

static int say_checksum(const char *who) {
  const unsigned char *at = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  unsigned long start, end, hash = 5381;
  CHECK(at != NULL && maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, "[vdso]") == NULL) continue;
    CHECK(sscanf(line, "%lx-%lx", &start, &end) == 2 && start == (unsigned long)at);
    for (; at != (const unsigned char *)end; ++at) hash = hash * 33 + *at;
  }
  fclose(maps);
  dprintf(1, "%s sees %016lx\n", who, hash);
  return 0;
}

static void wait_for(pid_t child) {
  int status;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
  if (argc > 1) return say_checksum(argv[1]);
  ask_the_time(5);
  pid_t child = fork();
  if (child == 0) {
    say_checksum("child");
    pid_t grandchild = fork();
    if (grandchild == 0) _exit(say_checksum("grandchild"));
    wait_for(grandchild);
    _exit(0);
  }
  wait_for(child);
  char *arguments[] = {"child_bytes", "spawned child", NULL};
  CHECK(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) == 0);
  wait_for(child);
  ask_the_time(5);
  made(CLOCK_CALL, "vdso", 10);
  return 0;
}
