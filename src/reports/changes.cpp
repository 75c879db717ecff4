#include "reports/changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/escape.hpp"
#include "base/figures.hpp"
#include "output/json_document.hpp"

namespace vdsotrace {
namespace {

std::string in_words(const PricedCall& call) {
  return escaped(call.second.empty() ? call.first : fmt::format("{}({})", call.first, call.second));
}

std::string audit_line(std::string_view word, const Audit& audit) {
  const bool several = audit.machines.size() > 1;
  return fmt::format(
      "{:<5} {}, {}, {} calls, {}{}\n", word,
      several ? fmt::format("{} machines", audit.machines.size()) : escaped_unless_printable(audit.run.head.host),
      audit.run.head.time, grouped(audit.calls()), duration_text(audit.cost_ns),
      audit.complete() ? "" : " (incomplete)");
}

std::string kernel_text(const CallSums& sums) {
  return sums.count() == 0 ? "-" : fmt::format("{:.1f} %", 100 * sums.kernel_share());
}

std::string each_text(const CallSums& sums) {
  const auto each = sums.each_ns();
  return each ? duration_text(*each) : "-";
}

std::string judgement(const CallChange& change) {
  if (change.route_is_worse && change.cost_is_worse) return "worse: route and cost";
  if (change.route_is_worse) return "worse: route";
  if (change.cost_is_worse) return "worse: cost";
  if (change.before.count() == 0) return "new";
  return change.after.count() == 0 ? "gone" : "";
}

std::string change_line(const CallChange& change, std::size_t width) {
  const std::string line = fmt::format("{:<{}}  {:>12} {:>12}  {:>7} {:>7}  {:>8} {:>8}  {}", in_words(change.call),
                                       width, grouped(change.before.count()), grouped(change.after.count()),
                                       kernel_text(change.before), kernel_text(change.after), each_text(change.before),
                                       each_text(change.after), judgement(change));
  return line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
}

Json sums_json(const CallSums& sums) {
  Json routes = Json::object();
  for (std::size_t route = 0; route < kRoutes; ++route)
    routes[std::string(name_of(static_cast<Route>(route)))] = json_integer(sums.routes[route]);
  const auto each = sums.each_ns();
  return {{"count", json_integer(sums.count())},
          {"routes", routes},
          {"kernel_share", sums.kernel_share()},
          {"cost_ns", sums.priced > 0 ? json_integer(std::llround(sums.cost_ns)) : Json(nullptr)},
          {"unit_cost_ns", each ? json_tenths(*each) : Json(nullptr)}};
}

Json audit_totals_json(const Audit& audit) {
  Json machines = Json::array();
  for (const AuditedMachine& machine : audit.machines) machines.push_back(json_text(machine.name));
  return {{"host", json_text(audit.run.head.host)},
          {"time", json_text(audit.run.head.time)},
          {"version", json_text(audit.run.head.version)},
          {"machines", machines},
          {"cost_ns", json_integer(std::llround(audit.cost_ns))},
          {"complete", audit.complete()}};
}

}  // namespace

std::string changes_text(const Changes& changes, const ChangesFacts& facts) {
  std::size_t width = 4;
  for (const CallChange& change : changes.calls) width = std::max(width, in_words(change.call).size());
  const auto worse = static_cast<std::size_t>(std::ranges::count_if(changes.calls, &CallChange::is_worse));
  std::string text = worse == 0
                         ? fmt::format("nothing got worse by more than {:g} %\n", changes.rules.percent)
                         : fmt::format("{} of {} {} got worse by more than {:g} %\n", worse, changes.calls.size(),
                                       changes.calls.size() == 1 ? "call" : "calls", changes.rules.percent);
  text += audit_line("old", facts.before) + audit_line("new", facts.after);
  if (changes.calls.empty()) return text;
  text += fmt::format("\n{:<{}}  {:>12} {:>12}  {:>15}  {:>17}\n", "", width, "calls", "", "into the kernel", "each");
  text += fmt::format("{:<{}}  {:>12} {:>12}  {:>7} {:>7}  {:>8} {:>8}\n", "call", width, "old", "new", "old", "new",
                      "old", "new");
  for (const CallChange& change : changes.calls) text += change_line(change, width);
  return text;
}

std::string changes_json(const Changes& changes, const ChangesFacts& facts) {
  Json calls = Json::array();
  for (const CallChange& change : changes.calls)
    calls.push_back({{"name", json_text(change.call.first)},
                     {"clock", json_text_or_null(change.call.second)},
                     {"old", sums_json(change.before)},
                     {"new", sums_json(change.after)},
                     {"route_is_worse", change.route_is_worse},
                     {"cost_is_worse", change.cost_is_worse}});
  const Json object{{"old", audit_totals_json(facts.before)},
                    {"new", audit_totals_json(facts.after)},
                    {"threshold_percent", changes.rules.percent},
                    {"worse", changes.is_worse()},
                    {"calls", calls}};
  return dumped(json_document("diff", facts.head, object)) + '\n';
}

}  // namespace vdsotrace
