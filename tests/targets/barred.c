// barred ANSWER CALL...: its own seccomp filter answers those calls with `errno` or `kill`. It answers each byte of its input
// with a dot once it has asked for the time.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "target.h"

static const struct {
  const char *name;
  int number;
} calls[] = {
    {"mmap", SYS_mmap},         {"munmap", SYS_munmap}, {"memfd_create", SYS_memfd_create},
    {"close", SYS_close},       {"prctl", SYS_prctl},   {"rt_sigprocmask", SYS_rt_sigprocmask},
    {"rt_sigaction", SYS_rt_sigaction},
};

static unsigned number_of(const char *name) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i) {
    if (strcmp(calls[i].name, name) == 0) return (unsigned)calls[i].number;
  }
  _exit(2);
}

int main(int argc, char **argv) {
  char byte;
  struct sock_filter code[32];
  unsigned short length = 0;
  CHECK(argc >= 3 && argc < 16);
  const unsigned answer = strcmp(argv[1], "kill") == 0 ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM;
  code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int i = 2; i < argc; ++i) {
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(argv[i]), 0, 1);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
  }
  code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {length, code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
  CHECK(write(1, "ready\n", 6) == 6);
  while (read(0, &byte, 1) == 1) {
    ask_the_time(100);
    CHECK(write(1, ".", 1) == 1);
  }
  _exit(8);
}
