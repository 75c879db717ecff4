// Threads that make calls from functions that call themselves, with 700 bytes each on the stack: as deep as said, at most 20 times,
// each depth so many times. With a third argument they do so on the stack of a signal handler.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int depths, rounds;

#define SELF __attribute__((noinline, noclone))

SELF static int make_call(void) {
  const int result = access("/nothing", F_OK);
  __asm__ volatile("" ::: "memory");
  return result;
}

SELF static int descend(int more) {
  volatile char used[700];
  used[more] = 1;
  const int result = more == 0 ? make_call() : descend(more - 1);
  __asm__ volatile("" ::: "memory");
  return result + used[more];
}

SELF static void descend_to_all(int signal) {
  (void)signal;
  for (int depth = 0; depth < depths; ++depth)
    for (int i = 0; i < rounds; ++i) descend(depth);
  __asm__ volatile("" ::: "memory");
}

static void *work(void *on_other_stack) {
  if (on_other_stack == NULL) {
    descend_to_all(0);
    return NULL;
  }
  const stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, NULL);
  pthread_kill(pthread_self(), SIGUSR1);
  return NULL;
}

int main(int argc, char **argv) {
  depths = argc > 1 ? atoi(argv[1]) : 5;
  rounds = argc > 2 ? atoi(argv[2]) : 100;
  const struct sigaction action = {.sa_handler = descend_to_all, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &action, NULL);
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, work, argc > 3 ? argv : NULL);
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  work(argc > 3 ? argv : NULL);
  return 0;
}
