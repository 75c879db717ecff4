#include "sinks/summary.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "output/route_counts.hpp"

namespace vdsotrace {
namespace {

struct Row {
  CallKey key;
  CallTotal total;
  const Histogram* durations;
};

constexpr std::string_view kTotal = "total";
constexpr std::string_view kIncompleteTotal = "total (incomplete)";

std::string_view route_text(const CallKey& key) {
  if (key.route) return name_of(*key.route);
  return key.name.starts_with(kTotal) ? "" : "-";
}

bool before(const Row& a, const Row& b, SortKey sort) {
  const auto time = [](const Row& r) { return r.total.duration_ns.value_or(0); };
  const auto average = [](const Row& r) {
    return r.total.duration_ns.value_or(0) / static_cast<std::int64_t>(std::max<std::uint64_t>(1, r.total.measured));
  };
  const auto percentile = [](const Row& r, double percent) {
    return r.durations != nullptr ? r.durations->percentile(percent) : 0;
  };
  const auto rest = [](const Row& r) { return std::tie(r.key.name, r.key.clock); };
  const auto largest_first = [&](auto value) { return value(a) != value(b) ? value(a) > value(b) : rest(a) < rest(b); };
  switch (sort) {
    case SortKey::calls: return largest_first([](const Row& r) { return r.total.count; });
    case SortKey::errors: return largest_first([](const Row& r) { return r.total.errors; });
    case SortKey::name: return a.key < b.key;
    case SortKey::route: return std::pair(route_text(a.key), rest(a)) < std::pair(route_text(b.key), rest(b));
    case SortKey::average: return largest_first(average);
    case SortKey::shortest: return largest_first([](const Row& r) { return r.total.shortest_ns.value_or(0); });
    case SortKey::longest: return largest_first([](const Row& r) { return r.total.longest_ns.value_or(0); });
    case SortKey::median: return largest_first([&](const Row& r) { return percentile(r, 50); });
    case SortKey::p99: return largest_first([&](const Row& r) { return percentile(r, 99); });
    case SortKey::nothing: return false;
    case SortKey::time: break;
  }
  return time(a) != time(b) ? time(a) > time(b) : largest_first([](const Row& r) { return r.total.count; });
}

CallTotal sum_of(const std::vector<Row>& rows, Histogram& durations) {
  CallTotal all;
  for (const auto& [key, total, measured] : rows) {
    all.count += total.count;
    all.errors += total.errors;
    all.measured += total.measured;
    if (total.duration_ns) all.duration_ns = all.duration_ns.value_or(0) + *total.duration_ns;
    if (measured != nullptr) durations.add(*measured);
    if (!total.shortest_ns) continue;
    all.shortest_ns = std::min(all.shortest_ns.value_or(*total.shortest_ns), *total.shortest_ns);
    all.longest_ns = std::max(all.longest_ns.value_or(*total.longest_ns), *total.longest_ns);
  }
  return all;
}

}  // namespace

Result<void> SummarySink::finish() {
  std::vector<Row> rows;
  for (const auto& [key, counted] : totals_.calls()) {
    CallTotal total = counted;
    // strace counts a system call when it returns.
    if (!key.route) total.count -= total.unfinished;
    if (total.count > 0) rows.push_back({key, total, totals_.rows().durations_of(key)});
  }
  std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) { return before(a, b, sort_); });
  Histogram durations;
  const CallTotal all = sum_of(rows, durations);
  const std::int64_t all_ns = all.duration_ns.value_or(0);
  const std::string rule = summary_rule(columns_);
  std::string text = fmt::format("engine: {}\n{}{}", engine_, summary_titles(columns_), rule);
  for (const Row& row : rows) text += summary_line(columns_, {row.key, row.total, all_ns, row.durations}, palette_);
  text += rule;
  const CallKey total{std::string(totals_.complete() ? kTotal : kIncompleteTotal), "", {}};
  text += summary_line(columns_, {total, all, all_ns, durations.count() > 0 ? &durations : nullptr}, palette_);
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
