// Which system calls site stubs count.
#include "engines/syscalls/attached/uncounted_calls.hpp"

#include <sys/syscall.h>

#include <algorithm>

#include "support/catch.hpp"

using namespace vdsotrace;

TEST_CASE("calls are counted by number unless something else shows them, or needs their instruction") {
  for (const std::int64_t nr : {SYS_read, SYS_close, SYS_futex, SYS_restart_syscall, SYS_openat2})
    CHECK(is_counted_by_number(nr));
  for (const std::int64_t nr : {SYS_clone, SYS_clone3, SYS_fork, SYS_vfork, SYS_execve, SYS_execveat, SYS_exit,
                                SYS_exit_group, SYS_rt_sigreturn, SYS_clock_gettime, SYS_getrandom, SYS_time})
    CHECK_FALSE(is_counted_by_number(nr));
  for (const std::int64_t nr :
       {std::int64_t{-1}, std::int64_t{400}, std::int64_t{511}, std::int64_t{512}, std::int64_t{1} << 40})
    CHECK_FALSE(is_counted_by_number(nr));
}

TEST_CASE("a call that is not counted is known otherwise, or has no name") {
  const auto known = numbers_known_otherwise();
  for (const std::int64_t nr : known) CHECK_FALSE(is_counted_by_number(nr));
  for (const std::int64_t nr : {SYS_execve, SYS_exit, SYS_rt_sigreturn, SYS_gettimeofday})
    CHECK(std::ranges::find(known, nr) != known.end());
}
