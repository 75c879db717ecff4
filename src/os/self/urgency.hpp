// How much of the processor we get beside those who wait for us.
#pragma once

#include <cstdint>

namespace vdsotrace {

/// Where threads that may not sleep wait for us in loops, and are more than there are processors, they take from us the
/// time that they wait for: who has slept comes behind all that wait for a processor (kernel/sched/fair.c since 6.6).
/// While that is so, and for a second afterwards, our priority is raised, if we may do that (CAP_SYS_NICE or
/// RLIMIT_NICE, setpriority(2)); our own alone.
class Urgency {
 public:
  Urgency() = default;
  ~Urgency() { lower(); }
  Urgency(const Urgency&) = delete;
  Urgency& operator=(const Urgency&) = delete;

  /// What is so at the moment.
  void set(bool urgent);

 private:
  void raise();
  void lower();

  bool is_raised_ = false;
  std::int64_t last_urgent_ = 0;  ///< monotonic_ns()
  int usual_ = 0;                 ///< nice value
};

}  // namespace vdsotrace
