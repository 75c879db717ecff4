// What the calling convention promises across a call holds across a vDSO call.
#include "target.h"

__attribute__((used)) static unsigned long saved[6];
__attribute__((used)) static unsigned control_word;

static long call_and_keep(void *function, long a, long b, long c) {
  long result;
  static unsigned mxcsr = 0x1f80 | 0x6000;  // all exceptions masked, round towards zero
  __asm__ volatile(
      "push %%rbp\n"
      "lea -136(%%rsp), %%rsp\n"
      "stmxcsr (%%rsp); ldmxcsr %[mxcsr]\n"
      "mov %%rsp, %%r15; and $-16, %%rsp\n"
      "mov $0x1111111111111111, %%rbx; mov $0x2222222222222222, %%rbp\n"
      "mov $0x3333333333333333, %%r12; mov $0x4444444444444444, %%r13\n"
      "mov $0x5555555555555555, %%r14\n"
      "call *%[function]\n"
      "mov %%rbx, saved(%%rip); mov %%rbp, saved+8(%%rip); mov %%r12, saved+16(%%rip)\n"
      "mov %%r13, saved+24(%%rip); mov %%r14, saved+32(%%rip)\n"
      "pushfq; pop saved+40(%%rip)\n"
      "stmxcsr control_word(%%rip)\n"
      "mov %%r15, %%rsp; ldmxcsr (%%rsp); lea 136(%%rsp), %%rsp; pop %%rbp\n"
      : "=a"(result), "+D"(a), "+S"(b), "+d"(c)
      : [function] "r"(function), [mxcsr] "m"(mxcsr)
      : "rbx", "r12", "r13", "r14", "r15", "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
  CHECK(saved[0] == 0x1111111111111111 && saved[1] == 0x2222222222222222);
  CHECK(saved[2] == 0x3333333333333333 && saved[3] == 0x4444444444444444);
  CHECK(saved[4] == 0x5555555555555555 && control_word == mxcsr);
  CHECK((saved[5] & 0x500) == 0);  // trap and direction flags
  return result;
}

int main(void) {
  struct timespec now;
  struct timeval day;
  unsigned cpu;
  for (int i = 0; i < 10; ++i) {
    CHECK((int)call_and_keep(vdso("__vdso_clock_gettime"), CLOCK_MONOTONIC, (long)&now, 0) == 0);
    CHECK((int)call_and_keep(vdso("__vdso_clock_gettime"), CLOCK_THREAD_CPUTIME_ID, (long)&now, 0) == 0);
    CHECK((int)call_and_keep(vdso("__vdso_clock_getres"), CLOCK_MONOTONIC, (long)&now, 0) == 0);
    CHECK((int)call_and_keep(vdso("__vdso_gettimeofday"), (long)&day, 0, 0) == 0);
    CHECK(call_and_keep(vdso("__vdso_time"), 0, 0, 0) > 1000000000);
    CHECK((int)call_and_keep(vdso("__vdso_getcpu"), (long)&cpu, 0, 0) == 0);
  }
  made("clock_gettime", "vdso", 10);
  made("clock_gettime", "fallback", 10);
  made("clock_getres", "vdso", 10);
  made("gettimeofday", "vdso", 10);
  made("time", "vdso", 10);
  made("getcpu", "vdso", 10);
  return 0;
}
