// The trace as text, in strace's spelling: docs/formats.md, section 4.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "model/code/step_text.hpp"
#include "model/syscalls/render.hpp"
#include "output/output.hpp"
#include "output/palette.hpp"
#include "pipeline/notices.hpp"
#include "sinks/line_start.hpp"
#include "sinks/result_column.hpp"
#include "sinks/text_options.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// Writes one line a call. A call that still runs stands as a partial line; when
/// another thread has something to say meanwhile, it is left ` <unfinished ...>` and taken
/// up again as `<... name resumed>`.
class TextSink final : public Sink {
 public:
  TextSink(std::shared_ptr<Output> output, const TextOptions& options)
      : output_(std::move(output)),
        options_(options),
        palette_(options.color),
        start_(options),
        column_(options.columns) {}

  void consume(const Event& event) override;
  void flush() override { output_->flush(); }
  void hold(bool held) override { output_->hold(held); }
  /// Ends a line that is still open, and says of how many processes a notice was true.
  Result<void> finish() override;

 private:
  void on(const Event& event, const Call& call);
  void on(const Event& event, const CallEntered& entered);
  void on(const Event& event, const Counts& counts);
  void on(const Event& event, const Signal& signal);
  void on(const Event& event, const GroupStopped& stopped);
  void on(const Event& event, const Started& started);
  void on(const Event& event, const Execed& execed);
  void on(const Event& event, const Exited& exited);
  void on(const Event& event, const Detached& detached);
  void on(const Event& event, const Notice& notice);
  void on(const Event& event, const Clocksource& source);
  void on(const Event& event, const Lost& lost);

  bool says_attachments() const { return options_.attachments && options_.quiet == 0; }
  void end_open_line();
  void begin_line(pid_t tid, std::int64_t time_ns);
  void append_result(const Call& call);
  void append_ending(pid_t tid, const Call& call, bool all_shown);
  void on_faulted(const Event& event, const Call& call);
  void append_message(std::string_view text);
  void line(const Event& event, std::string_view color, std::string_view text);
  void hand_over();

  std::shared_ptr<Output> output_;
  TextOptions options_;
  Palette palette_;
  LineStart start_;
  ResultColumn column_;
  std::string text_;     ///< what has not been handed to the output yet
  CallText shown_;       ///< of the call that is being printed; kept for its memory
  pid_t open_line_ = 0;  ///< thread whose partial line is the last on the output
  Notices notices_;
  /// What is in progress and stands on an earlier line.
  struct Begun {
    std::set<pid_t> threads;                           ///< in such a system call
    std::set<std::pair<pid_t, std::int64_t>> faulted;  ///< such calls of vDSO functions, by thread and start
  } begun_;
  /// The code of each image whose steps were shown.
  std::map<std::shared_ptr<const VdsoImage>, CodeListing> listings_;
  std::size_t tasks_ = 0;  ///< threads and processes under observation
};

}  // namespace vdsotrace
