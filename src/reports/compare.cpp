#include "reports/compare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/escape.hpp"
#include "output/json_document.hpp"

namespace vdsotrace {
namespace {

using Seen = ComparedLine::Seen;

constexpr std::size_t kColumns = 100;
/// A longer run of lines with one mark is cut in its middle.
constexpr std::size_t kLongestRun = 5;
constexpr std::size_t kShownBefore = 2;
constexpr std::size_t kShownBehind = 1;
constexpr std::size_t kMostDifferences = 1000;  // in JSON

struct Mark {
  char sign;
  std::string_view more;  ///< said of calls in the middle of a run
};
Mark mark_of(Seen seen) {
  switch (seen) {
    case Seen::by_both: return {' ', "that both saw"};
    case Seen::by_vdsotrace_only: return {'+', "that only vdsotrace saw"};
    case Seen::in_strace_run: return {'<', "in strace's run only"};
    case Seen::in_vdsotrace_run: return {'>', "in vdsotrace's run only"};
  }
  return {' ', ""};
}

std::string counted(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::uint64_t seen_by_vdsotrace(const ComparedName& name) { return name.stayed() + name.entered(); }

/// Whether a table without that row would hide something.
bool has_row(const ComparedName& name) {
  return name.strace != name.entered() || seen_by_vdsotrace(name) != name.vdsotrace[kRoutes];
}

std::string number(std::uint64_t count) { return count == 0 ? "-" : std::to_string(count); }

std::string row(std::string_view title, const ComparedName& name) {
  std::string line = fmt::format("{:<24.24} {:>9}", title, number(name.strace));
  for (std::size_t i = 0; i < name.vdsotrace.size(); ++i) {
    // Of a program that we started every route is known.
    if (i != static_cast<std::size_t>(Route::unknown)) line += fmt::format(" {:>9}", number(name.vdsotrace[i]));
  }
  return fmt::format("{} {:>10}\n", line, number(name.stayed()));
}

std::string table(const Comparison& comparison) {
  std::string text = fmt::format("{:<24} {:>9}      {:<44} {:>10}\n", "", "strace", "vdsotrace saw, by route", "only");
  text += fmt::format("{:<24} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10}\n", "call", "saw", "vdso", "fallback",
                      "syscall", "vsyscall", "other", "vdsotrace");
  ComparedName rest;
  std::size_t left = 0;
  for (const ComparedName& name : comparison.names) {
    if (has_row(name)) {
      text += row(name.name, name);
      continue;
    }
    ++left;
    rest.strace += name.strace;
    rest.vdsotrace[kRoutes] += name.vdsotrace[kRoutes];
  }
  if (left != 0) text += row(left == 1 ? "1 other" : fmt::format("{} others, the same", left), rest);
  return text + row("total", comparison.totals);
}

std::string headline(const Comparison& comparison, const CompareFacts& facts) {
  const ComparedName& all = comparison.totals;
  return fmt::format("{} saw {}; vdsotrace ({}) saw {}, of which {} made no system call.\n",
                     facts.own_run ? "strace" : fmt::format("strace ({})", escaped(facts.strace)),
                     counted(all.strace, "call"), facts.engine, seen_by_vdsotrace(all),
                     all.stayed() == 0 ? "none" : std::to_string(all.stayed()));
}

/// What vdsotrace's run lacks.
std::string limits(const CompareFacts& facts) {
  std::string text = facts.complete ? "" : "What vdsotrace saw is incomplete.\n";
  if (facts.lost > 0) text += fmt::format("{} could not be recorded.\n", counted(facts.lost, "call"));
  for (const std::string& notice : facts.notices) text += fmt::format("Notice: {}\n", escaped(notice));
  return text;
}

std::string differences(const Comparison& comparison, const CompareFacts& facts) {
  if (!comparison.counts_differ()) return "Both saw the same system calls, each as often.\n";
  std::vector<std::string> names;
  for (const ComparedName& name : comparison.names) {
    if (name.strace != name.entered())
      names.push_back(fmt::format("{} {} and {}", name.name, name.strace, name.entered()));
  }
  constexpr std::size_t kMostNamed = 12;
  const std::size_t unnamed = names.size() - std::min(names.size(), kMostNamed);
  names.resize(names.size() - unnamed);
  return fmt::format("The system calls themselves differ (strace's run and vdsotrace's): {}{}.\n{}\n",
                     fmt::join(names, ", "), unnamed > 0 ? fmt::format(", and {} more", unnamed) : "",
                     facts.vdso_hidden
                         ? "The vDSO was hidden from the program in vdsotrace's run only."
                         : "These are two runs: what hangs on time, on chance or on what was there before may differ.");
}

/// One line of the listing, cut to the width.
std::string line_text(const ComparedLine& line) {
  const std::string tag = line.call->route ? fmt::format(" {}", tag_of(*line.call->route)) : std::string();
  const std::size_t room = kColumns - 2 - tag.size();
  const std::string_view text = line.call->text;
  const bool fits = text.size() <= room;
  return fmt::format("{} {}{}{}", mark_of(line.seen).sign, text.substr(0, fits ? room : room - 3), fits ? "" : "...",
                     tag);
}

void add_run(std::vector<std::string>& out, std::span<const ComparedLine> run) {
  if (run.size() <= kLongestRun) {
    for (const ComparedLine& line : run) out.push_back(line_text(line));
    return;
  }
  const Mark mark = mark_of(run.front().seen);
  for (const ComparedLine& line : run.first(kShownBefore)) out.push_back(line_text(line));
  out.push_back(fmt::format("{} ... {} more {}", mark.sign, run.size() - kShownBefore - kShownBehind, mark.more));
  for (const ComparedLine& line : run.last(kShownBehind)) out.push_back(line_text(line));
}

std::string tid_text(pid_t tid, std::string_view tracer) {
  return tid != 0 ? fmt::format("{} under {}", tid, tracer) : fmt::format("not under {}", tracer);
}

void add_thread(std::vector<std::string>& out, const ComparedThread& thread, bool several) {
  if (several)
    out.push_back(fmt::format("thread {}, {}:", tid_text(thread.strace_tid, "strace"),
                              tid_text(thread.vdsotrace_tid, "vdsotrace")));
  if (!thread.aligned) out.emplace_back("  too different to be laid side by side");
  const std::span<const ComparedLine> lines(thread.lines);
  for (std::size_t i = 0; i < lines.size();) {
    std::size_t end = i;
    while (end < lines.size() && lines[end].seen == lines[i].seen) ++end;
    add_run(out, lines.subspan(i, end - i));
    i = end;
  }
}

std::string listing(const Comparison& comparison, std::size_t most) {
  std::vector<std::string> lines;
  for (const ComparedThread& thread : comparison.threads) add_thread(lines, thread, comparison.threads.size() > 1);
  if (most == 0 || lines.empty()) return {};
  std::string text =
      "\nSide by side: + only vdsotrace saw it, < only strace's run made it, > only vdsotrace's run made it\n\n";
  const std::size_t shown = std::min(lines.size(), most);
  for (std::size_t i = 0; i < shown; ++i) text += lines[i] + "\n";
  if (shown < lines.size())
    text += fmt::format("... {} more: --lines {}\n", counted(lines.size() - shown, "line"), lines.size());
  if (comparison.left_out > 0) text += fmt::format("{} counted and not listed\n", counted(comparison.left_out, "call"));
  return text;
}

Json routes_of(const ComparedName& name) {
  Json routes;
  for (std::size_t i = 0; i < kRoutes; ++i) routes[std::string(name_of(static_cast<Route>(i)))] = name.vdsotrace[i];
  routes["other"] = name.vdsotrace[kRoutes];
  return routes;
}

Json counts_of(const ComparedName& name) {
  return {{"strace", name.strace}, {"vdsotrace", routes_of(name)}, {"only_vdsotrace", name.stayed()}};
}

Json differing_calls(const Comparison& comparison) {
  Json calls = Json::array();
  for (const ComparedThread& thread : comparison.threads) {
    for (const ComparedLine& line : thread.lines) {
      const bool differs = line.seen == Seen::in_strace_run || line.seen == Seen::in_vdsotrace_run;
      if (!differs || calls.size() >= kMostDifferences) continue;
      calls.push_back({{"run", line.seen == Seen::in_strace_run ? "strace" : "vdsotrace"},
                       {"tid", line.call->tid},
                       {"name", json_text(line.call->name)},
                       {"text", json_text(line.call->text)}});
    }
  }
  return calls;
}

}  // namespace

std::string compare_text(const Comparison& comparison, const CompareFacts& facts) {
  return fmt::format("{}{}\n{}\n{}{}", headline(comparison, facts), limits(facts), table(comparison),
                     differences(comparison, facts), listing(comparison, facts.most_lines));
}

std::string compare_json(const Comparison& comparison, const CompareFacts& facts) {
  Json calls = Json::array();
  for (const ComparedName& name : comparison.names) {
    Json line{{"name", json_text(name.name)}};
    line.update(counts_of(name));
    calls.push_back(std::move(line));
  }
  const Json report{{"command", json_texts(facts.command)},
                    {"engine", facts.engine},
                    {"strace", json_text(facts.strace)},
                    {"calls", std::move(calls)},
                    {"totals", counts_of(comparison.totals)},
                    {"same_system_calls", !comparison.counts_differ()},
                    {"differences", differing_calls(comparison)},
                    {"lost", facts.lost},
                    {"complete", facts.complete},
                    {"notices", json_texts(facts.notices)}};
  return dumped(json_document("compare", facts.head, report)) + "\n";
}

}  // namespace vdsotrace
