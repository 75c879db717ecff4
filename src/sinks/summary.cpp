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
  const auto rest = [](const Row& r) { return std::tie(r.first.name, r.first.clock); };
  const auto largest_first = [&](auto value) { return value(a) != value(b) ? value(a) > value(b) : rest(a) < rest(b); };
  switch (sort) {
    case SortKey::calls: return largest_first([](const Row& r) { return r.second.count; });
    case SortKey::errors: return largest_first([](const Row& r) { return r.second.errors; });
    case SortKey::name: return a.first < b.first;
    case SortKey::route: return std::pair(route_text(a.first), rest(a)) < std::pair(route_text(b.first), rest(b));
    case SortKey::time: break;
  }
  return time(a) != time(b) ? time(a) > time(b) : largest_first([](const Row& r) { return r.second.count; });
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

std::string row_text(const CallKey& key, const CallTotal& total, std::int64_t all_ns) {
  const std::int64_t ns = total.duration_ns.value_or(0);
  const auto measured_calls = static_cast<std::int64_t>(std::max<std::uint64_t>(1, total.measured));
  const std::string measured = total.duration_ns
                                   ? fmt::format("{:6.2f} {:11.6f} {:11}", percent(ns, all_ns),
                                                 static_cast<double>(ns) / 1e9, ns / measured_calls / 1000)
                                   : fmt::format("{:>6} {:>11} {:>11}", "-", "-", "-");
  const std::string errors = total.errors > 0 ? std::to_string(total.errors) : std::string();
  const std::string clock = key.clock.empty() ? std::string() : fmt::format("({})", key.clock);
  return fmt::format("{} {:9} {:>9} {:<8} {}{}\n", measured, total.count, errors, route_text(key), key.name, clock);
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
  }
  std::ranges::stable_sort(rows, [&](const Row* a, const Row* b) { return before(*a, *b, sort_); });
  const std::string rule = "------ ----------- ----------- --------- --------- -------- ----------------\n";
  std::string text = fmt::format("engine: {}\n{:>6} {:>11} {:>11} {:>9} {:>9} {:<8} {}\n{}", engine_, "% time",
                                 "seconds", "usecs/call", "calls", "errors", "route", "call", rule);
  const std::int64_t all_ns = all.duration_ns.value_or(0);
  for (const Row* row : rows) text += row_text(row->first, row->second, all_ns);
  text += rule;
  text += row_text({std::string(totals_.complete() ? kTotal : kIncompleteTotal), "", {}}, all, all_ns);
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
