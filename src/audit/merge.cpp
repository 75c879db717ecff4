#include "audit/merge.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "audit/verdict.hpp"

namespace vdsotrace {
namespace {

/// As many times JsonFields::kMostCalls fit 63 bits, and so do times.
constexpr std::size_t kMostMachines = 4096;

/// Gives each machine a name of its own, and says which it had in its audit.
std::map<std::string, std::string> name_machines(Audit& audit, std::map<std::string, std::size_t>& known) {
  std::map<std::string, std::string> names;
  for (AuditedMachine& machine : audit.machines) {
    const std::size_t before = known[machine.head.host]++;
    std::string name = before == 0 ? machine.head.host : fmt::format("{}#{}", machine.head.host, before + 1);
    names[machine.name] = name;
    machine.name = std::move(name);
  }
  return names;
}

void add_callers(Finding& sum, const Finding& more) {
  for (const CallerFinding& caller : more.callers) {
    const auto same = [&](const CallerFinding& one) { return one.who == caller.who && one.beyond == caller.beyond; };
    const auto known = std::ranges::find_if(sum.callers, same);
    if (known == sum.callers.end()) {
      sum.callers.push_back(caller);
    } else {
      known->total.add(caller.total);
    }
  }
}

/// Measured only if both are; an unknown cost is left out of the sum.
CostIs common_kind(CostIs a, CostIs b) {
  if (a == CostIs::unknown) return b;
  return b == CostIs::unknown ? a : std::min(a, b);
}

void add_finding(Finding& sum, const Finding& more) {
  const bool is_better_advice = more.advice_ns > sum.advice_ns;
  sum.total.add(more.total);
  add_callers(sum, more);
  for (const auto& [stack, count] : more.stacks) sum.stacks[stack] += count;
  for (const auto& [caller, count] : more.programs) sum.programs[caller] += count;
  for (const auto& [machine, calls] : more.machines) {
    sum.machines[machine].count += calls.count;
    sum.machines[machine].cost_ns += calls.cost_ns;
  }
  sum.cost_is = common_kind(sum.cost_is, more.cost_is);
  sum.cost_ns += more.cost_ns;
  sum.measured.reset();
  if (is_better_advice) sum.advice = more.advice;
  sum.advice_ns += more.advice_ns;
}

class Merge {
 public:
  void add(Audit audit) {
    const auto names = name_machines(audit, known_);
    add_run(audit);
    for (Finding& finding : audit.findings) {
      CallsByMachine machines;
      for (const auto& [old, calls] : finding.machines) {
        const auto name = names.find(old);
        if (name != names.end()) machines[name->second] = calls;
      }
      finding.machines = std::move(machines);
      add(std::move(finding));
    }
    for (Advice& advice : audit.advice) add(std::move(advice));
    for (AuditedMachine& machine : audit.machines) sum_.machines.push_back(std::move(machine));
  }

  Audit finish(const DocumentHead& head) {
    sum_.run.head = head;
    if (!knows_cpu_) sum_.run.cpu_ns = 0;
    for (auto& [key, finding] : findings_) {
      if (finding.total.count > 0) finding.each_ns = finding.cost_ns / static_cast<double>(finding.total.count);
      std::ranges::stable_sort(finding.callers, std::ranges::greater(),
                               [](const CallerFinding& c) { return c.total.count; });
      sum_.findings.push_back(std::move(finding));
    }
    std::ranges::stable_sort(sum_.findings, std::ranges::greater(),
                             [](const Finding& f) { return std::pair(f.cost_ns, f.total.count); });
    for (auto& [key, advice] : advice_) sum_.advice.push_back(std::move(advice.second));
    std::ranges::stable_sort(sum_.advice, std::ranges::greater(), &Advice::total_ns);
    sum_.fallback_calls.assign(fallback_calls_.begin(), fallback_calls_.end());
    // What one finding cannot show: of which audits' calls the cost is not known, and what could have been saved where.
    const auto [saved, unpriced, measured] = std::tuple(sum_.saved_ns, sum_.unpriced_calls, sum_.measured_calls);
    add_up(sum_);
    sum_.saved_ns = saved;
    sum_.unpriced_calls = unpriced;
    sum_.measured_calls = measured;
    sum_.verdict = verdict_of(sum_);
    return std::move(sum_);
  }

 private:
  void add(Finding finding) {
    const auto known = findings_.find(finding.key);
    if (known == findings_.end()) {
      findings_.emplace(finding.key, std::move(finding));
    } else {
      add_finding(known->second, finding);
    }
  }

  /// The call that it is about stands before its first colon, except where it is about the machine.
  void add(Advice advice) {
    const bool is_about_machine = advice.id == name_of(Reason::clocksource) || advice.id == name_of(Reason::no_vdso);
    const std::string about = is_about_machine ? std::string() : advice.text.substr(0, advice.text.find(": "));
    auto& [best_ns, sum] = advice_[{std::string(advice.id), about}];
    const double total_ns = sum.total_ns + advice.total_ns, cost_ns = sum.cost_ns + advice.cost_ns;
    const std::uint64_t calls = sum.calls + advice.calls;
    if (sum.text.empty() || advice.total_ns > best_ns) {
      best_ns = advice.total_ns;
      sum = std::move(advice);
    }
    sum.total_ns = total_ns;
    sum.cost_ns = cost_ns;
    sum.calls = calls;
  }

  void add_run(const Audit& audit) {
    AuditedRun& run = sum_.run;
    const bool is_first = sum_.machines.empty();
    if (is_first) run = audit.run;
    if (run.command != audit.run.command) run.command.clear();
    if (run.engine != audit.run.engine) run.engine = "several";
    if (run.kernel != audit.run.kernel) run.kernel = "several";
    knows_cpu_ = knows_cpu_ && audit.run.cpu_ns > 0;
    if (!is_first) {
      run.wall_ns += audit.run.wall_ns;
      run.cpu_ns += audit.run.cpu_ns;
      add_costs_of_observing(audit.run.added);
    }
    for (const std::string& source : audit.clocksources) {
      if (std::ranges::find(sum_.clocksources, source) == sum_.clocksources.end()) sum_.clocksources.push_back(source);
    }
    for (const auto& [call, price] : audit.prices) sum_.prices.insert({call, price});
    fallback_calls_.insert(audit.fallback_calls.begin(), audit.fallback_calls.end());
    for (const Notices::Entry& entry : audit.notices.entries()) sum_.notices.add(0, entry.notice);
    sum_.lost += audit.lost;
    sum_.saved_ns += audit.saved_ns;
    sum_.unpriced_calls += audit.unpriced_calls;
    sum_.measured_calls += audit.measured_calls;
  }

  /// The average price of each, so that their product is still what they have cost.
  void add_costs_of_observing(const std::optional<AddedCosts>& more) {
    std::optional<AddedCosts>& sum = sum_.run.added;
    if (!sum || !more) {
      sum.reset();
      return;
    }
    const auto average = [](std::uint64_t n, double each, std::uint64_t m, double other) {
      const double all = static_cast<double>(n) + static_cast<double>(m);
      return all > 0 ? (static_cast<double>(n) * each + static_cast<double>(m) * other) / all : 0;
    };
    sum->call_ns = average(sum->calls, sum->call_ns, more->calls, more->call_ns);
    sum->stamps_ns = average(sum->calls, sum->stamps_ns, more->calls, more->stamps_ns);
    sum->stop_ns = average(sum->stops, sum->stop_ns, more->stops, more->stop_ns);
    sum->calls += more->calls;
    sum->stops += more->stops;
  }

  Audit sum_;
  bool knows_cpu_ = true;
  std::map<std::string, std::size_t> known_;  ///< hosts, and how many machines have been named after each
  std::map<AuditKey, Finding> findings_;
  std::map<std::pair<std::string, std::string>, std::pair<double, Advice>> advice_;  ///< with what it was worth most
  std::set<std::string> fallback_calls_;
};

}  // namespace

Result<Audit> merge_audits(std::vector<Audit> audits, const DocumentHead& head) {
  std::size_t machines = 0;
  for (const Audit& audit : audits) machines += audit.machines.size();
  if (machines == 0) return fail("there is no audit to merge");
  if (machines > kMostMachines)
    return fail(fmt::format("audits of {} machines: at most {} can be merged", machines, kMostMachines));
  Merge merge;
  for (Audit& audit : audits) merge.add(std::move(audit));
  return merge.finish(head);
}

}  // namespace vdsotrace
