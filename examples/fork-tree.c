// fork-tree [DEPTH]: a process with two children, each with two children, and so on down to
// DEPTH; every one of them asks for the time once. Trace it with and without -f.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int depth = argc > 1 ? atoi(argv[1]) : 2;
  struct timespec now;
  for (;;) {
    clock_gettime(CLOCK_REALTIME, &now);
    int children = 0;
    while (depth > 0 && children < 2) {
      pid_t child = fork();
      if (child < 0) {
        perror("fork");
        return 1;
      }
      if (child == 0) break;
      ++children;
    }
    if (depth == 0 || children == 2) break;
    --depth;
  }
  int status, failed = 0;
  while (wait(&status) > 0) failed |= status != 0;
  return failed;
}
