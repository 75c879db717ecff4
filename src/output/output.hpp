// Where the trace goes: standard error, standard output, a file, or a command's standard input.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"
#include "output/block_writer.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// Buffered and unfailing: what cannot be written is dropped, and the first error is
/// kept for close(). The traced program runs on whatever happens here.
class Output {
 public:
  /// When bytes leave the buffer.
  enum class Flush : std::uint8_t {
    at_once,    ///< with each write, unless it is held: a reader sees a call while it runs
    in_blocks,  ///< when 256 KiB are full, or when flush() is called
  };

  static std::shared_ptr<Output> standard_error();
  static std::shared_ptr<Output> standard_output();
  static Result<std::shared_ptr<Output>> file(const std::string& path, bool append);
  /// Runs `sh -c command` with its standard input as the output.
  static Result<std::shared_ptr<Output>> command(const std::string& command);

  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  /// Writes what is buffered; of a long trace another thread does, a moment later.
  void flush();
  /// While it is held, what would be written at once is written in blocks.
  void hold(bool held);
  /// Flushes, closes, waits for the command, and says what went wrong first.
  Result<void> close();
  bool is_terminal() const;
  /// Of the terminal that it is, as far as that says.
  std::optional<std::size_t> terminal_columns() const;
  /// Whether what is written here and to standard error meets in one place: a file, a pipe, a terminal.
  bool is_standard_error() const;

 private:
  Output(int fd, bool owned, Flush flush, std::string name);

  int fd_;
  UniqueFd owner_;
  Flush flush_;
  std::string name_;
  bool held_ = false;
  std::string buffer_;
  std::size_t written_ = 0;
  std::unique_ptr<BlockWriter> writer_;  ///< of a long trace
  int error_ = 0;
  pid_t command_ = -1;
};

}  // namespace vdsotrace
