// How much of the processor we get beside those who wait for us.
#pragma once

namespace vdsotrace {

/// Where threads that may not sleep wait for us in loops, and are more than there are processors, they take from us the
/// time that they wait for. While that is so our priority is raised, if we may do that (CAP_SYS_NICE or RLIMIT_NICE,
/// setpriority(2)); our own alone.
class Urgency {
 public:
  Urgency() = default;
  ~Urgency() { set(false); }
  Urgency(const Urgency&) = delete;
  Urgency& operator=(const Urgency&) = delete;

  void set(bool urgent);

 private:
  bool urgent_ = false;
  int usual_ = 0;  ///< nice value
};

}  // namespace vdsotrace
