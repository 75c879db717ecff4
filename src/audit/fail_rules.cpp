#include "audit/fail_rules.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/number.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kAll = "all-";
constexpr const char* kRuleGrammar =
    "ROUTE, ROUTE>COUNT or ROUTE>SHARE%, with commas; ROUTE: vdso, fallback, syscall, vsyscall, unknown, all-fallback, all-syscall";
constexpr const char* kAllowanceGrammar =
    "CALL, CALL@MODULE or @MODULE, with commas; CALL: one that a vDSO can serve, MODULE: the file name of who makes it";

/// The words between commas; empty ones, too, but for an empty list.
std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> words;
  for (bool more = !list.empty(); more;) {
    const auto comma = list.find(',');
    words.push_back(list.substr(0, comma));
    more = comma != std::string_view::npos;
    if (more) list.remove_prefix(comma + 1);
  }
  return words;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  // No sign, no "inf", no "nan".
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  return parse_number<Number>(text);
}

/// What follows the '>'.
bool parse_limit(std::string_view text, RouteRule& rule) {
  if (!text.ends_with('%')) {
    const auto calls = number<std::uint64_t>(text);
    rule.most_calls = calls.value_or(0);
    return calls.has_value();
  }
  rule.most_percent = number<double>(text.substr(0, text.size() - 1));
  return rule.most_percent && *rule.most_percent <= 100;
}

Result<RouteRule> parse_rule(std::string_view word) {
  const auto limit = word.find('>');
  const auto name = word.substr(0, limit);
  RouteRule rule;
  rule.text = word;
  rule.of_c_library = name.starts_with(kAll);
  const auto route = route_named(rule.of_c_library ? name.substr(kAll.size()) : name);
  // For calls by the other routes no reason is known.
  if (!route || (rule.of_c_library && *route != Route::fallback && *route != Route::syscall))
    return fail(fmt::format("--fail-on {}: unknown route", word), kRuleGrammar);
  rule.route = *route;
  if (limit != std::string_view::npos && !parse_limit(word.substr(limit + 1), rule))
    return fail(fmt::format("--fail-on {}: neither a number of calls nor a share up to 100%", word), kRuleGrammar);
  return rule;
}

/// As calls are named in an audit: 32-bit programs have clock_gettime64.
bool is_served(std::string_view call) {
  const std::string_view narrow = call.ends_with("64") ? call.substr(0, call.size() - 2) : call;
  return std::ranges::any_of(known_services(),
                             [&](const VdsoService& s) { return s.syscall == call || s.syscall == narrow; });
}

Result<Allowance> parse_allowance(std::string_view word) {
  const auto at = word.find('@');
  const Allowance allowance{std::string(word.substr(0, at)),
                            std::string(at == std::string_view::npos ? std::string_view() : word.substr(at + 1))};
  if (at == std::string_view::npos ? allowance.call.empty() : allowance.module.empty())
    return fail(fmt::format("--allow {}: {} is missing", word, at == std::string_view::npos ? "a call" : "a module"),
                kAllowanceGrammar);
  if (allowance.module.find('/') != std::string::npos)
    return fail(fmt::format("--allow {}: a module is named without its folder", word), kAllowanceGrammar);
  if (!allowance.call.empty() && !is_served(allowance.call))
    return fail(fmt::format("--allow {}: no vDSO serves such a call", word), kAllowanceGrammar);
  return allowance;
}

}  // namespace

bool RouteRule::is_broken_by(std::uint64_t calls, std::uint64_t all) const {
  if (!most_percent) return calls > most_calls;
  return calls > 0 && static_cast<double>(calls) * 100 > *most_percent * static_cast<double>(all);
}

Result<std::vector<RouteRule>> parse_route_rules(std::string_view list) {
  std::vector<RouteRule> rules;
  for (const std::string_view word : words_of(list)) {
    auto rule = parse_rule(word);
    if (!rule) return tl::unexpected(rule.error());
    rules.push_back(std::move(*rule));
  }
  return rules;
}

Result<std::vector<Allowance>> parse_allowances(const std::vector<std::string>& lists) {
  std::vector<Allowance> allowed;
  for (const std::string& list : lists) {
    for (const std::string_view word : words_of(list)) {
      auto allowance = parse_allowance(word);
      if (!allowance) return tl::unexpected(allowance.error());
      allowed.push_back(std::move(*allowance));
    }
  }
  return allowed;
}

}  // namespace vdsotrace
