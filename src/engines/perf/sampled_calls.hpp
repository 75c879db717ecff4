// A thread's system calls, put together from samples of their entries and exits.
#pragma once

#include <map>
#include <optional>

#include "engines/perf/direct_call_events.hpp"
#include "os/perf/perf_records.hpp"

namespace vdsotrace {

class SampledCalls {
 public:
  struct Returned {
    std::int32_t nr = 0;
    std::int64_t result = 0;
    std::int64_t entered_ns = 0;  ///< 0 if that is not known
    bool operator==(const Returned&) const = default;
  };

  /// Takes the thread's next sample, of that event. Answers the call that has returned with it, if any: each once,
  /// also where a thread has some events twice, as one may that was created while its creator's were being opened.
  std::optional<Returned> add(const PerfSample& sample, const DirectCallEvent& event);

 private:
  std::int64_t entered_ns_ = 0;            ///< of the call that it is in
  std::map<std::int32_t, pid_t> counted_;  ///< by system call: for whom the events were opened whose samples count
};

}  // namespace vdsotrace
