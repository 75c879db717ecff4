#include "cli/commands/audit_files.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "audit/read.hpp"
#include "base/escape.hpp"
#include "base/unique_fd.hpp"

namespace vdsotrace::cli {
namespace {

/// A thousand times what an audit with all its stacks takes.
constexpr std::size_t kLargest = std::size_t{1} << 28;

tl::unexpected<Error> failed(const std::string& path, std::string_view why, int code = 0) {
  return fail(fmt::format("{}: {}", escaped_unless_printable(path), why), {}, code);
}

Result<std::string> read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return failed(path, std::strerror(errno), errno);
  if (S_ISDIR(facts.st_mode)) return failed(path, std::strerror(EISDIR), EISDIR);
  std::string text;
  std::string block(64 * 1024, '\0');
  for (;;) {
    const ssize_t n = ::read(fd.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, std::strerror(errno), errno);
    if (n == 0) return text;
    text.append(block, 0, static_cast<std::size_t>(n));
    if (text.size() > kLargest) return failed(path, "is too large for an audit", EFBIG);
  }
}

}  // namespace

Result<Audit> read_audit_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  auto audit = read_audit(*text);
  if (!audit)
    return fail(fmt::format("{}: {}", escaped_unless_printable(path), audit.error().message), audit.error().hint);
  return audit;
}

Result<void> check_files(const std::vector<std::string>& files, std::string_view command, std::size_t least,
                         std::size_t most) {
  for (const std::string& file : files) {
    if (file.starts_with("--"))
      return fail(fmt::format("{}: options stand before the files", escaped_unless_printable(file)));
  }
  if (files.size() >= least && files.size() <= most) return {};
  return fail(
      files.size() < least ? fmt::format("{}: too few files", command) : fmt::format("{}: too many files", command),
      fmt::format("see vdsotrace {} --help", command));
}

}  // namespace vdsotrace::cli
