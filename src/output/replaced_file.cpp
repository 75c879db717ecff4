#include "output/replaced_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "output/block_writer.hpp"
#include "output/output.hpp"

namespace vdsotrace {
namespace {

tl::unexpected<Error> failed(const std::string& path, int error) {
  return fail(fmt::format("{}: {}", path, std::strerror(error)), {}, error);
}

/// A file of our own beside another one; gone with this object unless it has taken the other's place.
class TemporaryFile {
 public:
  static Result<TemporaryFile> beside(const std::string& path) {
    std::string name = fmt::format("{}.{}-{}.tmp", path, ::getpid(), realtime_ns());
    UniqueFd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!fd) return failed(path, errno);
    return TemporaryFile(std::move(name), std::move(fd));
  }
  TemporaryFile(TemporaryFile&& other) noexcept : name_(std::exchange(other.name_, {})), fd_(std::move(other.fd_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  /// 0 or the errno that stopped it.
  int write(std::string_view text) { return write_all(fd_.get(), text); }
  int take_the_place_of(const std::string& path) {
    if (::close(fd_.release()) != 0 || std::rename(name_.c_str(), path.c_str()) != 0) return errno;
    name_.clear();
    return 0;
  }

 private:
  TemporaryFile(std::string name, UniqueFd fd) : name_(std::move(name)), fd_(std::move(fd)) {}
  std::string name_;
  UniqueFd fd_;
};

/// Where links lead to in the end.
std::string target_of(const std::string& path) {
  std::error_code code;
  const auto target = std::filesystem::canonical(path, code);
  return code ? path : target.string();
}

bool is_written_in_place(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode);
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  if (is_written_in_place(path)) {
    auto file = Output::file(path, true);
    if (!file) return tl::unexpected(file.error());
    (*file)->write(text);
    return (*file)->close();
  }
  const std::string target = target_of(path);
  auto temporary = TemporaryFile::beside(target);
  if (!temporary) return tl::unexpected(temporary.error());
  if (const int error = temporary->write(text); error != 0) return failed(path, error);
  if (const int error = temporary->take_the_place_of(target); error != 0) return failed(path, error);
  return {};
}

Result<void> check_replaceable(const std::string& path) {
  struct stat facts {};
  const bool exists = ::stat(path.c_str(), &facts) == 0;
  if (exists && S_ISDIR(facts.st_mode)) return failed(path, EISDIR);
  if (is_written_in_place(path)) return {};
  return TemporaryFile::beside(target_of(path)).map([](const TemporaryFile&) {});
}

}  // namespace vdsotrace
