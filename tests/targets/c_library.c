// c_library: the C library asks for random bytes for itself when memory is first allocated (glibc 2.36 and newer); the program asks
// it for five numbers more.
#include <stdlib.h>
#include <sys/random.h>

#include "target.h"

__attribute__((noinline)) void *allocate(void) {
  void *memory = malloc(100);
  __asm__ volatile("");  // no tail call: the caller is this function
  return memory;
}

__attribute__((noinline)) unsigned token(void) {
  unsigned number;
  CHECK(getrandom(&number, sizeof number, 0) == sizeof number);
  return number;
}

int main(void) {
  void *memory = allocate();
  volatile unsigned sum = 0;
  for (int i = 0; i < 5; ++i) sum += token();
  free(memory);
  return 0;
}
