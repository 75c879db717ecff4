#include "reports/changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/escape.hpp"
#include "base/figures.hpp"
#include "output/json_document.hpp"
#include "output/palette.hpp"
#include "output/wrap.hpp"

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

/// The table. Where its lines would not fit, each call is named in a line of its own.
class ChangesTable {
 public:
  ChangesTable(const Changes& changes, const TextStyle& style) : changes_(changes), palette_(style.color) {
    constexpr std::size_t kBesides = 89;  ///< all but the call
    std::size_t longest = 4;
    for (const CallChange& change : changes.calls) longest = std::max(longest, in_words(change.call).size());
    own_lines_ = style.columns > 0 && longest + kBesides > style.columns;
    name_ = own_lines_ ? 4 : longest;
    if (!own_lines_) return;
    count_ = 5;
    for (const CallChange& change : changes.calls)
      count_ = std::max({count_, grouped(change.before.count()).size(), grouped(change.after.count()).size()});
  }

  std::string text() const {
    std::string text = fmt::format("\n{:<{}}  {:>{}} {:>{}}  {:>15}  {:>17}\n", "", name_, "calls", count_, "", count_,
                                   "into the kernel", "each");
    text += fmt::format("{:<{}}  {:>{}} {:>{}}  {:>7} {:>7}  {:>8} {:>8}\n", "call", name_, "old", count_, "new",
                        count_, "old", "new", "old", "new");
    for (const CallChange& change : changes_.calls) text += line(change);
    return text;
  }

 private:
  std::string line(const CallChange& change) const {
    const std::string name = in_words(change.call), result = judgement(change);
    std::string line;
    palette_.append(line, Palette::kName, name);
    if (own_lines_) line += '\n';
    line.append(name_ - (own_lines_ ? 0 : name.size()), ' ');
    line += fmt::format("  {:>{}} {:>{}}  {:>7} {:>7}  {:>8} {:>8}", grouped(change.before.count()), count_,
                        grouped(change.after.count()), count_, kernel_text(change.before), kernel_text(change.after),
                        each_text(change.before), each_text(change.after));
    if (!result.empty()) line += "  ";
    palette_.append(line, change.is_worse() ? Palette::kError : std::string_view(), result);
    return line + '\n';
  }

  const Changes& changes_;
  Palette palette_;
  bool own_lines_ = false;
  std::size_t name_ = 0;
  std::size_t count_ = 12;
};

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

std::string changes_text(const Changes& changes, const ChangesFacts& facts, const TextStyle& style) {
  constexpr std::size_t kLabel = 6;
  const auto worse = static_cast<std::size_t>(std::ranges::count_if(changes.calls, &CallChange::is_worse));
  const std::string verdict =
      worse == 0 ? fmt::format("nothing got worse by more than {:g} %", changes.rules.percent)
                 : fmt::format("{} of {} {} got worse by more than {:g} %", worse, changes.calls.size(),
                               changes.calls.size() == 1 ? "call" : "calls", changes.rules.percent);
  std::string text;
  Palette(style.color).append(text, worse == 0 ? Palette::kFine : Palette::kNotFine, verdict);
  text += '\n' + audit_line("old", facts.before) + audit_line("new", facts.after);
  text = wrapped(text, style.columns, kLabel);
  return changes.calls.empty() ? text : text + ChangesTable(changes, style).text();
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
