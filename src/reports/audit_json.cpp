#include <fmt/core.h>

#include <cmath>

#include "output/json_document.hpp"
#include "reports/audit.hpp"

namespace vdsotrace {
namespace {

Json rounded(double ns) { return json_integer(static_cast<std::int64_t>(std::llround(ns))); }

Json place_json(const CallerKey& place) {
  return {{"module", json_text_or_null(place.module)},
          {"symbol", json_text_or_null(place.symbol)},
          {"offset", json_integer(place.offset)}};
}

Json caller_json(const CallerFinding& caller) {
  Json object = place_json(caller.who);
  object["count"] = json_integer(caller.total.count);
  object["beyond"] = caller.beyond.known() ? place_json(caller.beyond) : Json(nullptr);
  return object;
}

/// As the PIDs, and null where they are the same.
Json inside_json(const AuditedRun& run) {
  Json pids = Json::array();
  for (const std::int32_t pid : run.pids_inside) pids.push_back(pid != 0 ? Json(pid) : Json(nullptr));
  return pids;
}

Json commands_json(const AuditedRun& run) {
  Json commands = Json::array();
  for (const auto& command : run.commands) commands.push_back(command.empty() ? Json(nullptr) : json_texts(command));
  return commands;
}

Json stacks_json(const Finding& finding) {
  Json stacks = Json::array();
  for (const auto& [stack, count] : finding.stacks) {
    Json places = Json::array();
    for (const CallerKey& place : stack.places) places.push_back(place_json(place));
    stacks.push_back(
        {{"program", json_text_or_null(stack.program)}, {"places", places}, {"count", json_integer(count)}});
  }
  return stacks;
}

void add_measured(Json& object, const std::optional<MeasuredCalls>& calls) {
  object["median_ns"] = calls ? rounded(calls->median) : Json(nullptr);
  object["p99_ns"] = calls ? rounded(calls->p99) : Json(nullptr);
  object["max_ns"] = calls ? rounded(calls->longest) : Json(nullptr);
  object["interrupted_calls"] = calls ? json_integer(calls->interrupted) : Json(nullptr);
  object["interrupted_ns"] = calls ? rounded(calls->interrupted_ns) : Json(nullptr);
}

Json finding_json(const Finding& finding) {
  Json callers = Json::array();
  for (const CallerFinding& caller : finding.callers) callers.push_back(caller_json(caller));
  const AuditTotal& total = finding.total;
  const bool all_measured = total.measured == total.count;
  const bool priced = finding.cost_is != CostIs::unknown;
  const bool measured = finding.cost_is == CostIs::measured;
  Json object{{"name", json_text(finding.key.name)},
              {"clock", json_text_or_null(finding.key.clock)},
              {"route", name_of(finding.key.route)},
              {"count", json_integer(total.count)},
              {"errors", json_integer(total.errors)},
              {"duration_ns", all_measured ? json_integer(total.duration_ns) : Json(nullptr)},
              {"cost_ns", priced ? rounded(finding.cost_ns) : Json(nullptr)},
              {"unit_cost_ns", priced ? json_tenths(finding.each_ns) : Json(nullptr)},
              {"cost_is", priced ? Json(measured ? "measured" : "estimated") : Json(nullptr)},
              {"callers", callers},
              {"reason", finding.key.reason ? Json(name_of(*finding.key.reason)) : Json(nullptr)},
              {"why", json_text_or_null(finding.why)},
              {"advice", json_text_or_null(finding.advice)},
              {"advice_total_ns", finding.advice.empty() ? Json(nullptr) : rounded(finding.advice_ns)}};
  add_measured(object, finding.measured);
  for (const auto& [name, calls] : finding.machines)
    object["machines"].push_back(
        {{"name", json_text(name)}, {"count", json_integer(calls.count)}, {"cost_ns", rounded(calls.cost_ns)}});
  if (!finding.stacks.empty()) object["stacks"] = stacks_json(finding);
  return object;
}

Json added_json(const AddedCosts& added) {
  return {{"ns", rounded(added.ns())},
          {"calls", json_integer(added.calls)},
          {"call_ns", json_tenths(added.call_ns)},
          {"stops", json_integer(added.stops)},
          {"stop_ns", json_tenths(added.stop_ns)},
          {"stamps_ns", json_tenths(added.stamps_ns)}};
}

Json verdict_json(const Verdict& verdict) {
  return {{"ok", verdict.ok}, {"text", verdict.text}, {"share", verdict.share}};
}

Json advice_json(const Audit& audit) {
  Json all = Json::array();
  for (const Advice& advice : audit.advice)
    all.push_back({{"id", advice.id},
                   {"text", json_text(advice.text)},
                   {"count", json_integer(advice.calls)},
                   {"saved_ns", rounded(advice.total_ns)},
                   {"total_ns", rounded(advice.total_ns)},
                   {"share", audit.share(advice.total_ns)},
                   {"matters", audit.matters(advice.total_ns)}});
  return all;
}

Json prices_json(const Audit& audit) {
  Json all = Json::array();
  for (const auto& [call, price] : audit.prices)
    all.push_back({{"name", json_text(call.first)},
                   {"clock", json_text_or_null(call.second)},
                   {"user_space", price.user_space_ns.has_value()},
                   {"vdso_ns", price.function_ns > 0 ? json_tenths(price.function_ns) : Json(nullptr)},
                   {"syscall_ns", json_tenths(price.system_call_ns)}});
  return all;
}

Json machine_json(const AuditedMachine& machine) {
  Json routes = Json::object();
  for (std::size_t route = 0; route < kRoutes; ++route)
    routes[std::string(name_of(static_cast<Route>(route)))] = json_integer(machine.routes[route]);
  return {{"name", json_text(machine.name)},
          {"host", json_text(machine.head.host)},
          {"version", json_text(machine.head.version)},
          {"time", json_text(machine.head.time)},
          {"kernel", json_text(machine.kernel)},
          {"clocksource", json_text_or_null(machine.clocksource)},
          {"command", json_texts(machine.command)},
          {"routes", routes},
          {"cost_ns", rounded(machine.cost_ns)},
          {"kernel_cost_ns", rounded(machine.kernel_ns)},
          {"cost_share", machine.share},
          {"ok", machine.ok}};
}

}  // namespace

std::string audit_json(const Audit& audit) {
  std::vector<std::string> advice;
  for (const Advice& one : audit.advice) advice.push_back(one.text);
  Json findings = Json::array();
  for (const Finding& finding : audit.findings) findings.push_back(finding_json(finding));
  Json routes = Json::object();
  for (std::size_t route = 0; route < kRoutes; ++route)
    routes[std::string(name_of(static_cast<Route>(route)))] = json_integer(audit.by_route[route].count);
  Json object{{"command", json_texts(audit.run.command)},
              {"pids", audit.run.pids},
              {"commands", commands_json(audit.run)},
              {"pids_inside", inside_json(audit.run)},
              {"engine", audit.run.engine},
              {"kernel", audit.run.kernel},
              {"clocksources", json_texts(audit.clocksources)},
              {"wall_ns", json_integer(audit.run.wall_ns)},
              {"cpu_ns", audit.run.cpu_ns > 0 ? json_integer(audit.run.cpu_ns) : Json(nullptr)},
              {"own_cpu_ns", audit.run.cpu_ns > 0 ? rounded(audit.own_cpu_ns()) : Json(nullptr)},
              {"added", audit.run.added ? added_json(*audit.run.added) : Json(nullptr)},
              {"cpu_basis", json_text_or_null(cpu_text(audit))},
              {"routes", routes},
              {"cost_ns", rounded(audit.cost_ns)},
              {"cost_share", audit.share(audit.cost_ns)},
              {"cost_basis", cost_basis_text(audit)},
              {"unpriced_calls", json_integer(audit.unpriced_calls)},
              {"kernel_cost_ns", rounded(audit.kernel_ns)},
              {"avoidable_cost_ns", rounded(audit.saved_ns)},
              {"calls", findings},
              {"verdict", verdict_json(audit.verdict)},
              {"advice", json_texts(advice)},
              {"advice_items", advice_json(audit)},
              {"prices", prices_json(audit)},
              {"seccomp_must_allow", json_texts(audit.fallback_calls)},
              {"lost", json_integer(audit.lost)},
              {"complete", audit.complete()},
              {"notices", json_texts(audit.notices.lines())}};
  for (const AuditedMachine& machine : audit.machines) object["machines"].push_back(machine_json(machine));
  return dumped(json_document("audit", audit.run.head, object)) + '\n';
}

}  // namespace vdsotrace
