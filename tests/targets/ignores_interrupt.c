/* Ignores SIGINT (or, asked to "handle", has a handler that does nothing), asks for the time, says so, and goes on asking until
 * its standard input ends. It says "over" before it ends by itself. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void do_nothing(int signal) { (void)signal; }

int main(int argc, char **argv) {
  const int handles = argc > 1 && strcmp(argv[1], "handle") == 0;
  struct sigaction action = {.sa_handler = handles ? do_nothing : SIG_IGN, .sa_flags = SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  signal(SIGHUP, SIG_IGN); /* which comes where its terminal goes */
  struct pollfd input = {.fd = 0, .events = POLLIN};
  int told = 0;
  do {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!told) puts("ready");
    told = 1;
    fflush(stdout);
  } while (poll(&input, 1, 1) <= 0);
  puts("over");
  return 7;
}
