// pointers HOW ROUNDS: makes ROUNDS vDSO calls with its own thread pointer and as many with others, one after the other, by no C
// library; a second thread does the same meanwhile.
//
//   call         the thread pointer is set by arch_prctl(2)
//   instruction  by wrfsbase; 77 where the kernel does not let programs use it
#include <asm/prctl.h>
#include <linux/futex.h>
#include <sched.h>

#include "ready.h"

enum { kPointers = 4, kStack = 64 * 1024, kFsgsbase = 2 /* HWCAP2_FSGSBASE */ };

static ClockGettime *gettime;
static long rounds;
static int by_instruction;
static char own[2][kPointers][4096] __attribute__((aligned(4096)));
static volatile int alive;

static long arch_prctl(int what, unsigned long address) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "0"(SYS_arch_prctl), "D"(what), "S"(address) : "rcx", "r11", "memory");
  return result;
}

static void set_pointer(unsigned long pointer) {
  if (by_instruction) {
    __asm__ volatile("wrfsbase %0" : : "r"(pointer) : "memory");
  } else if (arch_prctl(ARCH_SET_FS, pointer) != 0) {
    __builtin_trap();
  }
}

/// Nothing here looks at what lies at the thread pointer.
__attribute__((noinline, optimize("no-stack-protector"))) static void make_calls(char (*pointers)[4096], unsigned long first) {
  struct timespec now;
  for (long i = 0; i < rounds; ++i) {
    gettime(CLOCK_MONOTONIC, &now);
    set_pointer((unsigned long)pointers[i % kPointers]);
    gettime(CLOCK_MONOTONIC, &now);
    set_pointer(first);
  }
}

static int other(void *unused) {
  (void)unused;
  make_calls(own[1], (unsigned long)own[1][0]);
  return 0;
}

int main(int argc, char **argv) {
  static char stack[kStack] __attribute__((aligned(16)));
  CHECK(argc > 2);
  by_instruction = strcmp(argv[1], "instruction") == 0;
  if (by_instruction && (getauxval(AT_HWCAP2) & kFsgsbase) == 0) return 77;
  rounds = atol(argv[2]);
  gettime = vdso("__vdso_clock_gettime");
  CHECK(gettime != NULL);
  unsigned long first = 0;
  CHECK(arch_prctl(ARCH_GET_FS, (unsigned long)&first) == 0);
  wait_if_asked();
  alive = 1;
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                    CLONE_CHILD_CLEARTID;
  CHECK(clone(other, stack + kStack, flags, NULL, NULL, own[1][0], &alive) > 0);
  make_calls(own[0], first);
  while (alive) syscall(SYS_futex, &alive, FUTEX_WAIT, 1, NULL, NULL, 0);
  made("clock_gettime", "vdso", 4 * rounds);
  return 0;
}
