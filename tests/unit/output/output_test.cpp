#include "output/output.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>

#include "base/unique_fd.hpp"
#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

/// Standard error is this pipe's writing end as long as it lives.
class StandardErrorPipe {
 public:
  explicit StandardErrorPipe(int flags) : saved_(::dup(STDERR_FILENO)) {
    int ends[2];
    REQUIRE(::pipe2(ends, flags) == 0);
    reader_.reset(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }
  ~StandardErrorPipe() { restore(); }

  void restore() {
    if (saved_.get() >= 0) ::dup2(saved_.get(), STDERR_FILENO);
    saved_.reset();
  }
  int reader() const { return reader_.get(); }

 private:
  UniqueFd saved_;
  UniqueFd reader_;
};

/// What vdsotrace itself does while it runs.
class NoSigpipe {
 public:
  NoSigpipe() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~NoSigpipe() { std::signal(SIGPIPE, before_); }

 private:
  void (*before_)(int);
};

}  // namespace

TEST_CASE("a file is written in blocks and when the trace pauses") {
  Scratch scratch;
  scratch.output->write("line\n");
  CHECK(text_in(scratch.path()).empty());
  scratch.output->flush();
  CHECK(text_in(scratch.path()) == "line\n");
  scratch.output->write(std::string(256 * 1024, 'x'));
  CHECK(text_in(scratch.path()).size() == 5 + 256 * 1024);
}

TEST_CASE("a long trace is whole and in order when it is closed") {
  Scratch scratch;
  std::string all;
  for (int i = 0; all.size() < (16 << 20); ++i) {
    const std::string line = std::to_string(i) + std::string(static_cast<std::size_t>(i % 100), 'x') + "\n";
    scratch.output->write(line);
    if (i % 30'000 == 0) scratch.output->flush();
    all += line;
  }
  REQUIRE(scratch.output->close());
  CHECK(text_in(scratch.path()) == all);
}

TEST_CASE("what a long trace cannot write is said at its end") {
  auto output = Output::file("/dev/null", false);
  REQUIRE(output);
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 8; ++i) (*output)->write(block);
  CHECK((*output)->close());
  NoSigpipe quiet;
  // A reader that has seen enough.
  auto command = Output::command("head -c 5000000 >/dev/null");
  REQUIRE(command);
  for (int i = 0; i < 32; ++i) (*command)->write(block);
  const auto closed = (*command)->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error().code == EPIPE);
}

TEST_CASE("a file is replaced unless it is to be appended to") {
  Scratch scratch;
  scratch.output->write("old\n");
  REQUIRE(scratch.output->close());
  REQUIRE((*Output::file(scratch.path(), true))->close());
  CHECK(text_in(scratch.path()) == "old\n");
  auto appended = *Output::file(scratch.path(), true);
  appended->write("new\n");
  REQUIRE(appended->close());
  CHECK(text_in(scratch.path()) == "old\nnew\n");
  REQUIRE((*Output::file(scratch.path(), false))->close());
  CHECK(text_in(scratch.path()).empty());
}

TEST_CASE("a file that cannot be opened is refused in one line") {
  const auto refused = Output::file("/no/such/folder/file", false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "/no/such/folder/file: No such file or directory");
  CHECK(refused.error().code == ENOENT);
}

TEST_CASE("standard error is written at once") {
  StandardErrorPipe pipe(0);
  const auto output = Output::standard_error();
  output->write("read(3");
  char text[16] = {};
  const auto n = ::read(pipe.reader(), text, sizeof text);
  pipe.restore();
  CHECK(n == 6);
  CHECK(std::string(text) == "read(3");
}

TEST_CASE("what is told together reaches standard error in one piece") {
  StandardErrorPipe pipe(O_NONBLOCK);
  const auto output = Output::standard_error();
  char text[16] = {};
  output->hold(true);
  output->write("time(");
  output->write("NULL)");
  const auto before = ::read(pipe.reader(), text, sizeof text);
  output->hold(false);
  const auto n = ::read(pipe.reader(), text, sizeof text);
  pipe.restore();
  CHECK(before == -1);
  CHECK(n == 10);
  CHECK(std::string(text) == "time(NULL)");
}

TEST_CASE("a reader that is slow is waited for, though the pipe does not block") {
  StandardErrorPipe pipe(O_NONBLOCK);
  ::fcntl(pipe.reader(), F_SETFL, 0);
  constexpr std::size_t kMuch = 1 << 20;
  std::size_t arrived = 0;
  std::thread reader([&] {
    std::string block(4096, '\0');
    for (ssize_t n = 1; n > 0; arrived += static_cast<std::size_t>(std::max<ssize_t>(n, 0)))
      n = ::read(pipe.reader(), block.data(), block.size());
  });
  const auto output = Output::standard_error();
  output->write(std::string(kMuch, 'x'));
  const auto closed = output->close();
  pipe.restore();
  reader.join();
  CHECK(closed);
  CHECK(arrived == kMuch);
}

TEST_CASE("an output that breaks is reported once, at the end") {
  auto output = Output::file("/dev/full", false);
  REQUIRE(output);
  (*output)->write("something");
  (*output)->flush();
  (*output)->write("more");
  const auto closed = (*output)->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error().message == "/dev/full: cannot write: No space left on device");
  CHECK(closed.error().code == ENOSPC);
}

TEST_CASE("a command reads the trace, and its work is done when the output is closed") {
  Scratch scratch;
  auto output = Output::command("tr a-z A-Z > " + scratch.path());
  REQUIRE(output);
  (*output)->write("hello\n");
  CHECK((*output)->close());
  CHECK(text_in(scratch.path()) == "HELLO\n");
}

// Of the shells that /bin/sh can be, dash clears the mask itself and bash does not.
TEST_CASE("a command starts with no signal blocked and SIGPIPE alive") {
  const NoSigpipe ignored;
  sigset_t blocked;
  sigset_t before;
  ::sigfillset(&blocked);
  ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
  Scratch scratch;
  auto output = Output::command("grep -E '^Sig(Blk|Ign)' /proc/self/status > " + scratch.path());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  REQUIRE(output);
  REQUIRE((*output)->close());
  const std::string text = text_in(scratch.path());
  CHECK(text.find("SigBlk:\t0000000000000000\n") != std::string::npos);
  const auto ignored_at = text.find("SigIgn:\t");
  REQUIRE(ignored_at != std::string::npos);
  const auto mask = std::stoull(text.substr(ignored_at + 8, 16), nullptr, 16);
  CHECK((mask & (1ull << (SIGPIPE - 1))) == 0);
}

TEST_CASE("a command that somebody else has waited for is no error") {
  auto output = Output::command("exec true");
  REQUIRE(output);
  REQUIRE(::waitpid(-1, nullptr, 0) > 0);
  CHECK((*output)->close());
}

TEST_CASE("a command that has gone is reported once, at the end") {
  const NoSigpipe ignored;
  auto output = Output::command("exec true");
  REQUIRE(output);
  REQUIRE(::waitpid(-1, nullptr, 0) > 0);
  (*output)->write("line\n");
  (*output)->flush();
  (*output)->write("line\n");
  const auto closed = (*output)->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error().message == "exec true: cannot write: Broken pipe");
}
