#include "sinks/summary_columns.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "model/nearest.hpp"
#include "model/words.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kNothing = "-";

std::string seconds(std::optional<std::int64_t> ns) {
  return ns ? fmt::format("{:.6f}", static_cast<double>(*ns) / 1e9) : std::string(kNothing);
}

std::string share(const SummaryRow& row) {
  if (!row.total.duration_ns) return std::string(kNothing);
  if (row.all_ns <= 0) return "0.00";
  return fmt::format("{:.2f}", 100.0 * static_cast<double>(*row.total.duration_ns) / static_cast<double>(row.all_ns));
}
std::string total_time(const SummaryRow& row) { return seconds(row.total.duration_ns); }
std::string shortest(const SummaryRow& row) { return seconds(row.total.shortest_ns); }
std::string longest(const SummaryRow& row) { return seconds(row.total.longest_ns); }
std::string average(const SummaryRow& row) {
  if (!row.total.duration_ns) return std::string(kNothing);
  const auto measured = static_cast<std::int64_t>(std::max<std::uint64_t>(1, row.total.measured));
  return std::to_string(*row.total.duration_ns / measured / 1000);
}
std::string percentile(const SummaryRow& row, double percent) {
  return row.durations != nullptr ? std::to_string(row.durations->percentile(percent)) : std::string(kNothing);
}
std::string median(const SummaryRow& row) { return percentile(row, 50); }
std::string p99(const SummaryRow& row) { return percentile(row, 99); }
std::string longest_exactly(const SummaryRow& row) {
  return row.durations != nullptr ? std::to_string(row.durations->longest()) : std::string(kNothing);
}
std::string calls(const SummaryRow& row) { return std::to_string(row.total.count); }
std::string errors(const SummaryRow& row) { return row.total.errors > 0 ? std::to_string(row.total.errors) : ""; }
std::string route(const SummaryRow& row) {
  if (row.key.route) return std::string(name_of(*row.key.route));
  return row.key.name.starts_with("total") ? "" : std::string(kNothing);
}
std::string name(const SummaryRow& row) {
  return row.key.clock.empty() ? row.key.name : fmt::format("{}({})", row.key.name, row.key.clock);
}

std::string_view of_route(const SummaryRow& row) { return row.key.route ? Palette::of(*row.key.route) : ""; }
std::string_view bold(const SummaryRow&) { return Palette::kName; }
std::string_view red(const SummaryRow&) { return Palette::kError; }

constexpr std::array kColumns{
    SummaryColumn{"% time", 6, false, share, SortKey::time},
    SummaryColumn{"seconds", 11, false, total_time, SortKey::time},
    SummaryColumn{"usecs/call", 11, false, average, SortKey::average},
    SummaryColumn{"calls", 9, false, calls, SortKey::calls},
    SummaryColumn{"errors", 9, false, errors, SortKey::errors, red},
    SummaryColumn{"route", 8, true, route, SortKey::route, of_route},
    SummaryColumn{"call", 16, true, name, SortKey::name, bold},
    SummaryColumn{"shortest", 11, false, shortest, SortKey::shortest},
    SummaryColumn{"longest", 11, false, longest, SortKey::longest},
    SummaryColumn{"median ns", 9, false, median, SortKey::median},
    SummaryColumn{"p99 ns", 9, false, p99, SortKey::p99},
    SummaryColumn{"max ns", 11, false, longest_exactly, SortKey::longest},
};
constexpr std::size_t kDefaults = 7;
constexpr std::size_t kTimed = 9;   ///< the first of those of -T
constexpr std::size_t kBefore = 5;  ///< that they stand before: the route

/// strace's words (strace(1), -U), by the title of what they mean.
struct Word {
  std::string_view word;
  std::string_view title;
};
constexpr Word kWords[] = {
    {"time-percent", "% time"}, {"time", "% time"},       {"total-time", "seconds"},  {"time-total", "seconds"},
    {"min-time", "shortest"},   {"time-min", "shortest"}, {"shortest", "shortest"},   {"max-time", "longest"},
    {"time-max", "longest"},    {"longest", "longest"},   {"avg-time", "usecs/call"}, {"time-avg", "usecs/call"},
    {"calls", "calls"},         {"count", "calls"},       {"errors", "errors"},       {"error", "errors"},
    {"route", "route"},         {"name", "call"},         {"syscall", "call"},        {"syscall-name", "call"},
    {"median-ns", "median ns"}, {"p99-ns", "p99 ns"},     {"max-ns", "max ns"},
};

constexpr std::string_view kSomeWords =
    "time-percent, total-time, min-time, max-time, avg-time, calls, errors, route, median-ns, p99-ns, max-ns, name";

/// Null if no column is called so. strace takes its words with underscores, too.
const SummaryColumn* column_named(std::string_view word) {
  std::string dashed(word);
  std::ranges::replace(dashed, '_', '-');
  const auto* known = std::ranges::find(kWords, dashed, &Word::word);
  if (known == std::end(kWords)) return nullptr;
  return std::ranges::find(kColumns, known->title, &SummaryColumn::title);
}

/// `kind`: what it should have been.
Error unknown_word(std::string_view option, std::string_view word, std::string_view kind, std::string_view known) {
  std::vector<std::string_view> words;
  for (const Word& one : kWords) words.push_back(one.word);
  std::string hint = did_you_mean(word, words);
  if (hint.empty()) hint = known;
  return {0, fmt::format("{} {}: unknown {}", option, word, kind), std::move(hint)};
}

/// `color` is on the text alone, not on the blanks beside it.
void append_cell(std::string& line, const SummaryColumn& column, std::string_view text, bool last,
                 const Palette& palette, std::string_view color) {
  const std::string blanks(column.width - std::min(column.width, text.size()), ' ');
  if (!column.left) line += blanks;
  palette.append(line, text.empty() ? std::string_view() : color, text);
  if (column.left && !last) line += blanks;
}

template <class Text, class ColorOf>
std::string line_of(const SummaryColumns& columns, const Palette& palette, Text&& text, ColorOf&& color) {
  std::string line;
  for (const SummaryColumn* column : columns) {
    if (!line.empty()) line += ' ';
    append_cell(line, *column, text(*column), column == columns.back(), palette, color(*column));
  }
  return line + '\n';
}

/// Without colours.
template <class Text>
std::string line_of(const SummaryColumns& columns, Text&& text) {
  return line_of(columns, Palette(false), text, [](const SummaryColumn&) { return std::string_view(); });
}

}  // namespace

SummaryColumns default_summary_columns() {
  SummaryColumns columns;
  for (std::size_t i = 0; i < kDefaults; ++i) columns.push_back(&kColumns[i]);
  return columns;
}

SummaryColumns timed_summary_columns() {
  SummaryColumns columns = default_summary_columns();
  for (std::size_t i = kTimed; i < kColumns.size(); ++i)
    columns.insert(columns.begin() + static_cast<std::ptrdiff_t>(kBefore + i - kTimed), &kColumns[i]);
  return columns;
}

bool is_of_times(SortKey key) {
  switch (key) {
    case SortKey::time:
    case SortKey::average:
    case SortKey::shortest:
    case SortKey::longest:
    case SortKey::median:
    case SortKey::p99: return true;
    default: return false;
  }
}

bool show_times(const SummaryColumns& columns) {
  return std::ranges::any_of(columns, [](const SummaryColumn* column) { return is_of_times(column->sort); });
}

bool need_durations(const SummaryColumns& columns) {
  return std::ranges::any_of(columns, [](const SummaryColumn* column) { return column >= &kColumns[kTimed]; });
}

Result<SummaryColumns> summary_columns_named(std::string_view list) {
  SummaryColumns columns;
  for (std::string_view rest = list; !rest.empty();) {
    const std::string_view word = take_word(rest);
    const SummaryColumn* column = column_named(word);
    if (column == nullptr)
      return tl::unexpected(unknown_word("-U", word, "column", fmt::format("some of {}", kSomeWords)));
    if (std::ranges::find(columns, column) != columns.end()) return fail(fmt::format("-U {}: given twice", word));
    columns.push_back(column);
  }
  const auto* names = std::ranges::find(kColumns, std::string_view("call"), &SummaryColumn::title);
  if (std::ranges::find(columns, names) == columns.end()) columns.push_back(names);
  return columns;
}

Result<SortKey> sort_key_named(std::string_view word) {
  if (word == "none" || word == "nothing") return SortKey::nothing;
  if (const SummaryColumn* column = column_named(word)) return column->sort;
  return tl::unexpected(unknown_word("-S", word, "sort key", fmt::format("one of {}, none", kSomeWords)));
}

std::string summary_titles(const SummaryColumns& columns) {
  return line_of(columns, [](const SummaryColumn& column) { return column.title; });
}

std::string summary_rule(const SummaryColumns& columns) {
  return line_of(columns, [](const SummaryColumn& column) { return std::string(column.width, '-'); });
}

std::string summary_line(const SummaryColumns& columns, const SummaryRow& row, const Palette& palette) {
  return line_of(
      columns, palette, [&](const SummaryColumn& column) { return column.cell(row); },
      [&](const SummaryColumn& column) { return column.color ? column.color(row) : std::string_view(); });
}

}  // namespace vdsotrace
