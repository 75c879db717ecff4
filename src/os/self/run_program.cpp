#include "os/self/run_program.hpp"

#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace vdsotrace {
namespace {

/// Ignores a signal for as long as it lives.
class Ignored {
 public:
  explicit Ignored(int signal) : signal_(signal) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(signal, &ignore, &before_);
  }
  ~Ignored() { ::sigaction(signal_, &before_, nullptr); }
  Ignored(const Ignored&) = delete;
  Ignored& operator=(const Ignored&) = delete;
  bool was_ignored() const { return before_.sa_handler == SIG_IGN; }

 private:
  int signal_;
  struct sigaction before_ {};
};

}  // namespace

Result<int> run_program(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  const Ignored interrupt(SIGINT);
  const Ignored quit(SIGQUIT);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  if (!interrupt.was_ignored()) ::sigaddset(&defaults, SIGINT);
  if (!quit.was_ignored()) ::sigaddset(&defaults, SIGQUIT);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int code = ::posix_spawnp(&child, arguments[0], nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (code != 0) return fail(fmt::format("{}: {}", command.front(), std::strerror(code)), {}, code);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail(fmt::format("{}: {}", command.front(), std::strerror(errno)), {}, errno);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace vdsotrace
