// coarse HOW: asks for the coarse time, and answers each byte of its input with a dot once it has done so again; but may not
// read the processor's time-stamp counter.
//
//   strict   as it is under strict seccomp, where all system calls but read, write, exit and sigreturn kill it
//   counter  as it has asked for that by prctl(PR_SET_TSC)
//   later    as it asks for that so when it reads an 'f'
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "target.h"

static ClockGettime *gettime;
static Time *get_time;

/// Without the C library: strict mode is the thread's own.
static void ask(int count) {
  struct timespec now;
  for (int i = 0; i < count; ++i) CHECK(gettime(CLOCK_MONOTONIC_COARSE, &now) == 0 && get_time(NULL) > 0);
}

static int forbid_counter(void) { return prctl(PR_SET_TSC, PR_TSC_SIGSEGV); }

int main(int argc, char **argv) {
  char byte;
  const char *how = argc > 1 ? argv[1] : "";
  gettime = vdso("__vdso_clock_gettime");
  get_time = vdso("__vdso_time");
  CHECK(gettime != NULL && get_time != NULL);
  if (strcmp(how, "counter") == 0) CHECK(forbid_counter() == 0);
  if (strcmp(how, "strict") == 0) CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
  if (write(1, "ready\n", 6) != 6) syscall(SYS_exit, 1);
  while (read(0, &byte, 1) == 1) {
    if (byte == 'f') CHECK(forbid_counter() == 0);
    ask(100);
    if (write(1, ".", 1) != 1) syscall(SYS_exit, 1);
  }
  syscall(SYS_exit, 8);
}
