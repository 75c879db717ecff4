// clock_switch CLOCKSOURCE: asks for the time, makes the kernel use another clocksource, and asks again. For guests: as root.
#include <fcntl.h>

#include "target.h"

enum { kTimes = 3 };

int main(int argc, char **argv) {
  const char *source = argc > 1 ? argv[1] : "acpi_pm";
  const struct timespec moment = {1, 0};
  ask_the_time(kTimes);
  const int file = open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_WRONLY);
  CHECK(file >= 0 && write(file, source, strlen(source)) == (ssize_t)strlen(source));
  close(file);
  nanosleep(&moment, NULL);  // a timer tick switches it
  ask_the_time(kTimes);
  return 0;
}
