#include "symbols/jit_names.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "base/clock.hpp"
#include "os/proc/proc.hpp"
#include "os/procfs.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;
constexpr std::size_t kPiece = 64 * 1024;
/// Calls out of compiled code come by hundreds of thousands a second, each of which asks.
constexpr std::int64_t kMissingForNs = 20'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

/// Clocks of files tick no finer.
constexpr std::int64_t kSlackNs = kSecond;

std::int64_t ns_of(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

bool is_its_own(const struct stat& map, pid_t pid) {
  const auto owner = procfs::owner(pid);
  if (!owner) return false;
  const auto started = proc::start_time_ns(pid);
  return S_ISREG(map.st_mode) && (map.st_uid == *owner || map.st_uid == 0) && started &&
         ns_of(map.st_mtim) >= *started - kSlackNs;
}

}  // namespace

bool JitNames::open(pid_t pid) {
  const auto inside = proc::pid_inside(pid);
  if (!inside) return false;
  // A link could lead out of its root; a pipe could make us wait.
  UniqueFd file =
      procfs::open_target(fmt::format("{}/root/tmp/perf-{}.map", pid, *inside), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !is_its_own(status, pid)) return false;
  file_ = std::move(file);
  return true;
}

void JitNames::read_on() {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0 || taken_ >= static_cast<std::uint64_t>(status.st_size)) return;
  std::vector<char> piece(kPiece);
  while (taken_ < static_cast<std::uint64_t>(status.st_size) && taken_ < kMostBytes) {
    const ssize_t n = ::pread(file_.get(), piece.data(), piece.size(), static_cast<off_t>(taken_));
    if (n <= 0) return;
    map_.add({piece.data(), static_cast<std::size_t>(n)});
    taken_ += static_cast<std::uint64_t>(n);
  }
}

PerfMap::Code JitNames::find(pid_t pid, std::uint64_t address) {
  if (!file_) {
    const std::int64_t now = monotonic_ns();
    if (missed_ns_ != 0 && now - missed_ns_ < kMissingForNs) return {};
    missed_ns_ = open(pid) ? 0 : now;
    if (!file_) return {};
  }
  read_on();
  return map_.find(address);
}

}  // namespace vdsotrace
