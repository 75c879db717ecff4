// The lines of a trace as text: where each begins, and which of them stands open.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "output/output.hpp"
#include "output/palette.hpp"
#include "sinks/line_start.hpp"
#include "sinks/result_column.hpp"
#include "sinks/text_options.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {

/// Keeps what has been written of the lines until hand_over. A line may be left open, to be gone on with; whatever else
/// is written ends it as strace does.
class TextLines {
 public:
  /// Behind what is left open for good.
  static constexpr std::string_view kUnfinished = " <unfinished ...>";

  TextLines(std::shared_ptr<Output> output, const TextOptions& options)
      : output_(std::move(output)), palette_(options.color), start_(options), column_(options.columns) {}

  /// What is known of threads that stands in front of their lines.
  LineStart& start() { return start_; }
  /// Threads and processes under observation: where there are several, lines say whose they are.
  void add_task() { ++tasks_; }
  /// The last stays.
  void take_task_over() { tasks_ -= tasks_ > 1 ? 1 : 0; }
  void remove_task() { tasks_ -= tasks_ > 0 ? 1 : 0; }

  /// Ends a line that stands open, and begins one.
  void begin(pid_t tid, std::int64_t time_ns);
  /// A whole line of the event.
  void add(const Event& event, std::string_view color, std::string_view text);
  /// One of ours, of no thread.
  void add_message(std::string_view text);
  /// To go on with the line that was begun.
  std::string& text() { return text_; }
  void append(std::string_view color, std::string_view text) { palette_.append(text_, color, text); }
  void align_result() { column_.align(text_); }

  /// The line, which is the thread's, is gone on with later, unless something else comes first.
  void leave_open(pid_t tid) { open_ = tid; }
  /// Whether the line that stands open is the thread's: it is gone on with now.
  bool go_on(pid_t tid) {
    const bool is_open = open_ == tid;
    if (is_open) open_ = 0;
    return is_open;
  }
  /// What stands open gives way to something else.
  void end_open();

  /// To the output.
  void hand_over();
  void flush() { output_->flush(); }
  void hold(bool held) { output_->hold(held); }

 private:
  std::shared_ptr<Output> output_;
  Palette palette_;
  LineStart start_;
  ResultColumn column_;
  std::string text_;
  pid_t open_ = 0;  ///< 0: none
  std::size_t tasks_ = 0;
};

}  // namespace vdsotrace
