#include "os/proc.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <string_view>

#include "base/unique_fd.hpp"

namespace vdsotrace::proc {
namespace {

/// The whole file; files in /proc say nothing of their size beforehand.
std::string slurp(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd) return text;
  std::array<char, 16384> chunk;
  for (;;) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

/// Cuts off and returns what stands before `end`.
std::string_view take_until(std::string_view& text, char end) {
  const auto at = text.find(end);
  const auto head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return head;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "START-END PERM OFFSET DEV INODE   NAME"
std::optional<Mapping> parse_mapping(std::string_view line) {
  const auto start = hexadecimal(take_until(line, '-'));
  const auto end = hexadecimal(take_until(line, ' '));
  if (!start || !end || *start >= *end) return std::nullopt;
  const auto permissions = take_until(line, ' ');
  for (int column = 0; column < 3; ++column) take_until(line, ' ');
  const auto name = line.find_first_not_of(' ');
  return Mapping{*start, *end, permissions.size() > 2 && permissions[2] == 'x',
                 std::string(name == std::string_view::npos ? "" : line.substr(name))};
}

}  // namespace

std::vector<Mapping> mappings(pid_t pid) {
  const std::string text = slurp(fmt::format("/proc/{}/maps", pid));
  std::vector<Mapping> found;
  for (std::string_view rest = text; !rest.empty();) {
    if (auto mapping = parse_mapping(take_until(rest, '\n'))) found.push_back(std::move(*mapping));
  }
  return found;
}

std::optional<Mapping> vdso_mapping(pid_t pid) {
  for (auto& mapping : mappings(pid)) {
    if (mapping.name == "[vdso]") return std::move(mapping);
  }
  return std::nullopt;
}

std::string executable(pid_t pid) {
  std::array<char, PATH_MAX> target;
  const ssize_t n =
      ::readlink(fmt::format("/proc/{}/exe", pid).c_str(), target.data(), target.size());
  return n > 0 ? std::string(target.data(), static_cast<std::size_t>(n)) : std::string();
}

std::optional<std::int64_t> status_number(pid_t pid, std::string_view field) {
  const std::string text = slurp(fmt::format("/proc/{}/status", pid));
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = take_until(rest, '\n');
    if (take_until(line, ':') != field) continue;
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error == std::errc() && end != line.data()) return value;
  }
  return std::nullopt;
}

std::string first_line(const std::string& path) {
  const std::string text = slurp(path);
  return text.substr(0, text.find('\n'));
}

}  // namespace vdsotrace::proc
