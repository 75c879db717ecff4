#include "audit/read.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "audit/advice.hpp"
#include "audit/json_fields.hpp"
#include "audit/verdict.hpp"
#include "base/escape.hpp"
#include "base/path.hpp"

namespace vdsotrace {
namespace {

/// More than a tally keeps (AuditTally); times kMostCalls it fits 64 bits.
constexpr std::size_t kMostFindings = 8192;

Route read_route(JsonFields& fields) {
  const auto route = route_named(fields.word("route"));
  if (!route) fields.complain("route", "is no route");
  return route.value_or(Route::unknown);
}

std::optional<Reason> read_reason(JsonFields& fields) {
  const std::string name = fields.word("reason");
  if (name.empty()) return std::nullopt;
  for (std::size_t i = 0; i < kReasons; ++i) {
    if (name_of(static_cast<Reason>(i)) == name) return static_cast<Reason>(i);
  }
  fields.complain("reason", "is no reason");
  return std::nullopt;
}

/// The name with static storage; what a later version adds is some other one.
std::string_view advice_id(std::string_view id) {
  for (const std::string_view own : {kCoarseClockAdvice, kBusyCallerAdvice}) {
    if (id == own) return own;
  }
  for (std::size_t i = 0; i < kReasons; ++i) {
    if (name_of(static_cast<Reason>(i)) == id) return name_of(static_cast<Reason>(i));
  }
  return name_of(Reason::other);
}

CallerKey read_place(JsonFields fields) {
  return {fields.chosen_or_empty("module"), fields.chosen_or_empty("symbol"), fields.number("offset")};
}

CallerFinding read_caller(JsonFields& fields) {
  CallerFinding caller;
  caller.who = read_place(fields);
  if (fields.has("beyond")) caller.beyond = read_place(fields.object("beyond"));
  caller.total.count = fields.count("count");
  return caller;
}

std::optional<MeasuredCalls> read_measured(JsonFields& fields, std::uint64_t count) {
  const auto median = fields.ns_or_null("median_ns");
  if (!median) return std::nullopt;
  MeasuredCalls calls;
  calls.count = count;
  calls.median = *median;
  calls.p99 = fields.ns("p99_ns");
  calls.longest = fields.ns("max_ns");
  if (const auto interrupted = fields.ns_or_null("interrupted_ns")) {
    calls.interrupted = fields.count("interrupted_calls");
    calls.interrupted_ns = *interrupted;
  }
  return calls;
}

void read_cost(JsonFields& fields, Finding& finding) {
  const auto cost = fields.ns_or_null("cost_ns");
  if (!cost) return;
  const std::string kind = fields.word("cost_is");
  if (kind != "measured" && kind != "estimated") fields.complain("cost_is", "is no way to find a cost");
  finding.cost_is = kind == "measured" ? CostIs::measured : CostIs::estimated;
  finding.cost_ns = *cost;
  finding.each_ns = fields.ns("unit_cost_ns");
}

Finding read_finding(JsonFields& fields) {
  Finding finding;
  finding.key = {fields.word("name"), fields.word("clock"), read_route(fields), read_reason(fields)};
  if (finding.key.name.empty()) fields.complain("name", "is no name");
  finding.total.count = fields.count("count");
  finding.total.errors = fields.count("errors");
  if (const auto duration = fields.ns_or_null("duration_ns")) {
    finding.total.measured = finding.total.count;
    finding.total.duration_ns = static_cast<std::int64_t>(*duration);
  }
  read_cost(fields, finding);
  finding.measured = read_measured(fields, finding.total.count);
  fields.each("callers", [&](JsonFields& caller) { finding.callers.push_back(read_caller(caller)); });
  fields.each("stacks", [&](JsonFields& stack) {
    CallStack places;
    places.program = stack.chosen_or_empty("program");
    stack.each("places", [&](JsonFields& place) { places.places.push_back(read_place(place)); });
    finding.stacks[places] += stack.count("count");
  });
  finding.why = fields.text_or_empty("why");
  finding.advice = fields.text_or_empty("advice");
  if (!finding.advice.empty()) finding.advice_ns = fields.ns("advice_total_ns");
  fields.each("machines", [&](JsonFields& machine) {
    finding.machines[machine.text("name")] = {machine.count("count"), machine.ns_or_null("cost_ns").value_or(0)};
  });
  return finding;
}

DocumentHead read_head(JsonFields& fields) {
  return {fields.text("version"), fields.text("host"), fields.text("time")};
}

AuditedMachine read_machine(JsonFields& fields) {
  AuditedMachine machine;
  machine.name = fields.text("name");
  machine.head = read_head(fields);
  machine.kernel = fields.text("kernel");
  machine.clocksource = fields.text_or_empty("clocksource");
  machine.command = fields.all_chosen("command");
  JsonFields routes = fields.object("routes");
  for (std::size_t route = 0; route < kRoutes; ++route)
    machine.routes[route] = routes.count(std::string(name_of(static_cast<Route>(route))).c_str());
  machine.cost_ns = fields.ns("cost_ns");
  machine.kernel_ns = fields.ns("kernel_cost_ns");
  machine.share = std::min(1.0, fields.ns("cost_share"));
  machine.ok = fields.flag("ok");
  return machine;
}

void read_run(JsonFields& fields, Audit& audit) {
  AuditedRun& run = audit.run;
  run.head = read_head(fields);
  run.command = fields.all_chosen("command");
  run.engine = fields.text("engine");
  run.kernel = fields.text("kernel");
  run.wall_ns = static_cast<std::int64_t>(fields.ns("wall_ns"));
  run.cpu_ns = static_cast<std::int64_t>(fields.ns_or_null("cpu_ns").value_or(0));
  if (fields.has("added")) {
    JsonFields added = fields.object("added");
    run.added = AddedCosts{added.count("calls"), added.ns("call_ns"), added.count("stops"), added.ns("stop_ns"),
                           added.ns("stamps_ns")};
  }
  audit.clocksources = fields.texts("clocksources");
  audit.fallback_calls = fields.texts("seccomp_must_allow");
  audit.lost = fields.count("lost");
  for (const std::string& line : fields.texts("notices")) audit.notices.add(0, {line, Missing::nothing});
  const bool says_why = audit.lost > 0 || fields.flag("complete");
  if (!says_why) audit.notices.add(0, {"calls are missing in the figures", Missing::vdso_calls});
}

void read_advice(JsonFields& fields, Audit& audit) {
  fields.each("advice_items", [&](JsonFields& item) {
    const std::string_view id = advice_id(item.word("id"));
    const bool in_user_space = id == kCoarseClockAdvice || id == kBusyCallerAdvice;
    audit.advice.push_back(
        {item.text("text"), item.ns("total_ns"), item.has("count") ? item.count("count") : 0, 0, in_user_space, id});
  });
  fields.each("prices", [&](JsonFields& item) {
    CallPrice price{{}, item.ns_or_null("vdso_ns").value_or(0), item.ns("syscall_ns")};
    if (item.flag("user_space")) price.user_space_ns = price.function_ns;
    audit.prices[{item.word("name"), item.word("clock")}] = price;
  });
}

/// What the calls cost that advice is about. Its text begins with their name.
void price_advice(Audit& audit) {
  for (const Finding& finding : audit.findings) {
    const std::string text = fmt::format("{}: {}", call_text(finding.key), finding.advice);
    for (Advice& advice : audit.advice) {
      if (!finding.advice.empty() && advice.text == text) advice.cost_ns = finding.cost_ns;
    }
  }
}

/// No sum of it may be larger than a single value.
void check_sums(JsonFields& fields, const Audit& audit) {
  if (audit.calls() > JsonFields::kMostCalls || audit.cost_ns > JsonFields::kMostNs)
    fields.complain("calls", "are too many");
}

/// Documents say who called, and which program it was where it was one.
void add_programs(Audit& audit) {
  const std::vector<std::string>& command = audit.run.command;
  const std::string program = command.empty() ? "" : std::string(base_name(command.front()));
  for (Finding& finding : audit.findings) {
    for (const CallerFinding& caller : finding.callers)
      finding.programs[{program, {caller.who, caller.beyond}}] += caller.total.count;
  }
}

/// The run by itself, as one machine.
AuditedMachine machine_of(const Audit& audit) {
  AuditedMachine machine;
  machine.name = audit.run.head.host;
  machine.head = audit.run.head;
  machine.kernel = audit.run.kernel;
  machine.clocksource = audit.clocksources.empty() ? std::string() : audit.clocksources.back();
  machine.command = audit.run.command;
  for (std::size_t route = 0; route < kRoutes; ++route) machine.routes[route] = audit.by_route[route].count;
  machine.cost_ns = audit.cost_ns;
  machine.kernel_ns = audit.kernel_ns;
  machine.share = audit.share(audit.cost_ns);
  machine.ok = audit.verdict.ok;
  return machine;
}

void check_kind(JsonFields& fields) {
  if (fields.word("type") != "audit") fields.complain("type", "is not audit");
  if (!fields.has("schema")) {
    fields.complain("schema", "is missing: vdsotrace has written it since version 0.2");
  } else if (fields.count("schema") != kSchema) {
    fields.complain("schema", fmt::format("is not {}: another version of vdsotrace reads this", kSchema));
  }
}

Audit read_all(JsonFields& fields) {
  Audit audit;
  check_kind(fields);
  read_run(fields, audit);
  fields.each("calls", [&](JsonFields& call) {
    if (audit.findings.size() >= kMostFindings) fields.complain("calls", "are of too many kinds");
    audit.findings.push_back(read_finding(call));
  });
  read_advice(fields, audit);
  price_advice(audit);
  add_up(audit);
  check_sums(fields, audit);
  audit.saved_ns = fields.ns("avoidable_cost_ns");
  audit.unpriced_calls = fields.count("unpriced_calls");
  fields.each("machines", [&](JsonFields& machine) { audit.machines.push_back(read_machine(machine)); });
  return audit;
}

}  // namespace

Result<Audit> read_audit(std::string_view document) {
  const nlohmann::json json = nlohmann::json::parse(document, nullptr, false);
  if (json.is_discarded()) return fail("is not JSON, or not all of it", "audit --json -o FILE writes such a file");
  Mistake mistake;
  JsonFields fields(json, {}, mistake);
  Audit audit = read_all(fields);
  if (mistake) return fail(escaped_unless_printable(*mistake), "audit --json -o FILE writes such a file");
  audit.verdict = verdict_of(audit);
  add_programs(audit);
  if (!audit.machines.empty()) return audit;
  audit.machines.push_back(machine_of(audit));
  for (Finding& finding : audit.findings)
    finding.machines[audit.machines.front().name] = {finding.total.count, finding.cost_ns};
  return audit;
}

}  // namespace vdsotrace
