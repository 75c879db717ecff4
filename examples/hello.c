// A program whose every conversation with the kernel strace can show.
#include <stdio.h>

int main(void) {
  puts("Hello");
  return 0;
}
