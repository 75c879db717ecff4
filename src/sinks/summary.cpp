#include "sinks/summary.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "output/route_counts.hpp"

namespace vdsotrace {
namespace {

using Row = std::pair<const CallKey, CallTotal>;

constexpr std::string_view kTotal = "total";
constexpr std::string_view kIncompleteTotal = "total (incomplete)";

std::string_view route_text(const CallKey& key) {
  if (key.route) return name_of(*key.route);
  return key.name.starts_with(kTotal) ? "" : "-";
}

bool before(const Row& a, const Row& b, SortKey sort) {
  const auto time = [](const Row& r) { return r.second.duration_ns.value_or(0); };
  const auto average = [](const Row& r) {
    return r.second.duration_ns.value_or(0) / static_cast<std::int64_t>(std::max<std::uint64_t>(1, r.second.measured));
  };
  const auto rest = [](const Row& r) { return std::tie(r.first.name, r.first.clock); };
  const auto largest_first = [&](auto value) { return value(a) != value(b) ? value(a) > value(b) : rest(a) < rest(b); };
  switch (sort) {
    case SortKey::calls: return largest_first([](const Row& r) { return r.second.count; });
    case SortKey::errors: return largest_first([](const Row& r) { return r.second.errors; });
    case SortKey::name: return a.first < b.first;
    case SortKey::route: return std::pair(route_text(a.first), rest(a)) < std::pair(route_text(b.first), rest(b));
    case SortKey::average: return largest_first(average);
    case SortKey::shortest: return largest_first([](const Row& r) { return r.second.shortest_ns.value_or(0); });
    case SortKey::longest: return largest_first([](const Row& r) { return r.second.longest_ns.value_or(0); });
    case SortKey::nothing: return false;
    case SortKey::time: break;
  }
  return time(a) != time(b) ? time(a) > time(b) : largest_first([](const Row& r) { return r.second.count; });
}

}  // namespace

Result<void> SummarySink::finish() {
  std::vector<Row> returned;
  CallTotal all;
  for (const Row& row : totals_.calls()) {
    CallTotal total = row.second;
    // strace counts a system call when it returns.
    if (!row.first.route) total.count -= total.unfinished;
    if (total.count > 0) returned.emplace_back(row.first, total);
  }
  std::vector<const Row*> rows;
  for (const Row& row : returned) {
    rows.push_back(&row);
    all.count += row.second.count;
    all.errors += row.second.errors;
    all.measured += row.second.measured;
    if (row.second.duration_ns) all.duration_ns = all.duration_ns.value_or(0) + *row.second.duration_ns;
    if (!row.second.shortest_ns) continue;
    all.shortest_ns = std::min(all.shortest_ns.value_or(*row.second.shortest_ns), *row.second.shortest_ns);
    all.longest_ns = std::max(all.longest_ns.value_or(*row.second.longest_ns), *row.second.longest_ns);
  }
  std::ranges::stable_sort(rows, [&](const Row* a, const Row* b) { return before(*a, *b, sort_); });
  const std::int64_t all_ns = all.duration_ns.value_or(0);
  const std::string rule = summary_rule(columns_);
  std::string text = fmt::format("engine: {}\n{}{}", engine_, summary_titles(columns_), rule);
  for (const Row* row : rows) text += summary_line(columns_, {row->first, row->second, all_ns}, palette_);
  text += rule;
  const CallKey total{std::string(totals_.complete() ? kTotal : kIncompleteTotal), "", {}};
  text += summary_line(columns_, {total, all, all_ns}, palette_);
  if (totals_.lost() > 0) text += fmt::format("{} calls could not be recorded\n", totals_.lost());
  output_->write(text);
  return {};
}

Result<void> ClosingLineSink::finish() {
  RouteCounts counts{};
  for (std::size_t route = 0; route < kRoutes; ++route) counts[route] = totals_.by_route(static_cast<Route>(route));
  const std::string routes = route_counts_text(counts, [](std::uint64_t count) { return fmt::format("{}", count); });
  const std::string lost = totals_.lost() > 0 ? fmt::format("; {} calls could not be recorded", totals_.lost())
                                              : std::string();
  const std::uint64_t all = totals_.vdso_capable();
  output_->write(fmt::format("vdsotrace: {} vDSO-capable {}{}{}{}\n", all, all == 1 ? "call" : "calls", routes, lost,
                             totals_.complete() ? "" : " (incomplete)"));
  return {};
}

}  // namespace vdsotrace
