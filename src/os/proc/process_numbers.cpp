#include "os/proc/process_numbers.hpp"

#include <fmt/core.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/number.hpp"
#include "os/procfs.hpp"

namespace vdsotrace {
namespace {

using procfs::untranslated::entries;

/// A process's number in each PID namespace that has one for it, that of /proc first.
using Numbers = std::vector<pid_t>;

constexpr std::string_view field_of(ProcessKind kind) {
  switch (kind) {
    case ProcessKind::thread: return "\nNSpid:";
    case ProcessKind::process: return "\nNStgid:";
    case ProcessKind::group: return "\nNSpgid:";
    case ProcessKind::session: break;
  }
  return "\nNSsid:";
}

/// `entry`: "123", or "123/task/124".
Numbers numbers_of(const std::string& entry, ProcessKind kind) {
  const std::string status = procfs::untranslated::read(entry + "/status").value_or("");
  const std::string_view field = field_of(kind);
  const auto at = status.find(field);
  Numbers numbers;
  if (at == std::string::npos) return numbers;
  std::string_view rest = std::string_view(status).substr(at + field.size());
  rest = rest.substr(0, rest.find('\n'));
  while (!rest.empty()) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const auto number = take_number<pid_t>(rest);
    if (!number) break;
    numbers.push_back(*number);
  }
  return numbers;
}

/// The inode of its PID namespace, or of the one so many above it; 0 if that is not known.
ino_t namespace_of(const std::string& entry, std::size_t above) {
  UniqueFd one = procfs::untranslated::open_target(entry + "/ns/pid");
  for (; one && above > 0; --above) one = UniqueFd(::ioctl(one.get(), NS_GET_PARENT));
  struct stat facts {};
  return one && ::fstat(one.get(), &facts) == 0 ? facts.st_ino : 0;
}

/// A PID namespace: how far below that of /proc, and its inode.
struct Namespace {
  std::size_t level = 0;
  ino_t inode = 0;

  bool operator==(const Namespace&) const = default;
};

std::optional<Namespace> namespace_of_entry(const std::string& entry) {
  const Numbers numbers = numbers_of(entry, ProcessKind::thread);
  const ino_t inode = numbers.empty() ? 0 : namespace_of(entry, 0);
  return inode != 0 ? std::optional(Namespace{numbers.size() - 1, inode}) : std::nullopt;
}

const std::optional<Namespace>& own_namespace() {
  static const std::optional<Namespace> kOurs = namespace_of_entry("self");
  return kOurs;
}

bool is_called(const std::string& entry, const Namespace& where, pid_t number, ProcessKind kind) {
  const Numbers numbers = numbers_of(entry, kind);
  return numbers.size() > where.level && numbers[where.level] == number &&
         namespace_of(entry, numbers.size() - 1 - where.level) == where.inode;
}

bool is_number(std::string_view name) { return parse_number<pid_t>(name).has_value(); }

std::string search(const Namespace& where, pid_t number, ProcessKind kind) {
  for (const std::string& name : entries(".")) {
    if (!is_number(name)) continue;
    if (is_called(name, where, number, kind)) return name;
    if (kind != ProcessKind::thread) continue;
    for (const std::string& thread : entries(name + "/task")) {
      std::string entry = fmt::format("{}/task/{}", name, thread);
      if (is_number(thread) && is_called(entry, where, number, kind)) return entry;
    }
  }
  return {};
}

/// Where in /proc it is; empty if it is not there.
std::string entry_of(const Namespace& where, pid_t number, ProcessKind kind) {
  constexpr std::size_t kMost = 1024;
  static std::map<std::tuple<ino_t, pid_t, ProcessKind>, std::string> known;
  // The kernel finds threads by their numbers, too.
  if (where.level == 0 && kind == ProcessKind::thread) return std::to_string(number);
  if (known.size() >= kMost) known.clear();
  std::string& entry = known[{where.inode, number, kind}];
  if (entry.empty() || !is_called(entry, where, number, kind)) entry = search(where, number, kind);
  return entry;
}

std::string name_at(const std::string& entry) {
  std::string name = procfs::untranslated::read(entry + "/comm").value_or("");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

}  // namespace

ProcessFacts process_facts(pid_t observer, pid_t number, ProcessKind kind, const ProcessDetails& wanted) {
  const auto& own = own_namespace();
  if (!own || !wanted.any()) return {};
  const std::string from = entry_of(*own, observer, ProcessKind::thread);
  if (number == 0) return {wanted.name ? name_at(from) : "", 0};
  const auto where = namespace_of_entry(from);
  if (!where) return {};
  const bool has_name = kind == ProcessKind::thread || kind == ProcessKind::process;
  if (*where == *own && !(wanted.name && has_name)) return {{}, number};
  const ProcessKind looked_for = *where == *own ? ProcessKind::thread : kind;
  const std::string entry = entry_of(*where, number, looked_for);
  if (entry.empty()) return {};
  const Numbers numbers = numbers_of(entry, kind);
  return {wanted.name && has_name ? name_at(entry) : "", numbers.size() > own->level ? numbers[own->level] : 0};
}

}  // namespace vdsotrace
