// A 64-bit program becomes a 32-bit one, or the other way round; the other lies beside it.
#include <libgen.h>
#include <limits.h>

#include "target.h"

#ifdef __i386__
#define OTHER "calls"
#else
#define OTHER "calls_m32"
#endif

int main(void) {
  char self[PATH_MAX] = {0}, other[PATH_MAX + 16];
  CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  snprintf(other, sizeof other, "%s/%s", dirname(self), OTHER);
  ask_the_time(4);
  made(CLOCK_CALL, "vdso", 4);
  execl(other, OTHER, NULL);
  return 1;
}
