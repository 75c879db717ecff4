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
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// How many digits of a second are shown: their number.
enum class Precision : std::uint8_t { seconds = 0, milliseconds = 3, microseconds = 6, nanoseconds = 9 };

struct TextOptions {
  enum class Stamps : std::uint8_t { none, time_of_day, epoch };
  Stamps stamps = Stamps::none;  ///< -t, -tt, -ttt, --absolute-timestamps
  Precision stamp_precision = Precision::seconds;
  std::optional<Precision> since_last;  ///< -r: time since the line before, too
  std::optional<Precision> durations;   ///< -T
  std::size_t columns = 0;              ///< -a: results begin there at the earliest
  bool numbers = false;                 ///< -n: a call's number in front of it
  bool instruction_pointers = false;    ///< -i: and where it was made
  bool color = false;
  /// 1: no attach messages; 2: no exit lines; 3: nothing of an exec by another thread; notices: see shown().
  int quiet = 0;
  bool hides_exits = false;       ///< also without `quiet`, as the next
  bool hides_superseded = false;  ///< nothing of an exec by another thread
  bool attachments = true;        ///< "Process N attached" stands here; AttachmentSink says it elsewhere
  bool children = true;           ///< they are followed: an exec by another thread is told as strace -f does
  DecodeLimits limits{};
  Dumps dumps{};  ///< -e read=, -e write=
};

/// Writes one line a call. A call that still runs stands as a partial line; when
/// another thread has something to say meanwhile, it is left ` <unfinished ...>` and taken
/// up again as `<... name resumed>`.
class TextSink final : public Sink {
 public:
  TextSink(std::shared_ptr<Output> output, const TextOptions& options)
      : output_(std::move(output)), options_(options), palette_(options.color) {}

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
  void append_stamp(std::int64_t time_ns);
  void append_time_since_last(std::int64_t time_ns);
  void append_origin(pid_t tid);
  void note_origin(pid_t tid, const Call& call);
  void align_result();
  void append_caller(const Caller& caller);
  void append_place(const Caller& place);
  void append_ending(pid_t tid, const Call& call, bool all_shown);
  void on_faulted(const Event& event, const Call& call);
  void append_steps(const StepFacts& steps);
  void append_message(std::string_view text);
  void line(const Event& event, std::string_view color, std::string_view text);
  void hand_over();

  std::shared_ptr<Output> output_;
  TextOptions options_;
  Palette palette_;
  std::string text_;             ///< what has not been handed to the output yet
  std::size_t line_length_ = 0;  ///< of the line that stands open, as far as it has been handed over
  CallText shown_;               ///< of the call that is being told; kept for its memory
  pid_t open_line_ = 0;          ///< thread whose partial line is the last on the output
  Notices notices_;
  /// What a thread did last; lines about signals name it again.
  struct Origin {
    std::int64_t nr = 0;
    std::uint64_t instruction_pointer = 0;
    unsigned digits = 16;
  };
  std::map<pid_t, Origin> origins_;  ///< only where they are shown
  std::map<pid_t, bool> entered_;    ///< threads in a call whose beginning was printed
  std::set<std::pair<pid_t, std::int64_t>>
      faulted_;  ///< calls of vDSO functions whose beginning was printed: thread, start
  /// The code of each image whose steps were shown.
  std::map<std::shared_ptr<const VdsoImage>, CodeListing> listings_;
  std::size_t tasks_ = 0;  ///< threads and processes under observation
  std::int64_t last_stamp_ns_ = 0;
};

}  // namespace vdsotrace
