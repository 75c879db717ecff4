// Takes files apart in a thread of its own, one after the other, beside the program that has them mapped.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "base/unique_fd.hpp"

namespace vdsotrace {

struct CodeFile;

/// The thread takes no signals and looks at no process.
class CodeReader {
 public:
  CodeReader();
  /// What has not been read yet is not read any more.
  ~CodeReader();
  CodeReader(const CodeReader&) = delete;
  CodeReader& operator=(const CodeReader&) = delete;

  /// Whether it is of use: the calling thread may run on more than one processor, and no thread has been refused.
  bool is_usable() const { return usable_; }

  using Reading = std::future<std::unique_ptr<CodeFile>>;
  /// If it is not usable, or turns out not to be, the file is read at once.
  Reading read(UniqueFd fd);

 private:
  bool begin();
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<std::unique_ptr<CodeFile>()>> waiting_;
  std::atomic<bool> over_ = false;
  bool usable_;
  std::thread thread_;  ///< once there is something to read
};

}  // namespace vdsotrace
