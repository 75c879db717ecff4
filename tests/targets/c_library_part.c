// c_library_part: calls a function of a library that is, by its file's name, a part of the C library, and asks for the processor's
// time in between itself. Compiled with PART defined it is that library.
#include "target.h"

#ifdef PART

int rest_a_while(void) {
  struct timespec used;
  const int result = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  __asm__ volatile("");  // no tail call: the caller is this function
  return result;
}

#else

#include <dlfcn.h>

int (*rest_a_while)(void);

__attribute__((noinline)) void rests(void) {
  CHECK(rest_a_while() == 0);
  __asm__ volatile("");
}

__attribute__((noinline)) void asks(void) {
  struct timespec used;
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  void *const library = dlopen(argv[1], RTLD_NOW);
  CHECK(library != NULL);
  rest_a_while = (int (*)(void))dlsym(library, "rest_a_while");
  CHECK(rest_a_while != NULL);
  for (int i = 0; i < 3; ++i) {
    rests();
    asks();
  }
  return 0;
}

#endif
