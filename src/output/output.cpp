#include "output/output.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace vdsotrace {
namespace {

constexpr std::size_t kBlock = 256 * 1024;
/// A trace that has come so far gets a thread that writes it.
constexpr std::size_t kLongTrace = 16 * kBlock;

/// The command starts with what a shell would give it: SIGPIPE and SIGXFSZ, which we ignore, kill it
/// again, and no signal is blocked.
Result<pid_t> start_shell(const std::string& command, int input) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  ::posix_spawnattr_init(&attributes);
  sigset_t ignored_by_us;
  ::sigemptyset(&ignored_by_us);
  ::sigaddset(&ignored_by_us, SIGPIPE);
  ::sigaddset(&ignored_by_us, SIGXFSZ);
  ::posix_spawnattr_setsigdefault(&attributes, &ignored_by_us);
  sigset_t none_blocked;
  ::sigemptyset(&none_blocked);
  ::posix_spawnattr_setsigmask(&attributes, &none_blocked);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

  std::string shell = "sh";
  std::string option = "-c";
  std::string text = command;
  char* const arguments[] = {shell.data(), option.data(), text.data(), nullptr};
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, "/bin/sh", &files, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (code != 0) return fail(fmt::format("{}: cannot be run: {}", command, std::strerror(code)), {}, code);
  return pid;
}

}  // namespace

Output::Output(int fd, bool owned, Flush flush, std::string name)
    : fd_(fd), owner_(owned ? fd : -1), flush_(flush), name_(std::move(name)) {}

Output::~Output() { flush(); }

std::shared_ptr<Output> Output::standard_error() {
  return std::shared_ptr<Output>(new Output(STDERR_FILENO, false, Flush::at_once, "standard error"));
}

std::shared_ptr<Output> Output::standard_output() {
  // A copy: ours is closed while a program runs.
  const int copy = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  return std::shared_ptr<Output>(
      new Output(copy < 0 ? STDOUT_FILENO : copy, copy >= 0, Flush::in_blocks, "standard output"));
}

Result<std::shared_ptr<Output>> Output::file(const std::string& path, bool append) {
  const int mode = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
  const int fd = ::open(path.c_str(), mode, 0666);
  if (fd < 0) return fail(fmt::format("{}: {}", path, std::strerror(errno)), {}, errno);
  return std::shared_ptr<Output>(new Output(fd, true, Flush::in_blocks, path));
}

Result<std::shared_ptr<Output>> Output::command(const std::string& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(fmt::format("cannot make a pipe: {}", std::strerror(errno)), {}, errno);
  const UniqueFd input(ends[0]);
  std::shared_ptr<Output> output(new Output(ends[1], true, Flush::in_blocks, command));
  auto pid = start_shell(command, input.get());
  if (!pid) return tl::unexpected(pid.error());
  output->command_ = *pid;
  return output;
}

void Output::write(std::string_view text) {
  if (error_ != 0) return;
  buffer_.append(text);
  if ((flush_ == Flush::at_once && !held_) || buffer_.size() >= kBlock) flush();
}

void Output::hold(bool held) {
  held_ = held;
  if (!held && flush_ == Flush::at_once) flush();
}

void Output::flush() {
  if (buffer_.empty() || error_ != 0) return;
  if (writer_ == nullptr && flush_ == Flush::in_blocks && written_ >= kLongTrace)
    writer_ = std::make_unique<BlockWriter>(fd_);
  written_ += buffer_.size();
  if (writer_ != nullptr) {
    error_ = writer_->write(buffer_);
  } else {
    error_ = write_all(fd_, buffer_);
    buffer_.clear();
  }
}

Result<void> Output::close() {
  flush();
  if (writer_ != nullptr && error_ == 0) error_ = writer_->finish();
  writer_.reset();
  owner_.reset();
  if (command_ > 0) {
    // The session's wait for any child may have reaped it already; that is as well.
    while (::waitpid(command_, nullptr, 0) < 0 && errno == EINTR) {}
    command_ = -1;
  }
  if (error_ == 0) return {};
  return fail(fmt::format("{}: cannot write: {}", name_, std::strerror(error_)), {}, error_);
}

bool Output::is_terminal() const { return ::isatty(fd_) == 1; }

std::optional<std::size_t> Output::terminal_columns() const {
  winsize size{};
  if (::ioctl(fd_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

bool Output::is_standard_error() const {
  struct stat ours {};
  struct stat theirs {};
  if (::fstat(fd_, &ours) != 0 || ::fstat(STDERR_FILENO, &theirs) != 0) return false;
  const bool same = ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
  // A terminal has several names (/dev/tty).
  return same || (is_terminal() && ::isatty(STDERR_FILENO) == 1);
}

}  // namespace vdsotrace
