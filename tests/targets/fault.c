// vDSO calls that fault on their result: the handler makes the same call itself, then mends
// the page and returns into the vDSO, or jumps out of it.
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "target.h"

enum { kTimes = 25, kPage = 4096 };
static ClockGettime *gettime;
static char *page;
static int jump;
static sigjmp_buf back;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  struct timespec now;
  CHECK((char *)info->si_addr >= page && (char *)info->si_addr < page + kPage);
  CHECK(gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec > 1000000000);
  if (jump) siglongjmp(back, 1);
  CHECK(mprotect(page, kPage, PROT_READ | PROT_WRITE) == 0);
}

int main(void) {
  gettime = vdso("__vdso_clock_gettime");
  page = mmap(NULL, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(gettime != NULL && page != MAP_FAILED);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  CHECK(sigaction(SIGSEGV, &action, NULL) == 0);

  struct timespec *out = (struct timespec *)page;
  for (int i = 0; i < kTimes; ++i) {
    CHECK(mprotect(page, kPage, PROT_NONE) == 0);
    CHECK(gettime(CLOCK_REALTIME, out) == 0 && out->tv_sec > 1000000000);
  }
  CHECK(mprotect(page, kPage, PROT_NONE) == 0);
  jump = 1;
  for (volatile int i = 0; i < kTimes; ++i) {
    if (sigsetjmp(back, 1) == 0) gettime(CLOCK_REALTIME, out);
  }
  ask_the_time(7);
  made("clock_gettime", "vdso", 3 * kTimes + 7);
  left("clock_gettime", kTimes);
  return 0;
}
