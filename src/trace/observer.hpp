// Observing processes that already run, in whatever way it is done.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "vdsotrace/error.hpp"

namespace vdsotrace {

class Observer {
 public:
  virtual ~Observer() = default;

  /// Gets hold of running processes; nothing is reported of them yet. Errors: no such process, a zombie, a kernel
  /// thread, ourselves, not permitted; nothing is held then.
  virtual Result<void> attach(std::span<const pid_t> pids) = 0;
  /// Reports what they do until the last of them has ended, a signal asks us to end, or that much time has passed;
  /// then detaches from all that is left, as it was.
  virtual void run(std::optional<std::int64_t> duration_ns) = 0;
  /// Instead of run: detaches from what was attached.
  virtual void release() = 0;

  /// As `--engine` and JSON spell what observes. Static storage.
  virtual std::string_view engine() const = 0;
  /// How often threads have stopped for us so far.
  virtual std::uint64_t stops() const = 0;
};

}  // namespace vdsotrace
