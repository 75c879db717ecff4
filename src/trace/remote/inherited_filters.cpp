#include "trace/remote/inherited_filters.hpp"

#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <map>
#include <utility>

#include "base/clock.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {
namespace {

using Arguments = std::array<std::uint64_t, 6>;

/// Arguments below are flags, numbers and protections; above are addresses and sizes.
constexpr std::uint64_t kFirstLarge = std::uint64_t{1} << 24;
constexpr std::int64_t kPatienceNs = 2'000'000'000;
constexpr timespec kPause{0, 50'000};

Arguments without_large(Arguments args) {
  for (std::uint64_t& arg : args) arg = arg < kFirstLarge ? arg : 0;
  return args;
}

[[noreturn]] void make_call(std::int64_t nr, const Arguments& args) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const long result = ::syscall(static_cast<long>(nr), args[0], args[1], args[2], args[3], args[4], args[5]);
  ::_exit(result < 0 ? errno : 0);
}

/// Its status. Nothing if it does not end by itself: then it is killed.
std::optional<int> await_end(pid_t child) {
  for (const std::int64_t until = monotonic_ns() + kPatienceNs; monotonic_ns() <= until;) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return std::nullopt;
    ::nanosleep(&kPause, nullptr);
  }
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {}
  return std::nullopt;
}

/// What the call itself does to the child, which may take its memory away, is no answer of the filters.
std::optional<int> outcome_of(std::int64_t nr, const Arguments& args) {
  const pid_t child = ::fork();
  if (child == 0) make_call(nr, args);
  const auto status = child > 0 ? await_end(child) : std::nullopt;
  if (!status || (WIFSIGNALED(*status) && WTERMSIG(*status) == SIGSYS)) return std::nullopt;
  return WIFEXITED(*status) ? WEXITSTATUS(*status) : 0;
}

}  // namespace

bool under_inherited_filters(StoppedThread& stopped) {
  const Thread& thread = stopped.thread();
  // Those that we have attached to did not get theirs from us.
  if (thread.on_tracer_death != ptrace::OnTracerDeath::kill) return false;
  if (stopped.seccomp_mode() != SECCOMP_MODE_FILTER) return false;
  const auto ours = proc::status_number(::getpid(), "Seccomp_filters");
  return ours > 0 && proc::status_number(thread.tid, "Seccomp_filters") == *ours + (thread.filtered ? 1 : 0);
}

std::optional<int> try_under_inherited_filters(std::int64_t nr, const std::array<std::uint64_t, 6>& args) {
  static std::map<std::pair<std::int64_t, Arguments>, std::optional<int>> known;
  const auto [found, is_new] = known.try_emplace({nr, without_large(args)});
  if (is_new) found->second = outcome_of(nr, args);
  return found->second;
}

}  // namespace vdsotrace
