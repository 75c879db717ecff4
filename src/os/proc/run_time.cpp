#include "os/proc/run_time.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/number.hpp"
#include "os/procfs.hpp"

namespace vdsotrace {

std::optional<std::int64_t> schedstat_run_time(std::string_view line) {
  // The last is how often the thread has been given a processor.
  return line.starts_with("0 0 0") ? std::nullopt : take_number<std::int64_t>(line);
}

std::optional<std::int64_t> RunTime::read() const {
  std::array<char, 64> text{};
  const ssize_t size = file_ ? ::pread(file_.get(), text.data(), text.size(), 0) : -1;
  return schedstat_run_time({text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
}

std::optional<std::int64_t> RunTime::of(pid_t tid) {
  if (const auto ns = read()) return ns;
  // Not opened yet, or for a thread that is gone.
  file_ = procfs::open(fmt::format("{}/schedstat", tid), O_RDONLY);
  return read();
}

std::optional<std::int64_t> RunTimes::of(pid_t tid) {
  if (open_.size() >= most_open_ && !open_.contains(tid)) return RunTime().of(tid);
  return open_[tid].of(tid);
}

bool run_times_are_known() { return RunTime().of(::gettid()).has_value(); }

}  // namespace vdsotrace
