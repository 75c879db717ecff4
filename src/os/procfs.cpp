#include "os/procfs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <string_view>

namespace vdsotrace::procfs {
namespace {

/// The PID namespace that has no other above it: PROC_PID_INIT_INO, linux/proc_ns.h.
constexpr std::string_view kOutermost = "pid:[4026531836]";

std::string target_in(int folder, const char* path) {
  std::array<char, PATH_MAX> target;
  const ssize_t n = ::readlinkat(folder, path, target.data(), target.size());
  return n > 0 ? std::string(target.data(), static_cast<std::size_t>(n)) : std::string();
}

std::string text_of(int fd) {
  std::string text;
  std::array<char, 16384> chunk;
  for (;;) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

/// An outer namespace's procfs may happen to call us by the very number that we have here.
bool shows_own_namespace(int folder) {
  const pid_t own = ::getpid();
  if (target_in(folder, "self") != std::to_string(own)) return false;
  if (target_in(folder, "self/ns/pid") == kOutermost) return true;
  const UniqueFd status(::openat(folder, "self/status", O_RDONLY | O_CLOEXEC));
  return status && is_status_from_within(text_of(status.get()), own);
}

struct Root {
  UniqueFd folder;
  std::string distrust;
};

Root look() {
  UniqueFd folder(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct statfs kind {};
  if (!folder || ::fstatfs(folder.get(), &kind) != 0 || kind.f_type != PROC_SUPER_MAGIC)
    return {{}, "/proc is not mounted"};
  if (!shows_own_namespace(folder.get())) return {std::move(folder), "/proc is that of another PID namespace"};
  return {std::move(folder), {}};
}

const Root& root() {
  static const Root kKnown = look();
  return kKnown;
}

/// Where openat2 is unknown, or a filter that does not know it forbids it, mounts are not looked for.
int open_within(int folder, const char* path, int flags) {
  static bool usable = true;
  if (usable) {
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_NO_XDEV;
    const long fd = ::syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
    if (errno == ENOSYS) usable = false;
  }
  return ::openat(folder, path, flags | O_CLOEXEC);
}

/// One of its own files; nothing if there is no proc file system.
UniqueFd open_any(const std::string& path, int flags) {
  const Root& any = root();
  return any.folder ? UniqueFd(open_within(any.folder.get(), path.c_str(), flags)) : UniqueFd();
}

std::vector<std::string> names_in(UniqueFd opened) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opened ? ::fdopendir(opened.get()) : nullptr, ::closedir);
  if (!folder) return names;
  opened.release();
  while (const dirent* entry = ::readdir(folder.get())) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

bool trusted() { return root().distrust.empty(); }
const std::string& why_not_trusted() { return root().distrust; }

UniqueFd open(const std::string& path, int flags) {
  errno = ENOENT;
  return trusted() ? open_any(path, flags) : UniqueFd();
}

UniqueFd open_target(const std::string& path, int flags) {
  errno = ENOENT;
  return trusted() ? UniqueFd(::openat(root().folder.get(), path.c_str(), flags | O_CLOEXEC)) : UniqueFd();
}

std::optional<std::string> read(const std::string& path) {
  const UniqueFd fd = open(path, O_RDONLY);
  return fd ? std::optional(text_of(fd.get())) : std::nullopt;
}

std::vector<std::string> entries(const std::string& path) { return names_in(open(path, O_RDONLY | O_DIRECTORY)); }

namespace untranslated {

std::optional<std::string> read(const std::string& path) {
  const UniqueFd fd = open_any(path, O_RDONLY);
  return fd ? std::optional(text_of(fd.get())) : std::nullopt;
}

std::vector<std::string> entries(const std::string& path) { return names_in(open_any(path, O_RDONLY | O_DIRECTORY)); }

UniqueFd open_target(const std::string& path) {
  const Root& any = root();
  return any.folder ? UniqueFd(::openat(any.folder.get(), path.c_str(), O_RDONLY | O_CLOEXEC)) : UniqueFd();
}

}  // namespace untranslated

std::string link_target(const std::string& path) {
  return trusted() ? target_in(root().folder.get(), path.c_str()) : std::string();
}

std::optional<struct statx> facts_of_target(const std::string& path) {
  struct statx facts {};
  constexpr unsigned kWanted = STATX_TYPE | STATX_NLINK | STATX_INO | STATX_SIZE | STATX_MTIME;
  if (!trusted() ||
      ::statx(root().folder.get(), path.c_str(), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, kWanted, &facts) != 0)
    return std::nullopt;
  return facts;
}

std::string attribute_of_target(const std::string& path, const char* name) {
  std::array<char, 256> value;
  if (!trusted()) return {};
  // There is no getxattrat(2) yet; our own table of descriptors leads to the folder.
  const std::string whole = fmt::format("/proc/self/fd/{}/{}", root().folder.get(), path);
  const ssize_t size = ::getxattr(whole.c_str(), name, value.data(), value.size());
  const std::string_view found(value.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::string(found.substr(0, found.find('\0')));
}

std::optional<uid_t> owner(pid_t pid) {
  struct stat facts {};
  if (!trusted() || ::fstatat(root().folder.get(), std::to_string(pid).c_str(), &facts, 0) != 0) return std::nullopt;
  return facts.st_uid;
}

bool is_status_from_within(const std::string& status, pid_t own) {
  constexpr std::string_view kField = "\nNSpid:";
  const auto at = status.find(kField);
  // A kernel that does not know the field has /proc/self only to say.
  if (at == std::string::npos) return !status.empty();
  std::string_view numbers = std::string_view(status).substr(at + kField.size());
  numbers = numbers.substr(0, numbers.find('\n'));
  const auto first = numbers.find_first_not_of(" \t");
  return first != std::string_view::npos && numbers.substr(first) == std::to_string(own);
}

}  // namespace vdsotrace::procfs
