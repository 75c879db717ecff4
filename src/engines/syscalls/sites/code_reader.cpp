#include "engines/syscalls/sites/code_reader.hpp"

#include <sched.h>

#include <csignal>
#include <system_error>
#include <utility>

#include "engines/syscalls/sites/code_file.hpp"

namespace vdsotrace {
namespace {

bool has_another_processor() {
  cpu_set_t set;
  // More than the set has room for are more than one.
  return ::sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) > 1;
}

}  // namespace

CodeReader::CodeReader() : usable_(has_another_processor()) {}

CodeReader::~CodeReader() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

CodeReader::Reading CodeReader::read(UniqueFd fd) {
  std::packaged_task<std::unique_ptr<CodeFile>()> task(
      [this, file = std::move(fd)] { return CodeFile::read(file.get(), over_); });
  Reading reading = task.get_future();
  if (!usable_ || !(thread_.joinable() || begin())) {
    task();
    return reading;
  }
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(task));
  }
  changed_.notify_all();
  return reading;
}

/// What is sent to us is for the thread that waits for the traced program.
bool CodeReader::begin() {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    usable_ = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return usable_;
}

void CodeReader::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || over_; });
    if (over_) return;
    auto task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace vdsotrace
