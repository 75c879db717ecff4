#include "reports/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/escape.hpp"
#include "base/figures.hpp"

namespace vdsotrace {
namespace {

/// Every vDSO since Linux 5.3 serves all of them where the clocksource can be read in user space.
constexpr std::pair<std::string_view, std::string_view> kCommonCalls[] = {{"clock_gettime", "CLOCK_REALTIME"},
                                                                          {"clock_gettime", "CLOCK_MONOTONIC"},
                                                                          {"clock_gettime", "CLOCK_BOOTTIME"},
                                                                          {"clock_gettime", "CLOCK_REALTIME_COARSE"},
                                                                          {"clock_gettime", "CLOCK_MONOTONIC_COARSE"},
                                                                          {"gettimeofday", ""},
                                                                          {"time", ""}};

/// "clock_gettime_monotonic": no blank, quote or '=' is in it.
std::string label_of(const CallFacts& call) {
  constexpr std::string_view kPrefix = "CLOCK_";
  if (call.clock.empty()) return call.name;
  std::string clock = call.clock.starts_with(kPrefix) ? call.clock.substr(kPrefix.size()) : call.clock;
  std::ranges::transform(clock, clock.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return fmt::format("{}_{}", call.name, clock);
}

bool is_known(const CallFacts& call) { return call.error == 0 && call.function_known; }

/// What a program pays for it.
double cost_of(const CallFacts& call) { return call.in_user_space ? call.function_ns : call.system_call_ns; }

std::string performance_data(const std::vector<CallFacts>& common, double most_ns) {
  std::string text;
  for (const CallFacts& call : common) {
    if (is_known(call)) text += fmt::format(" {}={:.1f}ns;{:g};;0", label_of(call), cost_of(call), most_ns);
  }
  return text.empty() ? text : " |" + text;
}

Check made(CheckStatus status, std::string_view word, const std::string& text, const std::string& data) {
  // What follows the first '|' would be taken for numbers.
  std::string line = escaped(text);
  std::ranges::replace(line, '|', '/');
  return {status, fmt::format("vDSO {}: {}{}\n", word, line, data)};
}

/// Why a common call is not as it should be; empty if it is.
std::string complaint(const CallFacts& call, double most_ns) {
  if (!is_known(call)) return {};
  const bool stays = call.in_user_space.value_or(false);
  if (stays && cost_of(call) <= most_ns) return {};
  return fmt::format("{} {} {}", in_words(call), stays ? "takes" : "enters the kernel:", duration_text(cost_of(call)));
}

}  // namespace

bool is_common(const CallFacts& call) {
  return std::ranges::find(kCommonCalls, std::pair<std::string_view, std::string_view>(call.name, call.clock)) !=
         std::end(kCommonCalls);
}

Check check_of(const InfoFacts& facts, double most_ns) {
  std::vector<CallFacts> common;
  std::ranges::copy_if(facts.calls, std::back_inserter(common), is_common);
  std::vector<std::string> complaints, doubts;
  double most = 0;
  for (const CallFacts& call : common) {
    if (std::string text = complaint(call, most_ns); !text.empty()) complaints.push_back(std::move(text));
    if (!is_known(call)) doubts.push_back(in_words(call));
    most = std::max(most, cost_of(call));
  }
  const std::string data = performance_data(common, most_ns);
  const std::string source = facts.clocksource.empty() ? "unknown" : facts.clocksource;
  if (!complaints.empty())
    return made(CheckStatus::not_fine, "WARNING",
                fmt::format("{} (clocksource {})", fmt::join(complaints, ", "), source), data);
  if (common.empty()) return unknown_check("none of the common time calls could be made");
  if (!doubts.empty())
    return made(
        CheckStatus::unknown, "UNKNOWN",
        fmt::format("it cannot be told whether {} {} in user space{}{}", fmt::join(doubts, ", "),
                    doubts.size() == 1 ? "stays" : "stay", facts.vdso_unknown.empty() ? "" : ": ", facts.vdso_unknown),
        data);
  return made(CheckStatus::fine, "OK",
              fmt::format("{} common time calls stay in user space, at most {} each (clocksource {})", common.size(),
                          duration_text(most), source),
              data);
}

Check unknown_check(const std::string& why) { return made(CheckStatus::unknown, "UNKNOWN", why, ""); }

}  // namespace vdsotrace
