#include "os/tracing/reaper.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/proc/proc.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

pid_t make_child(void (*work)()) {
  const pid_t pid = ::fork();
  if (pid == 0) work();
  return pid;
}

}  // namespace

TEST_CASE("a reaper waits for who has ended and leaves a tracee's stop to others") {
  const pid_t stopped = make_child([] {
    ::ptrace(PTRACE_TRACEME, 0, 0, 0);
    ::raise(SIGSTOP);
    ::_exit(0);
  });
  const pid_t ended = make_child([] { ::_exit(3); });
  REQUIRE(stopped > 0);
  REQUIRE(ended > 0);
  while (proc::state(stopped) != 't') ::sched_yield();

  std::vector<pid_t> threads = {stopped, ended};
  Reaper reaper(threads);
  // It is reaped in the middle of this: then nobody has that number any more.
  const bool gone = reaper.during([ended] {
    while (proc::state(ended)) ::sched_yield();
    return true;
  });
  CHECK(gone);
  CHECK(threads == std::vector<pid_t>{stopped, 0});

  int status = 0;
  CHECK(::waitpid(stopped, &status, WNOHANG) == stopped);
  CHECK(WIFSTOPPED(status));
  ::kill(stopped, SIGKILL);
  ::waitpid(stopped, &status, 0);
}
