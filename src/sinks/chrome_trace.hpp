// vDSO-capable calls as a trace that Perfetto and chrome://tracing load (the Trace Event Format, JSON object form).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "audit/tally.hpp"
#include "output/output.hpp"
#include "vdsotrace/sink.hpp"

namespace vdsotrace {

class ChromeTraceSink final : public Sink {
 public:
  /// What a thread or process is called now; empty if that is not known. The argument is a thread's number.
  using NameOf = std::function<std::string(std::int32_t)>;

  explicit ChromeTraceSink(std::shared_ptr<Output> output, NameOf name_of_thread = {});

  /// A call whose duration is known is a complete event ("X"), another an instant of its thread ("i"). Every process
  /// and thread that makes calls has a name ("M"), every process a counter ("C") of calls in a second for each route.
  void consume(const Event& event) override;
  Result<void> finish() override;

 private:
  struct Thread {
    std::int32_t pid = 0;
    std::string name;  ///< the last that was known
    std::uint64_t calls = 0;
  };

  void write(const std::string& object);
  void write_call(const Event& event, const Call& call);
  void write_name(const char* kind, std::int32_t pid, std::int32_t tid, const std::string& name);
  void write_counters(std::int32_t pid, const Timeline& timeline);
  /// Threads name themselves after they have begun, so we look again after each doubling of their calls, and write the
  /// name when they end.
  void note_thread(std::int32_t pid, std::int32_t tid);
  void end_thread(std::int32_t tid, Thread& thread);
  double microseconds_at(std::int64_t time_ns) const;

  std::shared_ptr<Output> output_;
  NameOf name_of_thread_;
  bool any_ = false;
  std::int64_t first_ns_ = 0;  ///< time stamps count from the first event, as doubles lose digits otherwise
  std::map<std::int32_t, std::string> processes_;  ///< that have a name
  std::map<std::int32_t, Thread> threads_;         ///< that make calls
  std::map<std::int32_t, Timeline> timelines_;     ///< by process
};

}  // namespace vdsotrace
