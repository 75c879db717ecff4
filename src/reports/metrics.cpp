#include "reports/metrics.hpp"

#include <string_view>

#include "base/path.hpp"
#include "output/metrics_text.hpp"
#include "reports/check.hpp"

namespace vdsotrace {
namespace {

using enum MetricKind;

constexpr double kSecondsPerNs = 1e-9;

constexpr MetricFamily kMachine{"vdsotrace_machine_info", gauge, "What is told below was found on such a machine."};
constexpr MetricFamily kClocksource{"vdsotrace_clocksource", gauge,
                                    "1 for the clocksource in use, 0 for others that are available."};
constexpr MetricFamily kCommon{"vdsotrace_common_calls_in_user_space", gauge,
                               "1 if all common time calls stay in user space, 0 if one enters the kernel."};
constexpr MetricFamily kUserSpace{"vdsotrace_call_in_user_space", gauge,
                                  "1 if such a call stays in user space, 0 if it enters the kernel."};
constexpr MetricFamily kCallSeconds{"vdsotrace_call_seconds", gauge,
                                    "What such a call takes, through the vDSO or as a system call."};

constexpr MetricFamily kCalls{"vdsotrace_audit_calls_total", counter,
                              "Calls that a vDSO can serve, by the route that they took."};
constexpr MetricFamily kErrors{"vdsotrace_audit_errors_total", counter, "Calls that failed, of those."};
constexpr MetricFamily kCost{"vdsotrace_audit_cost_seconds_total", counter, "What these calls have cost."};
constexpr MetricFamily kAvoidable{"vdsotrace_audit_avoidable_seconds_total", counter,
                                  "Of the cost, what user space could have saved."};
constexpr MetricFamily kProcessor{"vdsotrace_audit_processor_seconds_total", counter,
                                  "Processor time of the programs without what observing added."};
constexpr MetricFamily kRun{"vdsotrace_audit_run_seconds", gauge, "How long they were observed."};
constexpr MetricFamily kLost{"vdsotrace_audit_lost_calls_total", counter, "Calls that could not be recorded."};
constexpr MetricFamily kComplete{"vdsotrace_audit_complete", gauge, "1 if every call is counted."};

/// The names of the programs that were observed, without their arguments: those can hold numbers of processes, and
/// secrets.
std::string program_of(const AuditedRun& run) {
  if (!run.command.empty()) return std::string(base_name(run.command.front()));
  std::set<std::string> names;
  for (const auto& command : run.commands) {
    if (!command.empty()) names.emplace(base_name(command.front()));
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

/// Nothing where that is not known of all of them.
std::optional<bool> common_calls_stay(const InfoFacts& facts) {
  std::optional<bool> stay;
  for (const CallFacts& call : facts.calls) {
    if (!is_common(call)) continue;
    const bool is_known = call.error == 0 && call.function_known;
    if (is_known && !call.in_user_space.value_or(false)) return false;
    if (!is_known) return std::nullopt;
    stay = true;
  }
  return stay;
}

void add_calls(MetricsText& text, const std::vector<CallFacts>& calls) {
  const auto is_known = [](const CallFacts& call) { return call.error == 0 && call.function_known; };
  text.begin(kUserSpace);
  for (const CallFacts& call : calls) {
    if (is_known(call)) text.sample({{"call", call.name}, {"clock", call.clock}}, call.in_user_space.value_or(false));
  }
  text.begin(kCallSeconds);
  for (const CallFacts& call : calls) {
    if (call.error != 0) continue;
    if (call.in_user_space)
      text.sample({{"call", call.name}, {"clock", call.clock}, {"through", "vdso"}}, call.function_ns * kSecondsPerNs);
    text.sample({{"call", call.name}, {"clock", call.clock}, {"through", "syscall"}},
                call.system_call_ns * kSecondsPerNs);
  }
}

}  // namespace

std::string info_metrics(const InfoFacts& facts) {
  MetricsText text;
  text.begin(kMachine);
  text.sample({{"version", facts.head.version}, {"kernel", facts.kernel}, {"arch", facts.machine}}, 1);
  text.begin(kClocksource);
  std::set<std::string> sources(facts.clocksources.begin(), facts.clocksources.end());
  if (!facts.clocksource.empty()) sources.insert(facts.clocksource);
  for (const std::string& source : sources) text.sample({{"clocksource", source}}, source == facts.clocksource);
  if (const auto stay = common_calls_stay(facts)) {
    text.begin(kCommon);
    text.sample({}, *stay);
  }
  add_calls(text, facts.calls);
  return text.text();
}

std::string audit_metrics(const Audit& audit) {
  MetricsText text;
  const std::string program = program_of(audit.run);
  const auto of_findings = [&](const MetricFamily& family, auto value) {
    text.begin(family);
    for (const Finding& finding : audit.findings) {
      const AuditKey& key = finding.key;
      const std::optional<double> found = value(finding);
      if (found)
        text.sample({{"program", program},
                     {"call", key.name},
                     {"clock", key.clock},
                     {"route", name_of(key.route)},
                     {"reason", key.reason ? name_of(*key.reason) : std::string_view()}},
                    *found);
    }
  };
  const auto of_run = [&](const MetricFamily& family, double value) {
    text.begin(family);
    text.sample({{"program", program}}, value);
  };
  of_findings(kCalls, [](const Finding& f) { return std::optional<double>(f.total.count); });
  of_findings(kErrors, [](const Finding& f) { return std::optional<double>(f.total.errors); });
  of_findings(kCost, [](const Finding& f) {
    return f.cost_is == CostIs::unknown ? std::nullopt : std::optional(f.cost_ns * kSecondsPerNs);
  });
  of_run(kAvoidable, audit.saved_ns * kSecondsPerNs);
  if (audit.run.cpu_ns > 0) of_run(kProcessor, audit.own_cpu_ns() * kSecondsPerNs);
  of_run(kRun, static_cast<double>(audit.run.wall_ns) * kSecondsPerNs);
  of_run(kLost, static_cast<double>(audit.lost));
  of_run(kComplete, audit.complete());
  return text.text();
}

}  // namespace vdsotrace
