// Writes blocks of text to a descriptor in a thread of its own, one after the other.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace vdsotrace {

/// Writes all of `text`; 0 or the errno that stopped it. A non-blocking descriptor (a terminal shared with the program
/// may be one) is waited for.
int write_all(int fd, std::string_view text);

/// The kernel takes nearly as long to take in a line of a fast trace as we to make it. The traced program, which waits
/// for us when it is too far ahead, leaves its processor to this thread. The thread takes no signals.
class BlockWriter {
 public:
  /// `fd` stays the caller's, and open as long as this lives.
  explicit BlockWriter(int fd);
  /// Writes what is left.
  ~BlockWriter();
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  /// Takes the block and leaves an empty one. Waits while several are still to be written. 0, or the errno that stopped
  /// the writing of an earlier one: then nothing more is written.
  int write(std::string& block);
  /// Waits until all is written. 0 or the errno that stopped it.
  int finish();

 private:
  void run();

  int fd_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;  ///< the first is being written
  std::string spare_;                ///< memory to use again
  int error_ = 0;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace vdsotrace
