#include "os/kernel_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.hpp"

namespace vdsotrace {
namespace {

/// All that such files hold fits into a page (Documentation/filesystems/sysfs.rst).
constexpr std::size_t kMostBytes = 4096;

bool is(KernelFileSystem wanted, long magic) {
  switch (wanted) {
    case KernelFileSystem::proc: return magic == PROC_SUPER_MAGIC;
    case KernelFileSystem::sys: return magic == SYSFS_MAGIC;
    // Before Linux 4.1 it was a part of debugfs.
    case KernelFileSystem::selinux: return magic == SELINUX_MAGIC;
    case KernelFileSystem::trace: return magic == TRACEFS_MAGIC || magic == DEBUGFS_MAGIC;
  }
  return false;
}

}  // namespace

std::optional<std::string> kernel_line(KernelFileSystem kind, const std::string& path) {
  return kernel_line_at(kind, AT_FDCWD, path);
}

std::optional<std::string> kernel_line_at(KernelFileSystem kind, int folder, const std::string& path) {
  // Should it be a pipe, its writer is not waited for.
  const UniqueFd file(::openat(folder, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct statfs system {};
  if (!file || ::fstatfs(file.get(), &system) != 0 || !is(kind, system.f_type)) return std::nullopt;
  std::array<char, kMostBytes> text;
  ssize_t n = -1;
  do n = ::read(file.get(), text.data(), text.size());
  while (n < 0 && errno == EINTR);
  if (n < 0) return std::nullopt;
  const std::string line(text.data(), static_cast<std::size_t>(n));
  return line.substr(0, line.find('\n'));
}

}  // namespace vdsotrace
