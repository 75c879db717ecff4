#include "output/block_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace vdsotrace {
namespace {

constexpr std::size_t kMostWaiting = 4;

bool wait_writable(int fd) {
  pollfd poll{fd, POLLOUT, 0};
  return ::poll(&poll, 1, -1) > 0;
}

}  // namespace

/// A device that takes no byte and gives no reason would be asked for ever.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (n == 0) {
      return EIO;
    } else if (errno == EAGAIN) {
      wait_writable(fd);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

BlockWriter::BlockWriter(int fd) : fd_(fd) {
  // What is sent to us is for the thread that waits for the traced program.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

BlockWriter::~BlockWriter() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

int BlockWriter::write(std::string& block) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting || error_ != 0; });
  if (error_ != 0) return error_;
  waiting_.push_back(std::move(block));
  block = std::move(spare_);
  block.clear();
  changed_.notify_all();
  return 0;
}

int BlockWriter::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() || error_ != 0; });
  return error_;
}

void BlockWriter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || over_; });
    if (waiting_.empty() || error_ != 0) return;
    const std::string& block = waiting_.front();
    lock.unlock();
    const int error = write_all(fd_, block);
    lock.lock();
    error_ = error;
    spare_ = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    if (error_ != 0) return;
  }
}

}  // namespace vdsotrace
