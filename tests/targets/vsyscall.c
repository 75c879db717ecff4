// vsyscall [child|bad|threads]: calls through the legacy page at 0xffffffffff600000, where the kernel has it.
// Their results are used at once by the next instructions. time() is up to a tick behind the other clocks.
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "target.h"

static int (*const page_gettimeofday)(struct timeval *, void *) = (void *)0xffffffffff600000;
static time_t (*const page_time)(time_t *) = (void *)0xffffffffff600400;
static long (*const page_getcpu)(unsigned *, unsigned *, void *) = (void *)0xffffffffff600800;

static int page_exists(void) {
  char line[256];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps)) found |= strstr(line, "[vsyscall]") != NULL;
  fclose(maps);
  return found;
}

static void call_all(int rounds) {
  for (int i = 0; i < rounds; ++i) {
    struct timeval day = {0, -1};
    time_t seconds = 0;
    unsigned cpu = 1u << 30, node = 1u << 30;
    CHECK(page_gettimeofday(&day, NULL) == 0 && day.tv_sec > 0 && day.tv_usec >= 0);
    const time_t now = page_time(&seconds);
    CHECK(now == seconds && now >= day.tv_sec - 1 && now <= day.tv_sec + 60);
    CHECK(page_getcpu(&cpu, &node, NULL) == 0 && cpu < 1u << 20 && node < 1u << 20);
  }
}

static void *in_thread(void *unused) {
  call_all(20);
  return unused;
}

static void say(int rounds) {
  made("gettimeofday", "vsyscall", rounds);
  made("time", "vsyscall", rounds);
  made("getcpu", "vsyscall", rounds);
}

static void on_fault(int signal) {
  (void)signal;
  static const char text[] = "SIGSEGV, as without a tracer\n";
  CHECK(write(1, text, sizeof text - 1) == sizeof text - 1);
  _exit(0);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (!page_exists()) return 77;
  // A trap that the tracer forces would show.
  signal(SIGTRAP, SIG_IGN);
  if (strcmp(what, "child") == 0) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      call_all(5);
      _exit(4);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 4);
    call_all(1);
    say(1);
  } else if (strcmp(what, "threads") == 0) {
    pthread_t threads[3];
    for (int i = 0; i < 3; ++i) CHECK(pthread_create(&threads[i], NULL, in_thread, NULL) == 0);
    for (int i = 0; i < 3; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
    say(60);
  } else if (strcmp(what, "bad") == 0) {
    signal(SIGSEGV, on_fault);
    page_time((time_t *)1);
    return 1;
  } else {
    call_all(10);
    say(10);
  }
  CHECK(signal(SIGTRAP, SIG_DFL) == SIG_IGN);
  return 0;
}
