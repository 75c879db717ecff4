// A 64-bit program becomes a 32-bit one, which lies beside it.
#include <libgen.h>
#include <limits.h>

#include "target.h"

int main(void) {
  char self[PATH_MAX] = {0}, other[PATH_MAX + 16];
  CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  snprintf(other, sizeof other, "%s/calls_m32", dirname(self));
  ask_the_time(4);
  made("clock_gettime", "vdso", 4);
  execl(other, "calls_m32", NULL);
  return 1;
}
