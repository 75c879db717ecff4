// The trace as text, in strace's spelling: docs/formats.md, section 4.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "model/code/step_text.hpp"
#include "model/syscalls/render.hpp"
#include "pipeline/notices.hpp"
#include "sinks/text_lines.hpp"
#include "sinks/text_options.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

/// Writes one line a call. A call that still runs stands as a partial line; when
/// another thread has something to say meanwhile, it is left ` <unfinished ...>` and taken
/// up again as `<... name resumed>`.
class TextSink final : public Sink {
 public:
  TextSink(std::shared_ptr<Output> output, const TextOptions& options)
      : options_(options), lines_(std::move(output), options) {}

  void consume(const Event& event) override;
  void flush() override { lines_.flush(); }
  void hold(bool held) override { lines_.hold(held); }
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
  void append_result(const Call& call);
  void append_ending(pid_t tid, const Call& call, bool all_shown);
  void on_faulted(const Event& event, const Call& call);

  TextOptions options_;
  TextLines lines_;
  CallText shown_;  ///< of the call that is being printed; kept for its memory
  Notices notices_;
  /// What is in progress and stands on an earlier line.
  struct Begun {
    std::set<pid_t> threads;                           ///< in such a system call
    std::set<std::pair<pid_t, std::int64_t>> faulted;  ///< such calls of vDSO functions, by thread and start
  } begun_;
  /// The code of each image whose steps were shown.
  std::map<std::shared_ptr<const VdsoImage>, CodeListing> listings_;
};

}  // namespace vdsotrace
