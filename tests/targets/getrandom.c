// getrandom through the vDSO with a state of our own (Linux 6.11; a C library does this from
// glibc 2.41 on). The first call on a fresh state reaches the kernel, later ones seldom do.
#include <sys/mman.h>
#include <sys/wait.h>

#include "target.h"

typedef ssize_t Getrandom(void *, size_t, unsigned, void *, size_t);
struct opaque_params {
  unsigned size, mmap_prot, mmap_flags, reserved[13];
};

/// Such a C library asks, before main(), how its own state must be made.
#if __GLIBC_PREREQ(2, 41)
enum { kOfLibrary = 1 };
#else
enum { kOfLibrary = 0 };
#endif

int main(void) {
  Getrandom *random_ = vdso("__vdso_getrandom");
  if (random_ == NULL) {
    puts("no vDSO getrandom");
    return 0;
  }
  struct opaque_params how;
  CHECK(random_(NULL, 0, 0, &how, ~0ul) == 0 && how.size > 0 && how.size <= 4096);
  void *state = mmap(NULL, 4096, how.mmap_prot, how.mmap_flags, -1, 0);
  CHECK(state != MAP_FAILED);
  unsigned char bytes[64], before[64] = {0};
  for (int i = 0; i < 50; ++i) {
    CHECK(random_(bytes, sizeof bytes, 0, state, how.size) == sizeof bytes);
    CHECK(memcmp(bytes, before, sizeof bytes) != 0);
    memcpy(before, bytes, sizeof bytes);
  }
  made("getrandom", "any", 51 + kOfLibrary);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    for (int i = 0; i < 10; ++i) CHECK(random_(bytes, 32, 0, state, how.size) == 32);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  child_made("getrandom", "any", 10);
  return 0;
}
