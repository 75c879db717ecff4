// silent_library: a program that contains its C library, of which no function has unwind information, as a static musl has
// it. From the code of one its frame is known, from another's it is not. Says as tests/targets/callers.c what it called.
#include <asm/unistd.h>
#include <time.h>

#include "vdso_symbol.h"

static long system_call(long nr, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

static void say(const char *text) {
  long length = 0;
  while (text[length] != '\0') ++length;
  system_call(__NR_write, 1, (long)text, length);
}

__attribute__((used)) int (*vdso_clock_gettime)(int, struct timespec *);
__attribute__((used)) static long library_stack;

__asm__(
    ".type clock_gettime, @function\n"
    "clock_gettime:\n"
    "  push %rbx\n"
    "  mov %rsi, %rbx\n"
    "  sub $16, %rsp\n"
    "  mov vdso_clock_gettime(%rip), %rax\n"
    "  test %rax, %rax\n"
    "  je 1f\n"
    "  call *%rax\n"
    "1: add $16, %rsp\n"
    "  pop %rbx\n"
    "  ret\n"
    ".size clock_gettime, .-clock_gettime\n"
    ".type timespec_get, @function\n"
    "timespec_get:\n"
    "  mov %rsp, library_stack(%rip)\n"
    "  and $-64, %rsp\n"
    "  call *vdso_clock_gettime(%rip)\n"
    "  mov library_stack(%rip), %rsp\n"
    "  ret\n"
    ".size timespec_get, .-timespec_get\n");

int library_gettime(int clock, struct timespec *now) __asm__("clock_gettime");
int library_get(int clock, struct timespec *now) __asm__("timespec_get");

__attribute__((noinline, noclone)) static int by_code(struct timespec *now) {
  const int result = library_gettime(CLOCK_MONOTONIC, now);
  return result + (now->tv_nsec < 0);
}

__attribute__((noinline, noclone)) static int by_nobody_knows_whom(struct timespec *now) {
  const int result = library_get(CLOCK_MONOTONIC, now);
  return result + (now->tv_nsec < 0);
}

__attribute__((used)) static void run(long *stack) {
  long *at = stack + 1 + stack[0] + 1;  // argc, argv, NULL
  while (*at != 0) ++at;                // environment
  const char *base = 0;
  for (++at; at[0] != AT_NULL; at += 2) {
    if (at[0] == AT_SYSINFO_EHDR) base = (const char *)at[1];
  }
  vdso_clock_gettime = vdso_symbol(base, "__vdso_clock_gettime");
  struct timespec now;
  int failed = vdso_clock_gettime == 0;
  for (int i = 0; !failed && i < 3; ++i) failed = by_code(&now);
  for (int i = 0; !failed && i < 2; ++i) failed = by_nobody_knows_whom(&now);
  say("called clock_gettime vdso by_code 3\n"
      "called clock_gettime vdso nobody 2\n");
  system_call(__NR_exit_group, failed ? 99 : 0, 0, 0);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call run\n");
