#include "sinks/json_lines.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/signals.hpp"
#include "sinks/json_text.hpp"

namespace vdsotrace {
namespace {

template <class Value>
Json optional_integer(const std::optional<Value>& value) {
  return value ? json_integer(*value) : Json(nullptr);
}

Json object_of(const Event& event, const char* type) {
  return {{"type", type}, {"pid", event.pid}, {"tid", event.tid}};
}

// Calls are the many: their lines are written straight, at a tenth of the cost.

void append_string(std::string& out, std::string_view written) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::ranges::all_of(written, plain)) {
    out.append("\"").append(written).append("\"");
  } else {
    out.append(dumped(json_text(written)));
  }
}

void append_string_or_null(std::string& out, std::string_view written) {
  if (written.empty()) {
    out.append("null");
  } else {
    append_string(out, written);
  }
}

template <class Integer>
void append_integer(std::string& out, Integer value) {
  const fmt::format_int digits(value);
  if (fits_double(value)) {
    out.append(digits.data(), digits.size());
  } else {
    out.append("\"").append(digits.data(), digits.size()).append("\"");
  }
}

template <class Integer>
void append_integer(std::string& out, const std::optional<Integer>& value) {
  if (value) {
    append_integer(out, *value);
  } else {
    out.append("null");
  }
}

void append_array(std::string& out, const std::vector<std::string>& written) {
  out.push_back('[');
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_string(out, written[i]);
  }
  out.push_back(']');
}

void append_caller(std::string& out, const Caller& caller) {
  append_integer(out.append("{\"address\":"), caller.address);
  append_string(out.append(",\"module\":"), caller.module);
  append_integer(out.append(",\"offset\":"), caller.offset);
  append_string_or_null(out.append(",\"symbol\":"), caller.symbol);
  append_integer(out.append(",\"in_module\":"), caller.in_module);
  append_string_or_null(out.append(",\"source\":"), caller.source);
  out.push_back('}');
}

void append_stack(std::string& out, const std::vector<Caller>& places) {
  out.push_back('[');
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_caller(out, places[i]);
  }
  out.push_back(']');
}

std::optional<std::int64_t> returned_by(const Call& call) {
  if (call.ending != Ending::returned) return std::nullopt;
  return call.error != 0 ? -1 : call.result;
}

std::optional<std::int64_t> number_of_entry(const Call& call) {
  const bool entered_kernel = call.route != Route::vdso && call.route != Route::vsyscall && !call.route_unknown();
  return entered_kernel ? std::optional(call.nr) : std::nullopt;
}

/// A call that was not followed to its end has a count that means nothing.
void append_steps(std::string& out, const StepFacts& steps) {
  out.append(",\"instructions\":");
  append_integer(out, steps.complete ? std::optional(steps.instructions) : std::nullopt);
  out.append(",\"retries\":");
  append_integer(out, steps.retries);
  if (steps.image == nullptr) return;
  out.append(",\"steps\":[");
  for (std::size_t i = 0; i < steps.path.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_integer(out, steps.path[i]);
  }
  out.push_back(']');
}

void append_call(std::string& out, const Event& event, const Call& call, const DecodeLimits& limits) {
  append_integer(out.append("{\"type\":\"call\",\"seq\":"), event.seq);
  append_integer(out.append(",\"time_ns\":"), call.start_ns);
  append_integer(out.append(",\"pid\":"), event.pid);
  append_integer(out.append(",\"tid\":"), event.tid);
  append_string(out.append(",\"name\":"), display_name(call));
  append_string_or_null(out.append(",\"route\":"), call.route ? name_of(*call.route) : std::string_view());
  append_string_or_null(out.append(",\"symbol\":"), call.symbol);
  append_integer(out.append(",\"nr\":"), number_of_entry(call));
  append_string_or_null(out.append(",\"clock\":"), clock_of(call).value_or(""));
  append_array(out.append(",\"args\":"), render(call, limits).args);
  append_integer(out.append(",\"ret\":"), returned_by(call));
  append_string_or_null(out.append(",\"errno\":"), call.error != 0 ? errno_name(call.error) : std::string_view());
  append_integer(out.append(",\"duration_ns\":"), call.duration_ns);
  out.append(",\"caller\":");
  if (call.caller) {
    append_caller(out, *call.caller);
  } else {
    out.append("null");
  }
  if (!call.stack.empty()) append_stack(out.append(",\"stack\":"), call.stack);
  append_string_or_null(out.append(",\"reason\":"), call.reason ? name_of(*call.reason) : std::string_view());
  append_string(out.append(",\"engine\":"), call.engine);
  if (call.steps) append_steps(out, *call.steps);
  out.append("}\n");
}

Json facts_of(const std::optional<VdsoFacts>& vdso) {
  if (!vdso) return nullptr;
  return {{"base", json_integer(vdso->base)}, {"size", json_integer(vdso->size)}, {"functions", json_texts(vdso->functions)}};
}

Json body_of(const Event& event, const Started& started) {
  Json line = object_of(event, "process");
  line["ppid"] = started.ppid;
  line["event"] = name_of(started.how);
  if (started.how == Started::How::attach && started.begins_process()) line["vdso"] = facts_of(started.vdso);
  return line;
}

Json body_of(const Event& event, const Execed& execed) {
  Json line = object_of(event, "process");
  line["event"] = "exec";
  line["program"] = json_text(execed.program);
  line["arch"] = name_of(execed.abi);
  if (execed.former_tid != 0) line["former_tid"] = execed.former_tid;
  line["vdso"] = facts_of(execed.vdso);
  return line;
}

Json body_of(const Event& event, const Signal& signal) {
  Json line = object_of(event, "signal");
  line["signal"] = signal_name(signal.info.si_signo);
  line["code"] = signal.info.si_code;
  line["time_ns"] = json_integer(event.time_ns);
  return line;
}

Json body_of(const Event& event, const Exited& exited) {
  Json line = object_of(event, "exit");
  if (!exited.code_known) {
    line["status"] = nullptr;
  } else if (exited.signaled) {
    line["signal"] = signal_name(exited.code);
  } else {
    line["status"] = exited.code;
  }
  line["time_ns"] = json_integer(event.time_ns);
  return line;
}

Json body_of(const Event&, const Lost& lost) {
  return {{"type", "lost"}, {"count", json_integer(lost.count)}};
}

Json body_of(const Event& event, const Notice& notice) {
  Json line = object_of(event, "notice");
  line["text"] = json_text(notice.text);
  return line;
}

/// The first is in the start line.
Json body_of(const Event& event, const Clocksource& source) {
  if (!source.changed) return nullptr;
  return {{"type", "clocksource"}, {"name", json_text(source.name)}, {"time_ns", json_integer(event.time_ns)}};
}

/// What has no line of its own in the contract.
template <class Body>
Json body_of(const Event&, const Body&) {
  return nullptr;
}

void write_line(Output& output, const Json& line) { output.write(dumped(line) + "\n"); }

}  // namespace

JsonLinesSink::JsonLinesSink(std::shared_ptr<Output> output, const Aggregate& totals, const RunFacts& facts,
                             const DecodeLimits& limits, bool summary_only)
    : output_(std::move(output)), totals_(totals), limits_(limits), summary_only_(summary_only) {
  write_line(*output_, {{"type", "start"},
                        {"version", facts.version},
                        {"command", json_texts(facts.command)},
                        {"engine", facts.engine},
                        {"arch", facts.arch},
                        {"kernel", facts.kernel},
                        {"clocksource", facts.clocksource}});
}

void JsonLinesSink::consume(const Event& event) {
  if (summary_only_) return;
  if (const auto* call = std::get_if<Call>(&event.body)) {
    line_.clear();
    append_call(line_, event, *call, limits_);
    output_->write(line_);
    return;
  }
  note_family(event);
  Json line = std::visit([&](const auto& body) { return body_of(event, body); }, event.body);
  if (std::holds_alternative<Execed>(event.body)) line["ppid"] = optional_integer(parent_of(event.pid));
  if (!line.is_null()) write_line(*output_, line);
}

void JsonLinesSink::note_family(const Event& event) {
  const auto* started = std::get_if<Started>(&event.body);
  if (started != nullptr && started->begins_process()) parents_[event.pid] = started->ppid;
  if (std::holds_alternative<Exited>(event.body) && event.tid == event.pid) parents_.erase(event.pid);
}

std::optional<pid_t> JsonLinesSink::parent_of(pid_t pid) const {
  const auto found = parents_.find(pid);
  return found == parents_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> JsonLinesSink::finish() {
  Json calls = Json::array();
  for (const auto& [key, total] : totals_.calls()) {
    if (!key.route) continue;
    calls.push_back({{"name", key.name},
                     {"clock", json_text_or_null(key.clock)},
                     {"route", name_of(*key.route)},
                     {"count", json_integer(total.count)},
                     {"errors", json_integer(total.errors)},
                     {"duration_ns", optional_integer(total.duration_ns)}});
  }
  write_line(*output_, {{"type", "summary"},
                        {"calls", std::move(calls)},
                        {"syscalls", json_integer(totals_.ordinary())},
                        {"processes", json_integer(totals_.processes())},
                        {"threads", json_integer(totals_.threads())},
                        {"lost", json_integer(totals_.lost())}});
  return {};
}

}  // namespace vdsotrace
