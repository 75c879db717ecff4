// No C library, no dynamic linker: finds the vDSO through the auxiliary vector by itself.
#include <asm/unistd.h>
#include <time.h>

#include "vdso_symbol.h"

static long system_call(long nr, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(nr), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

static void say(const char *text) {
  long length = 0;
  while (text[length] != '\0') ++length;
  system_call(__NR_write, 1, (long)text, length);
}

static void check(int holds) {
  if (!holds) {
    say("check failed\n");
    system_call(__NR_exit_group, 99, 0, 0);
  }
}

__attribute__((used)) static void run(long *stack) {
  long *at = stack + 1 + stack[0] + 1;  // argc, argv, NULL
  while (*at != 0) ++at;                // environment
  const char *base = 0;
  for (++at; at[0] != AT_NULL; at += 2) {
    if (at[0] == AT_SYSINFO_EHDR) base = (const char *)at[1];
  }

  int (*gettime)(int, struct timespec *) = vdso_symbol(base, "__vdso_clock_gettime");
  long (*seconds)(long *) = vdso_symbol(base, "__vdso_time");
  check(gettime != 0 && seconds != 0);
  struct timespec now = {0, 0};
  for (int i = 0; i < 5; ++i) check(gettime(CLOCK_REALTIME, &now) == 0);
  check(gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  for (int i = 0; i < 3; ++i) check(seconds(0) > 1000000000);
  check(system_call(__NR_clock_gettime, CLOCK_REALTIME, (long)&now, 0) == 0);
  say("made clock_gettime vdso 5\n"
      "made clock_gettime fallback 1\n"
      "made clock_gettime syscall 1\n"
      "made time vdso 3\n");
  system_call(__NR_exit_group, 0, 0, 0);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call run\n");
