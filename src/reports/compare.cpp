#include "reports/compare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/escape.hpp"
#include "output/json_document.hpp"
#include "output/palette.hpp"
#include "output/wrap.hpp"

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

/// How wide the table's columns are: names, strace, four routes and others, only vdsotrace.
struct Widths {
  std::size_t name = 24, strace = 9, vdso = 9, fallback = 9, syscall = 9, vsyscall = 9, other = 9, only = 10;

  std::size_t sum() const { return name + strace + vdso + fallback + syscall + vsyscall + other + only + 7; }
};

constexpr Widths kNarrow{20, 7, 7, 8, 7, 8, 7, 9};

template <class... Cells>
std::string table_line(const Widths& w, std::string_view name, const Cells&... cells) {
  const std::size_t widths[] = {w.strace, w.vdso, w.fallback, w.syscall, w.vsyscall, w.other, w.only};
  std::string line = fmt::format("{:<{}.{}}", name, w.name, w.name);
  std::size_t at = 0;
  ((line += fmt::format(" {:>{}}", cells, widths[at++])), ...);
  return line + '\n';
}

std::string row(const Widths& widths, std::string_view title, const ComparedName& name) {
  const auto by = [&](Route route) { return number(name.vdsotrace[static_cast<std::size_t>(route)]); };
  // Of a program that we started every route is known.
  return table_line(widths, title, number(name.strace), by(Route::vdso), by(Route::fallback), by(Route::syscall),
                    by(Route::vsyscall), number(name.vdsotrace[kRoutes]), number(name.stayed()));
}

std::string table(const Comparison& comparison, const TextStyle& style) {
  const Widths widths = style.columns == 0 || style.columns >= Widths{}.sum() ? Widths{} : kNarrow;
  const std::size_t routes = widths.vdso + widths.fallback + widths.syscall + widths.vsyscall + widths.other - 1;
  std::string text = fmt::format("{:<{}} {:>{}}      {:<{}} {:>{}}\n", "", widths.name, "strace", widths.strace,
                                 "vdsotrace saw, by route", routes, "only", widths.only);
  text += table_line(widths, "call", "saw", "vdso", "fallback", "syscall", "vsyscall", "other", "vdsotrace");
  ComparedName rest;
  std::size_t left = 0;
  for (const ComparedName& name : comparison.names) {
    if (has_row(name)) {
      text += row(widths, name.name, name);
      continue;
    }
    ++left;
    rest.strace += name.strace;
    rest.vdsotrace[kRoutes] += name.vdsotrace[kRoutes];
  }
  if (left != 0) text += row(widths, left == 1 ? "1 other" : fmt::format("{} others, the same", left), rest);
  return text + row(widths, "total", comparison.totals);
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

std::string_view color_of(Seen seen) {
  switch (seen) {
    case Seen::by_both: return "";
    case Seen::by_vdsotrace_only: return Palette::kFine;
    case Seen::in_strace_run:
    case Seen::in_vdsotrace_run: return Palette::kNotFine;
  }
  return "";
}

std::string tid_text(pid_t tid, std::string_view tracer) {
  return tid != 0 ? fmt::format("{} under {}", tid, tracer) : fmt::format("not under {}", tracer);
}

/// Both runs side by side.
class Listing {
 public:
  explicit Listing(const TextStyle& style)
      : palette_(style.color), columns_(style.columns == 0 ? kColumns : style.columns) {}

  std::string text(const Comparison& comparison, std::size_t most) {
    for (const ComparedThread& thread : comparison.threads) add_thread(thread, comparison.threads.size() > 1);
    if (most == 0 || lines_.empty()) return {};
    std::string text =
        "\nSide by side: + only vdsotrace saw it, < only strace's run made it, > only vdsotrace's run made it\n";
    text = wrapped(text, columns_, 0) + '\n';
    const std::size_t shown = std::min(lines_.size(), most);
    for (std::size_t i = 0; i < shown; ++i) text += lines_[i] + "\n";
    if (shown < lines_.size())
      text += fmt::format("... {} more: --lines {}\n", counted(lines_.size() - shown, "line"), lines_.size());
    if (comparison.left_out > 0)
      text += fmt::format("{} counted and not listed\n", counted(comparison.left_out, "call"));
    return text;
  }

 private:
  /// One that is too long shows its beginning and its result.
  std::string line_text(const ComparedLine& line) const {
    std::string tag;
    if (line.call->route) palette_.append(tag, Palette::of(*line.call->route), tag_of(*line.call->route));
    const std::size_t taken = 2 + (line.call->route ? tag_of(*line.call->route).size() + 1 : 0);
    std::string text;
    palette_.append(text, color_of(line.seen), std::string(1, mark_of(line.seen).sign));
    text += ' ' + shortened(line.call->text, columns_ - std::min(columns_, taken));
    return tag.empty() ? text : text + ' ' + tag;
  }

  void add_run(std::span<const ComparedLine> run) {
    if (run.size() <= kLongestRun) {
      for (const ComparedLine& line : run) lines_.push_back(line_text(line));
      return;
    }
    const Mark mark = mark_of(run.front().seen);
    for (const ComparedLine& line : run.first(kShownBefore)) lines_.push_back(line_text(line));
    lines_.push_back(fmt::format("{} ... {} more {}", mark.sign, run.size() - kShownBefore - kShownBehind, mark.more));
    for (const ComparedLine& line : run.last(kShownBehind)) lines_.push_back(line_text(line));
  }

  void add_thread(const ComparedThread& thread, bool several) {
    if (several)
      lines_.push_back(fmt::format("thread {}, {}:", tid_text(thread.strace_tid, "strace"),
                                   tid_text(thread.vdsotrace_tid, "vdsotrace")));
    if (!thread.aligned) lines_.emplace_back("  too different to be laid side by side");
    const std::span<const ComparedLine> lines(thread.lines);
    for (std::size_t i = 0; i < lines.size();) {
      std::size_t end = i;
      while (end < lines.size() && lines[end].seen == lines[i].seen) ++end;
      add_run(lines.subspan(i, end - i));
      i = end;
    }
  }

  Palette palette_;
  std::size_t columns_;
  std::vector<std::string> lines_;
};

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

std::string compare_text(const Comparison& comparison, const CompareFacts& facts, const TextStyle& style) {
  return wrapped(headline(comparison, facts) + limits(facts), style.columns, 0) + '\n' + table(comparison, style) +
         '\n' + wrapped(differences(comparison, facts), style.columns, 0) +
         Listing(style).text(comparison, facts.most_lines);
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
