// replaced: loads one library after the other into the same place, and calls the function of each. Compiled with CALLER defined it
// is such a library, whose function has that name. Says what `callers` says, and `elsewhere` where a place was not the first.
#ifdef CALLER

#include <time.h>

int CALLER(void) {
  struct timespec now;
  const int result = clock_gettime(CLOCK_MONOTONIC, &now);
  __asm__ volatile("");  // no tail call: the caller is this function
  return result;
}

#else

#include <dlfcn.h>

#include "target.h"

static const char *const kNames[] = {"first_library", "second_library"};

int main(int argc, char **argv) {
  (void)argc;
  char *const slash = strrchr(argv[0], '/');
  CHECK(slash != NULL);
  *slash = '\0';
  void *place = NULL;
  for (int round = 0; round < 6; ++round) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.so", argv[0], kNames[round % 2]);
    void *const library = dlopen(path, RTLD_NOW);
    CHECK(library != NULL);
    int (*const function)(void) = (int (*)(void))dlsym(library, kNames[round % 2]);
    CHECK(function != NULL);
    if (place == NULL) place = (void *)function;
    if (place != (void *)function) puts("elsewhere");
    for (int i = 0; i < 5; ++i) CHECK(function() == 0);
    CHECK(dlclose(library) == 0);
  }
  for (int i = 0; i < 2; ++i) printf("called clock_gettime vdso %s 15\n", kNames[i]);
  return 0;
}

#endif
