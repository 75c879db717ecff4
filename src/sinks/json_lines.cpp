#include "sinks/json_lines.hpp"

#include <nlohmann/json.hpp>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/signals.hpp"

namespace vdsotrace {
namespace {

// Keys in the order in which they are written here.
using Json = nlohmann::ordered_json;

/// A reader that keeps numbers as doubles has 53 bits.
template <class Integer>
Json integer(Integer value) {
  constexpr auto kMost = std::int64_t{1} << 53;
  const bool fits = std::is_signed_v<Integer> ? static_cast<std::int64_t>(value) >= -kMost &&
                                                    static_cast<std::int64_t>(value) <= kMost
                                              : static_cast<std::uint64_t>(value) <= std::uint64_t{kMost};
  return fits ? Json(value) : Json(std::to_string(value));
}

template <class Value>
Json optional_integer(const std::optional<Value>& value) {
  return value ? integer(*value) : Json(nullptr);
}

Json text_or_null(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

Json object_of(const Event& event, const char* type) {
  return {{"type", type}, {"pid", event.pid}, {"tid", event.tid}};
}

Json caller_of(const std::optional<Caller>& caller) {
  if (!caller) return nullptr;
  return {{"address", integer(caller->address)}, {"module", caller->module},
          {"offset", integer(caller->offset)}, {"symbol", text_or_null(caller->symbol)}};
}

Json body_of(const Event& event, const Call& call, const DecodeLimits& limits) {
  const CallText text = render(call, limits);
  const bool entered_kernel = call.route != Route::vdso && call.route != Route::vsyscall;
  return {{"type", "call"},
          {"seq", event.seq},
          {"time_ns", integer(call.start_ns)},
          {"pid", event.pid},
          {"tid", event.tid},
          {"name", display_name(call)},
          {"route", call.route ? Json(name_of(*call.route)) : Json(nullptr)},
          {"symbol", text_or_null(call.symbol)},
          {"nr", entered_kernel ? integer(call.nr) : Json(nullptr)},
          {"clock", text_or_null(clock_of(call).value_or(""))},
          {"args", text.args},
          {"ret", call.ending != Ending::returned ? Json(nullptr) : call.error != 0 ? Json(-1) : integer(call.result)},
          {"errno", call.error != 0 ? Json(errno_name(call.error)) : Json(nullptr)},
          {"duration_ns", optional_integer(call.duration_ns)},
          {"caller", caller_of(call.caller)},
          {"reason", nullptr},
          {"engine", call.engine}};
}

Json body_of(const Event& event, const Started& started, const DecodeLimits&) {
  Json line = object_of(event, "process");
  line["ppid"] = started.ppid;
  line["event"] = name_of(started.how);
  return line;
}

Json body_of(const Event& event, const Execed& execed, const DecodeLimits&) {
  Json line = object_of(event, "process");
  line["event"] = "exec";
  line["program"] = execed.program;
  line["arch"] = name_of(execed.abi);
  if (execed.former_tid != 0) line["former_tid"] = execed.former_tid;
  line["vdso"] = nullptr;
  if (const auto& vdso = execed.vdso)
    line["vdso"] = {{"base", integer(vdso->base)}, {"size", integer(vdso->size)}, {"functions", vdso->functions}};
  return line;
}

Json body_of(const Event& event, const Signal& signal, const DecodeLimits&) {
  Json line = object_of(event, "signal");
  line["signal"] = signal_name(signal.info.si_signo);
  line["code"] = signal.info.si_code;
  line["time_ns"] = integer(event.time_ns);
  return line;
}

Json body_of(const Event& event, const Exited& exited, const DecodeLimits&) {
  Json line = object_of(event, "exit");
  if (exited.signaled) {
    line["signal"] = signal_name(exited.code);
  } else {
    line["status"] = exited.code;
  }
  line["time_ns"] = integer(event.time_ns);
  return line;
}

Json body_of(const Event&, const Lost& lost, const DecodeLimits&) {
  return {{"type", "lost"}, {"count", integer(lost.count)}};
}

Json body_of(const Event& event, const Notice& notice, const DecodeLimits&) {
  Json line = object_of(event, "notice");
  line["text"] = notice.text;
  return line;
}

/// What has no line of its own in the contract.
template <class Body>
Json body_of(const Event&, const Body&, const DecodeLimits&) {
  return nullptr;
}

/// Program names and the like need not be UTF-8; what is not is replaced.
void write_line(Output& output, const Json& line) {
  output.write(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

JsonLinesSink::JsonLinesSink(std::shared_ptr<Output> output, const Aggregate& totals, const RunFacts& facts,
                             const DecodeLimits& limits, bool summary_only)
    : output_(std::move(output)), totals_(totals), limits_(limits), summary_only_(summary_only) {
  write_line(*output_, {{"type", "start"},
                        {"version", facts.version},
                        {"command", facts.command},
                        {"engine", facts.engine},
                        {"arch", facts.arch},
                        {"kernel", facts.kernel},
                        {"clocksource", facts.clocksource}});
}

void JsonLinesSink::consume(const Event& event) {
  if (summary_only_) return;
  const Json line = std::visit([&](const auto& body) { return body_of(event, body, limits_); }, event.body);
  if (!line.is_null()) write_line(*output_, line);
}

Result<void> JsonLinesSink::finish() {
  Json calls = Json::array();
  for (const auto& [key, total] : totals_.calls()) {
    if (!key.route) continue;
    calls.push_back({{"name", key.name},
                     {"clock", text_or_null(key.clock)},
                     {"route", name_of(*key.route)},
                     {"count", integer(total.count)},
                     {"errors", integer(total.errors)},
                     {"duration_ns", optional_integer(total.duration_ns)}});
  }
  write_line(*output_, {{"type", "summary"},
                        {"calls", std::move(calls)},
                        {"syscalls", integer(totals_.ordinary())},
                        {"processes", integer(totals_.processes())},
                        {"threads", integer(totals_.threads())},
                        {"lost", integer(totals_.lost())}});
  return {};
}

}  // namespace vdsotrace
