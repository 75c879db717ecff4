// Asks for the time and prints it. strace shows the printing and not the asking.
#include <stdio.h>
#include <sys/time.h>

int main(void) {
  struct timeval now;
  if (gettimeofday(&now, NULL) != 0) {
    perror("gettimeofday");
    return 1;
  }
  printf("Seconds: %lld\n", (long long)now.tv_sec);
  return 0;
}
