// vDSO calls on unusual stacks: an alternate signal stack, coroutines, the smallest thread.
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#include "target.h"

enum { kRounds = 20 };

static void on_signal(int signal) {
  (void)signal;
  ask_the_time(2);
}

static void on_alternate_stack(void) {
  stack_t stack = {.ss_sp = malloc(64 * 1024), .ss_size = 64 * 1024};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
  for (int i = 0; i < kRounds; ++i) CHECK(raise(SIGUSR1) == 0);
}

static ucontext_t outside, inside[2];
static int turn;

static void coroutine(void) {
  for (;;) {
    ask_the_time(1);
    int self = turn;
    CHECK(swapcontext(&inside[self], &outside) == 0);
  }
}

static void prepare(ucontext_t *context) {
  CHECK(getcontext(context) == 0);
  context->uc_stack = (stack_t){.ss_sp = malloc(64 * 1024), .ss_size = 64 * 1024};
  makecontext(context, coroutine, 0);
}

static void in_coroutines(void) {
  prepare(&inside[0]);
  prepare(&inside[1]);
  for (int i = 0; i < 2 * kRounds; ++i) {
    turn = i % 2;
    CHECK(swapcontext(&outside, &inside[turn]) == 0);
  }
}

static void *on_tiny_stack(void *unused) {
  ask_the_time(2 * kRounds);
  return unused;
}

int main(void) {
  on_alternate_stack();
  in_coroutines();
  pthread_attr_t tiny;
  pthread_t id;
  CHECK(pthread_attr_init(&tiny) == 0 && pthread_attr_setstacksize(&tiny, PTHREAD_STACK_MIN) == 0);
  CHECK(pthread_create(&id, &tiny, on_tiny_stack, NULL) == 0 && pthread_join(id, NULL) == 0);
  made(CLOCK_CALL, "vdso", 6 * kRounds);
  return 0;
}
