// exec_chain [LINKS]: executes itself again and again.
#include "target.h"

int main(int argc, char **argv) {
  int links = argc > 1 ? atoi(argv[1]) : 20;
  ask_the_time(3);
  made(CLOCK_CALL, "vdso", 3);
  if (links == 0) return 5;
  char rest[16];
  snprintf(rest, sizeof rest, "%d", links - 1);
  execl("/proc/self/exe", "exec_chain", rest, NULL);
  return 1;
}
