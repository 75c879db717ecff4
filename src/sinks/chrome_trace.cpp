#include "sinks/chrome_trace.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "audit/findings.hpp"
#include "model/syscalls/errno.hpp"
#include "model/syscalls/render.hpp"
#include "output/json_text.hpp"

namespace vdsotrace {
namespace {

double microseconds(std::int64_t ns) { return static_cast<double>(ns) / 1000; }

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

ChromeTraceSink::ChromeTraceSink(std::shared_ptr<Output> output, NameOf name_of_thread)
    : output_(std::move(output)), name_of_thread_(std::move(name_of_thread)) {
  output_->write("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
}

void ChromeTraceSink::write(const std::string& object) {
  output_->write(any_ ? ",\n" : "\n");
  output_->write(object);
  any_ = true;
}

double ChromeTraceSink::microseconds_at(std::int64_t time_ns) const {
  return microseconds(std::max<std::int64_t>(0, time_ns - first_ns_));
}

void ChromeTraceSink::write_name(const char* kind, std::int32_t pid, std::int32_t tid, const std::string& name) {
  write(dumped({{"name", kind}, {"ph", "M"}, {"pid", pid}, {"tid", tid}, {"args", {{"name", json_text(name)}}}}));
}

void ChromeTraceSink::note_thread(std::int32_t pid, std::int32_t tid) {
  Thread& thread = threads_[tid];
  if (!std::has_single_bit(++thread.calls)) return;
  thread.pid = pid;
  if (name_of_thread_) {
    if (std::string name = name_of_thread_(tid); !name.empty()) thread.name = std::move(name);
  }
  if (processes_.contains(pid)) return;
  std::string& program = processes_[pid];
  if (name_of_thread_) program = name_of_thread_(pid);
  write_name("process_name", pid, pid, program.empty() ? fmt::format("process {}", pid) : program);
}

void ChromeTraceSink::end_thread(std::int32_t tid, Thread& thread) {
  std::string name = name_of_thread_ ? name_of_thread_(tid) : std::string();
  if (name.empty()) name = thread.name;
  if (name.empty()) name = tid == Event::kUnknownThread ? "unknown thread" : fmt::format("thread {}", tid);
  write_name("thread_name", thread.pid, tid, name);
}

void ChromeTraceSink::write_call(const Event& event, const Call& call) {
  note_thread(event.pid, event.tid);
  timelines_[event.pid].add(call.start_ns, *call.route, 1);
  Json object{{"name", json_text(title_of(call))},
              {"cat", name_of(*call.route)},
              {"ph", call.duration_ns ? "X" : "i"},
              {"ts", microseconds_at(call.start_ns)},
              {"pid", event.pid},
              {"tid", event.tid}};
  if (call.duration_ns) {
    object["dur"] = microseconds(*call.duration_ns);
  } else {
    object["s"] = "t";
  }
  object["args"] = arguments_of(call);
  write(dumped(object));
}

void ChromeTraceSink::consume(const Event& event) {
  const auto* call = std::get_if<Call>(&event.body);
  if (first_ns_ == 0) first_ns_ = call != nullptr ? call->start_ns : event.time_ns;
  if (const auto* execed = std::get_if<Execed>(&event.body)) {
    processes_[event.pid] = execed->program;
    write_name("process_name", event.pid, event.pid, execed->program);
  } else if (std::holds_alternative<Exited>(event.body)) {
    if (auto ended = threads_.extract(event.tid)) end_thread(ended.key(), ended.mapped());
  } else if (call != nullptr && call->route) {
    write_call(event, *call);
  }
}

void ChromeTraceSink::write_counters(std::int32_t pid, const Timeline& timeline) {
  const double seconds = static_cast<double>(timeline.span_ns()) / 1e9;
  Timeline::Counts last{};
  const auto write_from = [&](std::size_t span, const Timeline::Counts& counts) {
    for (std::size_t route = 0; route < kRoutes; ++route) {
      if (counts[route] == last[route]) continue;
      const std::int64_t time = timeline.start_ns() + static_cast<std::int64_t>(span) * timeline.span_ns();
      write(dumped({{"name", name_of(static_cast<Route>(route))},
                    {"ph", "C"},
                    {"ts", microseconds_at(time)},
                    {"pid", pid},
                    {"tid", pid},
                    {"args", {{"calls/s", static_cast<double>(counts[route]) / seconds}}}}));
    }
    last = counts;
  };
  for (std::size_t span = 0; span < timeline.spans().size(); ++span) write_from(span, timeline.spans()[span]);
  write_from(timeline.spans().size(), {});
}

Result<void> ChromeTraceSink::finish() {
  for (auto& [tid, thread] : threads_) end_thread(tid, thread);
  for (const auto& [pid, timeline] : timelines_) write_counters(pid, timeline);
  output_->write("\n]}\n");
  return output_->close();
}

}  // namespace vdsotrace
