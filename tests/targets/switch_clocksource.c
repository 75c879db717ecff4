// switch_clocksource NAME...: asks for the time before and after it has made each of these the system's clocksource.
// For guests only: it changes the machine.
#include <fcntl.h>

#include "target.h"

enum { kTimes = 5 };

static void make_clocksource(const char *name) {
  const int file = open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_WRONLY);
  CHECK(file >= 0 && write(file, name, strlen(name)) == (ssize_t)strlen(name));
  CHECK(close(file) == 0);
}

int main(int argc, char **argv) {
  ask_the_time(kTimes);
  for (int i = 1; i < argc; ++i) {
    make_clocksource(argv[i]);
    ask_the_time(kTimes);
  }
  return 0;
}
