#include "sinks/chrome_trace.hpp"

#include "audit/findings.hpp"
#include "model/syscalls/errno.hpp"
#include "model/syscalls/render.hpp"
#include "output/json_text.hpp"

namespace vdsotrace {
namespace {

Json microseconds(std::int64_t ns) { return static_cast<double>(ns) / 1000; }

std::string title_of(const Call& call) {
  return call_text({display_name(call), clock_of(call).value_or(""), *call.route, {}});
}

Json arguments_of(const Call& call) {
  Json arguments{{"route", name_of(*call.route)}};
  if (call.error != 0) arguments["errno"] = errno_name(call.error);
  if (call.reason) arguments["reason"] = name_of(*call.reason);
  if (call.caller)
    arguments["caller"] = json_text(call.caller->symbol.empty() ? call.caller->module : call.caller->symbol);
  return arguments;
}

}  // namespace

ChromeTraceSink::ChromeTraceSink(std::shared_ptr<Output> output) : output_(std::move(output)) {
  output_->write("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
}

void ChromeTraceSink::write(const std::string& object) {
  output_->write(any_ ? ",\n" : "\n");
  output_->write(object);
  any_ = true;
}

void ChromeTraceSink::consume(const Event& event) {
  if (const auto* execed = std::get_if<Execed>(&event.body)) {
    write(dumped({{"name", "process_name"},
                  {"ph", "M"},
                  {"pid", event.pid},
                  {"tid", event.tid},
                  {"args", {{"name", json_text(execed->program)}}}}));
    return;
  }
  const auto* call = std::get_if<Call>(&event.body);
  if (call == nullptr || !call->route) return;
  if (first_ns_ == 0) first_ns_ = call->start_ns;
  Json object{{"name", json_text(title_of(*call))},
              {"cat", name_of(*call->route)},
              {"ph", call->duration_ns ? "X" : "i"},
              {"ts", microseconds(std::max<std::int64_t>(0, call->start_ns - first_ns_))},
              {"pid", event.pid},
              {"tid", event.tid}};
  if (call->duration_ns) {
    object["dur"] = microseconds(*call->duration_ns);
  } else {
    object["s"] = "t";
  }
  object["args"] = arguments_of(*call);
  write(dumped(object));
}

Result<void> ChromeTraceSink::finish() {
  output_->write("\n]}\n");
  return output_->close();
}

}  // namespace vdsotrace
