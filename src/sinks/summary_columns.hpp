// The columns of the summary: which there are, and what stands in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "output/palette.hpp"
#include "pipeline/aggregate.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// What a cell is made of.
struct SummaryRow {
  const CallKey& key;
  const CallTotal& total;
  std::int64_t all_ns;         ///< time of all rows
  const Histogram* durations;  ///< of the calls that were measured one by one; null if none is kept
};

/// How the table's rows are ordered: the largest first, names and routes ascending.
enum class SortKey : std::uint8_t {
  time,
  average,
  shortest,
  longest,
  median,
  p99,
  calls,
  errors,
  name,
  route,
  nothing
};

struct SummaryColumn {
  std::string_view title;
  std::size_t width;
  bool left;  ///< its text stands at its left
  std::string (*cell)(const SummaryRow& row);
  SortKey sort;                                                ///< of rows that are sorted by it
  std::string_view (*color)(const SummaryRow& row) = nullptr;  ///< null: none
};

using SummaryColumns = std::vector<const SummaryColumn*>;

/// strace's, and `route` between its errors and names.
SummaryColumns default_summary_columns();
/// The same with how long the calls took each (-T): in nanoseconds, before the route, so that what stood at either end
/// of a line still does.
SummaryColumns timed_summary_columns();
/// Whether rows are sorted by times then.
bool is_of_times(SortKey key);
/// Whether one of them shows times.
bool show_times(const SummaryColumns& columns);
/// Whether one of them needs SummaryRow::durations.
bool need_durations(const SummaryColumns& columns);
/// A list of -U, with commas between: strace's words (time-percent, total-time, min-time, max-time, avg-time, calls,
/// errors, name and their synonyms), `route`, `median-ns`, `p99-ns` and `max-ns`. Without `name` that is the last.
/// Errors: an unknown word, a column twice.
Result<SummaryColumns> summary_columns_named(std::string_view list);
/// The key of -S: a word of -U, or `none` or `nothing`. Errors: an unknown word.
Result<SortKey> sort_key_named(std::string_view word);

/// One line, with its end. The last column is not filled up.
std::string summary_titles(const SummaryColumns& columns);
std::string summary_rule(const SummaryColumns& columns);
std::string summary_line(const SummaryColumns& columns, const SummaryRow& row, const Palette& palette);

}  // namespace vdsotrace
