// A timer's handler throws out of the vDSO call that it interrupts, as runtimes with asynchronous exceptions do:
// every one is caught. Compiled with -fnon-call-exceptions and -fasynchronous-unwind-tables.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "vdso_symbol.h"

namespace {

constexpr int kThrows = 100;
using ClockGettime = int (*)(clockid_t, timespec*);
struct Interrupted {};

volatile bool calling = false;

void set_timer() {
  const itimerval soon = {{0, 0}, {0, 400}};
  if (setitimer(ITIMER_REAL, &soon, nullptr) != 0) _exit(99);
}

void on_alarm(int) {
  if (calling) throw Interrupted();
  set_timer();
}

__attribute__((noinline)) void call(ClockGettime gettime, clockid_t clock) {
  timespec now;
  calling = true;
  for (;;) gettime(clock, &now);
}

bool throws_out_of(ClockGettime gettime, clockid_t clock) {
  set_timer();
  try {
    call(gettime, clock);
  } catch (const Interrupted&) {
    calling = false;
    return true;
  }
  return false;
}

void wait_if_asked() {
  char byte;
  if (std::getenv("READY") == nullptr) return;
  if (dprintf(1, "ready\n") < 0 || read(0, &byte, 1) != 1) _exit(99);
}

}  // namespace

int main() {
  ClockGettime by_library = clock_gettime;
  const auto direct = reinterpret_cast<ClockGettime>(
      vdso_symbol(reinterpret_cast<const char*>(getauxval(AT_SYSINFO_EHDR)), "__vdso_clock_gettime"));
  struct sigaction action = {};
  action.sa_handler = on_alarm;
  action.sa_flags = SA_NODEFER;  // a handler that throws does not return
  if (direct == nullptr || sigaction(SIGALRM, &action, nullptr) != 0) return 99;
  wait_if_asked();
  int caught = 0;
  for (int i = 0; i < kThrows; ++i) {
    caught += throws_out_of(i % 2 == 0 ? by_library : direct, i % 5 == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC);
  }
  std::printf("caught %d\n", caught);
}
