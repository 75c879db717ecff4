#include "pipeline/notices.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace vdsotrace {
namespace {

/// Texts are made of few words of ours and of errors; a program may cause many processes.
constexpr std::size_t kMostTexts = 64;
constexpr std::size_t kMostProcesses = 10'000;
constexpr int kSilent = 3;  // -qqq

}  // namespace

bool Notices::add(pid_t pid, const Notice& notice) {
  lack_calls_ = lack_calls_ || lacks_calls(notice.missing);
  const auto known =
      std::ranges::find(entries_, notice.text, [](const Entry& e) -> const std::string& { return e.notice.text; });
  if (known == entries_.end()) {
    if (entries_.size() < kMostTexts) entries_.push_back({notice, pid, 0, {pid}});
    return true;
  }
  const bool room = known->processes.size() < kMostProcesses;
  if (room ? known->processes.insert(pid).second : !known->processes.contains(pid)) ++known->others;
  return false;
}

std::vector<std::string> Notices::lines() const {
  std::vector<std::string> lines;
  for (const Entry& entry : entries_) lines.push_back(line_of(entry));
  return lines;
}

std::string line_of(const Notices::Entry& entry) {
  if (entry.first == 0) return entry.notice.text;
  const std::string others =
      entry.others == 0 ? "" : fmt::format(" (and {} more process{})", entry.others, entry.others == 1 ? "" : "es");
  return fmt::format("process {}{}: {}", entry.first, others, entry.notice.text);
}

bool shown(const Notice& notice, int quiet) {
  return quiet == 0 || (notice.missing != Missing::nothing && quiet < kSilent);
}

}  // namespace vdsotrace
