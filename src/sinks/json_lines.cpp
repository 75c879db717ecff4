#include "sinks/json_lines.hpp"

#include "model/syscalls/errno.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "output/json_document.hpp"

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

void append_place(JsonLine& line, const Caller& caller) {
  line.put("{\"address\":").integer(caller.address);
  line.put(",\"module\":").string(caller.module);
  line.put(",\"offset\":").integer(caller.offset);
  line.put(",\"symbol\":").string_or_null(caller.symbol);
  line.put(",\"in_module\":").integer(caller.in_module);
  line.put(",\"source\":").string_or_null(caller.source);
  line.put("}");
}

void append_place_or_null(JsonLine& line, const Caller* place) {
  if (place != nullptr) {
    append_place(line, *place);
  } else {
    line.put("null");
  }
}

/// Where there is one.
void append_stack(JsonLine& line, const std::vector<Caller>& stack) {
  if (stack.empty()) return;
  line.put(",\"stack\":").array(stack.size(), [&](std::size_t i) { append_place(line, stack[i]); });
}

std::optional<std::int64_t> returned_by(const Call& call) {
  if (call.ending != Ending::returned) return std::nullopt;
  return call.error != 0 ? -1 : call.result;
}

std::optional<std::int64_t> number_of_entry(const Call& call) {
  const bool entered_kernel = call.route != Route::vdso && call.route != Route::vsyscall &&
                              call.route != Route::unknown;
  return entered_kernel ? std::optional(call.nr) : std::nullopt;
}

/// A call that was not followed to its end has a count that means nothing.
void append_steps(JsonLine& line, const StepFacts& steps) {
  line.put(",\"instructions\":").integer(steps.complete ? std::optional(steps.instructions) : std::nullopt);
  line.put(",\"retries\":").integer(steps.retries);
  if (steps.image == nullptr) return;
  line.put(",\"steps\":").array(steps.path.size(), [&](std::size_t i) { line.integer(steps.path[i]); });
}

/// From the process to the clock.
void append_identity(JsonLine& line, const Event& event, const Call& call) {
  line.put(",\"pid\":").integer(event.pid);
  line.put(",\"tid\":").integer(event.tid);
  line.put(",\"name\":").name(display_name(call));
  line.put(",\"route\":").name(call.route ? name_of(*call.route) : std::string_view());
  line.put(",\"symbol\":").name(call.symbol);
  line.put(",\"nr\":").integer(number_of_entry(call));
  line.put(",\"clock\":").name(clock_of(call).value_or(""));
}

void append_tampering(JsonLine& line, const Tampering& tampering) {
  const std::pair<bool, std::string_view> all[] = {
      {tampering.result, "result"}, {tampering.arguments, "arguments"}, {tampering.delayed, "delay"}};
  std::vector<std::string_view> done;
  for (const auto& [is_done, what] : all) {
    if (is_done) done.push_back(what);
  }
  line.put(",\"injected\":").array(done.size(), [&](std::size_t i) { line.name(done[i]); });
}

/// From the result to the end of the line.
void append_outcome(JsonLine& line, const Call& call) {
  line.put(",\"ret\":").integer(returned_by(call));
  line.put(",\"errno\":").name(call.error != 0 ? errno_name(call.error) : std::string_view());
  if (call.tampering.any()) append_tampering(line, call.tampering);
  line.put(",\"duration_ns\":").integer(call.duration_ns);
  line.put(",\"caller\":");
  append_place_or_null(line, call.caller ? &*call.caller : nullptr);
  if (call.caller) {
    line.put(",\"beyond\":");
    append_place_or_null(line, call.caller->beyond_runtimes());
  }
  append_stack(line, call.stack);
  line.put(",\"reason\":").name(call.reason ? name_of(*call.reason) : std::string_view());
  line.put(",\"engine\":").name(call.engine);
  if (call.steps) append_steps(line, *call.steps);
  line.put("}\n");
}

Json facts_of(const std::optional<VdsoFacts>& vdso) {
  if (!vdso) return nullptr;
  return {{"base", json_integer(vdso->base)},
          {"size", json_integer(vdso->size)},
          {"functions", json_texts(vdso->functions)}};
}

Json body_of(const Event& event, const Started& started) {
  Json line = object_of(event, "process");
  line["ppid"] = started.ppid;
  line["event"] = name_of(started.how);
  if (started.how == Started::How::attach && started.begins_process()) line["vdso"] = facts_of(started.vdso);
  if (started.pid_inside != 0) line["pid_inside"] = started.pid_inside;
  return line;
}

Json body_of(const Event& event, const Execed& execed) {
  Json line = object_of(event, "process");
  line["event"] = "exec";
  line["program"] = json_text_or_null(execed.program);
  line["arch"] = name_of(execed.abi);
  if (execed.former_tid != 0) line["former_tid"] = execed.former_tid;
  line["vdso"] = facts_of(execed.vdso);
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

Json body_of(const Event&, const Lost& lost) { return {{"type", "lost"}, {"count", json_integer(lost.count)}}; }

Json body_of(const Event& event, const Notice& notice) {
  Json line = object_of(event, "notice");
  line["text"] = json_text(notice.text);
  line["missing"] = json_text_or_null(name_of(notice.missing));
  return line;
}

/// The first is in the start line.
Json body_of(const Event& event, const Clocksource& source) {
  if (!source.changed) return nullptr;
  return {{"type", "clocksource"}, {"name", json_text(source.name)}, {"time_ns", json_integer(event.time_ns)}};
}

/// What has no line of its own in docs/formats.md.
template <class Body>
Json body_of(const Event&, const Body&) {
  return nullptr;
}

/// A row of the summary.
Json row_of(const Aggregate& totals, const CallKey& key, const CallTotal& total) {
  Json row{{"name", key.name},
           {"clock", json_text_or_null(key.clock)},
           {"route", name_of(*key.route)},
           {"count", json_integer(total.count)},
           {"errors", json_integer(total.errors)},
           {"duration_ns", optional_integer(total.duration_ns)}};
  if (const Histogram* durations = totals.rows().durations_of(key)) {
    row["median_ns"] = json_integer(durations->percentile(50));
    row["p99_ns"] = json_integer(durations->percentile(99));
    row["max_ns"] = json_integer(durations->longest());
  }
  return row;
}

void write_line(Output& output, const Json& line) { output.write(dumped(line) + "\n"); }

}  // namespace

JsonLinesSink::JsonLinesSink(std::shared_ptr<Output> output, const Aggregate& totals, const RunFacts& facts,
                             const DecodeLimits& limits, bool summary_only)
    : output_(std::move(output)), totals_(totals), limits_(limits), summary_only_(summary_only) {
  const std::string& clocksource = facts.clocksource;
  write_line(*output_, json_document("start", facts.head,
                                     {{"command", json_texts(facts.command)},
                                      {"engine", facts.engine},
                                      {"arch", facts.arch},
                                      {"kernel", facts.kernel},
                                      {"clocksource", json_text(clocksource.empty() ? "unknown" : clocksource)},
                                      {"syscalls", facts.syscalls}}));
}

void JsonLinesSink::consume(const Event& event) {
  if (summary_only_) return;
  if (const auto* call = std::get_if<Call>(&event.body)) {
    write_call(event, *call);
    return;
  }
  if (const auto* signal = std::get_if<Signal>(&event.body)) {
    write_signal(event, *signal);
    return;
  }
  note_family(event);
  Json line = std::visit([&](const auto& body) { return body_of(event, body); }, event.body);
  if (std::holds_alternative<Execed>(event.body)) line["ppid"] = optional_integer(parent_of(event.pid));
  if (!line.is_null()) write_line(*output_, line);
}

void JsonLinesSink::write_call(const Event& event, const Call& call) {
  line_.clear();
  line_.put("{\"type\":\"call\",\"seq\":").integer(event.seq);
  line_.put(",\"time_ns\":").integer(call.start_ns);
  line_.append(identity_of(event, call));
  render(call, limits_, shown_);
  const bool plain = !needs_escapes(shown_.arguments());
  line_.put(",\"args\":").array(shown_.count, [&](std::size_t i) {
    if (plain) {
      line_.quote(shown_.argument(i));
    } else {
      line_.string(shown_.argument(i));
    }
  });
  append_outcome(line_, call);
  output_->write(line_.text());
}

void JsonLinesSink::write_signal(const Event& event, const Signal& signal) {
  line_.clear();
  line_.put("{\"type\":\"signal\",\"pid\":").integer(event.pid);
  line_.put(",\"tid\":").integer(event.tid);
  line_.put(",\"signal\":").name(signal_name(signal.info.si_signo));
  line_.put(",\"code\":").integer(signal.info.si_code);
  line_.put(",\"time_ns\":").integer(event.time_ns);
  append_stack(line_, signal.stack);
  line_.put("}\n");
  output_->write(line_.text());
}

std::string_view JsonLinesSink::identity_of(const Event& event, const Call& call) {
  const Identity who{event.pid, event.tid, call.abi, call.nr, call.name, call.symbol, call.route, call.args[0]};
  if (who != last_) {
    last_text_.clear();
    append_identity(last_text_, event, call);
    last_ = who;
  }
  return last_text_.text();
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
    if (key.route) calls.push_back(row_of(totals_, key, total));
  }
  write_line(*output_, {{"type", "summary"},
                        {"calls", std::move(calls)},
                        {"syscalls", json_integer(totals_.ordinary())},
                        {"processes", json_integer(totals_.processes())},
                        {"threads", json_integer(totals_.threads())},
                        {"lost", json_integer(totals_.lost())},
                        {"complete", totals_.complete()},
                        {"notices", json_texts(totals_.notices().lines())}});
  return {};
}

}  // namespace vdsotrace
