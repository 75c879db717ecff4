#include "model/seccomp_answer.hpp"

#include <linux/audit.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

#include "os/tracing/seccomp_filter.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

using Filters = std::vector<SeccompFilter>;

constexpr std::uint32_t kArgument = offsetof(seccomp_data, args);

sock_filter statement(int code, std::uint32_t k = 0) { return BPF_STMT(static_cast<std::uint16_t>(code), k); }
sock_filter jump(int code, std::uint32_t k, std::uint8_t if_true, std::uint8_t if_false) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | code), k, if_true, if_false);
}
sock_filter argument(std::uint32_t number) { return statement(BPF_LD | BPF_W | BPF_ABS, kArgument + 8 * number); }
sock_filter answer(std::uint32_t value) { return statement(BPF_RET | BPF_K, value); }

/// getsid, which the C library never makes by itself, fails with the number that `steps` leave in the accumulator,
/// below 256.
SeccompFilter failing_by(const SeccompFilter& steps) {
  SeccompFilter filter{statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)), jump(BPF_JEQ, SYS_getsid, 1, 0),
                       answer(SECCOMP_RET_ALLOW)};
  filter.insert(filter.end(), steps.begin(), steps.end());
  filter.push_back(statement(BPF_ALU | BPF_AND | BPF_K, 0xff));
  filter.push_back(statement(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO));
  filter.push_back(statement(BPF_RET | BPF_A));
  return filter;
}

seccomp_data call_of(std::int64_t nr, std::uint64_t first = 0, std::uint64_t second = 0) {
  seccomp_data call{};
  call.nr = static_cast<int>(nr);
  call.arch = AUDIT_ARCH_X86_64;
  call.args[0] = first;
  call.args[1] = second;
  return call;
}

/// What the kernel makes of getsid in a process of its own under those filters: an error number, or -1 if it refuses
/// one.
int kernel_says(const Filters& filters, std::uint64_t first, std::uint64_t second) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const SeccompFilter& filter : filters) {
      if (!install_filter(filter)) ::raise(SIGKILL);
    }
    errno = 0;
    ::syscall(SYS_getsid, first, second);
    ::_exit(errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int we_say(const Filters& filters, std::uint64_t first, std::uint64_t second) {
  const std::uint32_t said = seccomp_answer(filters, call_of(SYS_getsid, first, second));
  return (said & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO ? static_cast<int>(said & SECCOMP_RET_DATA) : -1;
}

}  // namespace

TEST_CASE("a filter answers what the kernel answers") {
  const sock_filter take = statement(BPF_MISC | BPF_TAX), give = statement(BPF_MISC | BPF_TXA);
  std::vector<SeccompFilter> steps;
  for (const int operation : {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH}) {
    steps.push_back({argument(1), take, argument(0), statement(BPF_ALU | operation | BPF_X)});
    steps.push_back({argument(0), statement(BPF_ALU | operation | BPF_K, 3)});
  }
  for (const int condition : {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET}) {
    steps.push_back({argument(1), take, argument(0), jump(condition | BPF_X, 0, 0, 1), statement(BPF_LD | BPF_IMM, 9)});
    steps.push_back({argument(0), jump(condition, 12, 1, 0), statement(BPF_LD | BPF_IMM, 9)});
  }
  steps.push_back({argument(0), statement(BPF_ALU | BPF_NEG)});
  steps.push_back({argument(0), statement(BPF_ST, 5), argument(1), statement(BPF_LDX | BPF_MEM, 5),
                   statement(BPF_STX, 15), give, statement(BPF_LD | BPF_MEM, 15)});
  steps.push_back({statement(BPF_LD | BPF_W | BPF_LEN)});
  steps.push_back({statement(BPF_LDX | BPF_W | BPF_LEN), give});
  steps.push_back({argument(0), jump(BPF_JA, 1, 0, 0), argument(1)});
  for (const SeccompFilter& some : steps) {
    const Filters filters{failing_by(some)};
    for (const std::uint32_t first : {12u, 77u, 0xf1u}) {
      for (const std::uint32_t second : {2u, 12u, 0x71u}) {
        INFO(&some - steps.data() << ": " << first << ' ' << second);
        CHECK(we_say(filters, first, second) == kernel_says(filters, first, second));
      }
    }
  }
}

TEST_CASE("of several filters the strictest answer holds, and of equals the latest's") {
  const Filters filters{failing_by({statement(BPF_LD | BPF_IMM, 5)}),
                        failing_by({statement(BPF_LD | BPF_IMM, 7)}),
                        {answer(SECCOMP_RET_ALLOW)}};
  CHECK(kernel_says(filters, 0, 0) == 7);
  // As PTRACE_SECCOMP_GET_FILTER has them, the latest first.
  CHECK(we_say({filters.rbegin(), filters.rend()}, 0, 0) == 7);
  const auto strictest = [](std::uint32_t one, std::uint32_t other) {
    return seccomp_answer(Filters{{answer(one)}, {answer(other)}}, call_of(SYS_read));
  };
  const std::uint32_t order[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                                 SECCOMP_RET_ERRNO | 1,    SECCOMP_RET_TRACE,       SECCOMP_RET_LOG};
  for (const std::uint32_t& one : order) {
    CHECK(strictest(one, SECCOMP_RET_ALLOW) == one);
    for (const std::uint32_t* other = &one; other != std::end(order); ++other) CHECK(strictest(*other, one) == one);
  }
}

TEST_CASE("a program that is no filter permits nothing") {
  const auto killed = [](const SeccompFilter& filter) {
    return seccomp_answer(std::span(&filter, 1), call_of(SYS_read)) == SECCOMP_RET_KILL_PROCESS;
  };
  CHECK(killed({}));
  CHECK(killed({statement(BPF_LD | BPF_IMM, 1)}));
  CHECK(killed({jump(BPF_JA, 7, 0, 0), answer(SECCOMP_RET_ALLOW)}));
  CHECK(killed({statement(BPF_LD | BPF_W | BPF_ABS, sizeof(seccomp_data)), answer(SECCOMP_RET_ALLOW)}));
  CHECK(killed({statement(BPF_LD | BPF_W | BPF_ABS, 2), answer(SECCOMP_RET_ALLOW)}));
  CHECK(killed({statement(BPF_ST, BPF_MEMWORDS), answer(SECCOMP_RET_ALLOW)}));
  CHECK(killed({statement(BPF_LD | BPF_MEM, BPF_MEMWORDS), answer(SECCOMP_RET_ALLOW)}));
  CHECK(killed({statement(BPF_ALU | BPF_DIV | BPF_X), answer(SECCOMP_RET_ALLOW)}));
  CHECK(killed({statement(BPF_LD | BPF_H | BPF_IND), answer(SECCOMP_RET_ALLOW)}));
}

TEST_CASE("whether a filter looks at where a call is made") {
  const auto load = [](std::uint32_t at) { return SeccompFilter{statement(BPF_LD | BPF_W | BPF_ABS, at), answer(0)}; };
  CHECK(looks_at_instruction(load(offsetof(seccomp_data, instruction_pointer))));
  CHECK(looks_at_instruction(load(offsetof(seccomp_data, instruction_pointer) + 4)));
  CHECK_FALSE(looks_at_instruction(load(offsetof(seccomp_data, arch))));
  CHECK_FALSE(looks_at_instruction(load(kArgument)));
  CHECK_FALSE(looks_at_instruction({answer(8)}));
}
