#include "os/proc/proc.hpp"

#include <fmt/core.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <span>
#include <string_view>

#include "base/clock.hpp"
#include "base/number.hpp"
#include "os/kernel.hpp"
#include "os/proc/run_time.hpp"
#include "os/procfs.hpp"

namespace vdsotrace::proc {
namespace {

/// Cuts off and returns what stands before `end`.
std::string_view take_until(std::string_view& text, char end) {
  const auto at = text.find(end);
  const auto head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return head;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) { return parse_number<std::uint64_t>(text, 16); }

/// The value of a field of /proc/PID/status.
std::optional<std::string> status_value(pid_t pid, std::string_view field) {
  const std::string text = kernel().proc_file(fmt::format("{}/status", pid)).value_or("");
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = take_until(rest, '\n');
    if (take_until(line, ':') != field) continue;
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return std::string(line);
  }
  return std::nullopt;
}

/// The same up to the next white space.
std::optional<std::string> status_word(pid_t pid, std::string_view field) {
  auto value = status_value(pid, field);
  if (value) value->resize(std::min(value->find_first_of(" \t"), value->size()));
  return value;
}

/// The words of /proc/PID/stat behind the program's name, which may hold anything, ends of lines too: state(3) is the
/// first.
std::vector<std::string> stat_words(pid_t pid) {
  const std::string text = kernel().proc_file(fmt::format("{}/stat", pid)).value_or("");
  const auto end_of_name = text.rfind(") ");
  std::vector<std::string> words;
  if (end_of_name == std::string::npos) return words;
  std::string_view rest = std::string_view(text).substr(end_of_name + 2);
  for (rest = take_until(rest, '\n'); !rest.empty();) words.emplace_back(take_until(rest, ' '));
  return words;
}

std::int64_t ns_of_ticks(std::int64_t ticks) { return ticks * (1'000'000'000 / ::sysconf(_SC_CLK_TCK)); }

std::string first_line(const std::string& path) {
  std::string text = kernel().proc_file(path).value_or("");
  text.erase(std::ranges::find(text, '\n'), text.end());
  return text;
}

/// "START-END PERM OFFSET DEV INODE   NAME"
std::optional<Mapping> parse_mapping(std::string_view line) {
  const auto start = hexadecimal(take_until(line, '-'));
  const auto end = hexadecimal(take_until(line, ' '));
  if (!start || !end || *start >= *end) return std::nullopt;
  const auto permissions = take_until(line, ' ');
  const auto offset = hexadecimal(take_until(line, ' '));
  take_until(line, ' ');  // device
  const auto inode = parse_number<std::uint64_t>(take_until(line, ' '));
  const auto name = line.find_first_not_of(' ');
  return Mapping{*start,
                 *end,
                 permissions.starts_with('r'),
                 permissions.size() > 2 && permissions[2] == 'x',
                 offset.value_or(0),
                 inode.value_or(0),
                 std::string(name == std::string_view::npos ? "" : line.substr(name)),
                 permissions.size() > 1 && permissions[1] == 'w',
                 permissions.size() > 3 && permissions[3] == 's'};
}

}  // namespace

std::vector<Mapping> parse_mappings(std::string_view text) {
  std::vector<Mapping> found;
  while (!text.empty()) {
    if (auto mapping = parse_mapping(take_until(text, '\n'))) found.push_back(std::move(*mapping));
  }
  return found;
}

std::optional<std::vector<Mapping>> known_mappings(pid_t pid) {
  const auto text = kernel().proc_file(fmt::format("{}/maps", pid));
  // A process without memory has ended; what it had mapped is not known.
  if (!text || text->empty()) return std::nullopt;
  return parse_mappings(*text);
}

std::vector<Mapping> mappings(pid_t pid) { return known_mappings(pid).value_or(std::vector<Mapping>()); }

std::optional<Mapping> vdso_mapping(pid_t pid) {
  for (auto& mapping : mappings(pid)) {
    if (mapping.name == "[vdso]") return std::move(mapping);
  }
  return std::nullopt;
}

std::string executable(pid_t pid) { return procfs::link_target(fmt::format("{}/exe", pid)); }

std::string namespace_link(pid_t pid, const std::string& kind) {
  return procfs::link_target(fmt::format("{}/ns/{}", pid, kind));
}

std::optional<std::int64_t> status_number(pid_t pid, std::string_view field) {
  const auto word = status_word(pid, field);
  return word ? parse_number<std::int64_t>(*word) : std::nullopt;
}

std::optional<std::uint64_t> status_signals(pid_t pid, std::string_view field) {
  const auto word = status_word(pid, field);
  return word ? hexadecimal(*word) : std::nullopt;
}

std::optional<std::int64_t> start_time_ns(pid_t pid) {
  constexpr std::size_t kStart = 19;  // starttime(22), ticks since the machine was started
  const auto words = stat_words(pid);
  const auto ticks = words.size() > kStart ? parse_number<std::int64_t>(words[kStart]) : std::nullopt;
  if (!ticks) return std::nullopt;
  return realtime_ns() - (clock_ns(CLOCK_BOOTTIME) - ns_of_ticks(*ticks));
}

std::optional<pid_t> pid_inside(pid_t pid) {
  const auto numbers = status_value(pid, "NStgid");
  return numbers ? parse_number<pid_t>(std::string_view(*numbers).substr(numbers->find_last_of(" \t") + 1))
                 : std::nullopt;
}

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  for (const std::string& name : kernel().proc_folder(fmt::format("{}/task", pid))) {
    if (const auto tid = parse_number<pid_t>(name)) threads.push_back(*tid);
  }
  return threads;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  for (const pid_t tid : threads_of(pid)) {
    const std::string text = kernel().proc_file(fmt::format("{}/task/{}/children", pid, tid)).value_or("");
    for (std::string_view rest = text; !rest.empty();) {
      if (const auto child = parse_number<pid_t>(take_until(rest, ' '))) children.push_back(*child);
    }
  }
  return children;
}

std::optional<char> state(pid_t tid) {
  // To read stat takes the longer the more threads there are: it sums up their times.
  const auto word = status_word(tid, "State");
  return word && !word->empty() ? std::optional(word->front()) : std::nullopt;
}

std::optional<std::int64_t> cpu_time_ns(pid_t pid) {
  constexpr std::size_t kUser = 11, kSystem = 12;  // utime(14), stime(15)
  const auto words = stat_words(pid);
  if (words.size() <= kSystem) return std::nullopt;
  const auto user = parse_number<std::int64_t>(words[kUser]), system = parse_number<std::int64_t>(words[kSystem]);
  if (!user || !system) return std::nullopt;
  return ns_of_ticks(*user + *system);
}

bool is_kernel_thread(pid_t pid) {
  constexpr std::uint64_t kKernelThread = 0x00200000;  // PF_KTHREAD, linux/sched.h
  constexpr std::size_t kFlags = 6;                    // flags(9)
  const auto words = stat_words(pid);
  return words.size() > kFlags && (parse_number<std::uint64_t>(words[kFlags]).value_or(0) & kKernelThread) != 0;
}

bool exists(pid_t tid) { return kernel().kill(tid, 0) == 0 || errno != ESRCH; }

bool has_no_memory(pid_t tid) {
  char byte;
  const iovec local{&byte, sizeof byte}, remote{nullptr, sizeof byte};
  // Of all others it is found that the address is no good, or that we may not read there.
  return kernel().read_memory(tid, local, std::span(&remote, 1)) < 0 && errno == ESRCH;
}

bool has_ended(pid_t tid) {
  if (const auto known = state(tid)) return *known == 'Z' || *known == 'X';
  return has_no_memory(tid);
}

std::optional<BlockedAt> blocked_at(pid_t tid) {
  // "NR ARG... SP PC", "-1 SP PC" or "running".
  const std::string line = first_line(fmt::format("{}/syscall", tid));
  constexpr std::string_view kPrefix = " 0x";
  const auto last = line.rfind(kPrefix);
  const auto before = last == std::string::npos || last == 0 ? std::string::npos : line.rfind(kPrefix, last - 1);
  if (before == std::string::npos) return std::nullopt;
  const auto stack =
      hexadecimal(std::string_view(line).substr(before + kPrefix.size(), last - before - kPrefix.size()));
  const auto counter = hexadecimal(std::string_view(line).substr(last + kPrefix.size()));
  const auto call = parse_number<std::int64_t>(std::string_view(line).substr(0, line.find(' ')));
  return stack && counter ? std::optional(BlockedAt{*stack, *counter, call.value_or(-1)}) : std::nullopt;
}

std::optional<std::uint64_t> user_pc_while_blocked(pid_t tid) {
  const auto at = blocked_at(tid);
  return at ? std::optional(at->program_counter) : std::nullopt;
}

std::optional<std::int64_t> run_time_ns(pid_t tid) {
  return schedstat_run_time(first_line(fmt::format("{}/schedstat", tid)));
}

std::vector<std::string> command_line(pid_t pid) {
  const std::string text = kernel().proc_file(fmt::format("{}/cmdline", pid)).value_or("");
  std::vector<std::string> words;
  for (std::string_view rest = text; !rest.empty();) words.emplace_back(take_until(rest, '\0'));
  return words;
}

std::string command_name(pid_t pid) { return first_line(fmt::format("{}/comm", pid)); }

}  // namespace vdsotrace::proc
