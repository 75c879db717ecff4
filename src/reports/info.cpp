#include "reports/info.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/escape.hpp"
#include "base/figures.hpp"
#include "model/syscalls/errno.hpp"
#include "output/json_document.hpp"
#include "output/palette.hpp"
#include "output/wrap.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {
namespace {

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : text; }

struct Where {
  std::string_view text;
  std::string_view color;  ///< empty: none
};

Where where(const CallFacts& call) {
  if (call.error != 0) return {"not on this system", Palette::kExit};
  if (!call.function_known) return {"unknown", ""};
  if (!call.in_user_space) return {"no: not in the vDSO", Palette::of(Route::syscall)};
  if (!*call.in_user_space) return {"no: falls back", Palette::of(Route::fallback)};
  return {"yes", Palette::of(Route::vdso)};
}

/// The table of the calls. Where its lines would not fit, a function that has clocks is named once, above them.
class CallTable {
 public:
  CallTable(const std::vector<CallFacts>& calls, const TextStyle& style)
      : calls_(calls), palette_(style.color), grouped_(false) {
    fit();
    if (style.columns == 0 || width_ + kBehindName <= style.columns) return;
    grouped_ = true;
    where_width_ = 19;
    syscall_width_ = 10;
    fit();
  }

  std::string text() const {
    std::string text = fmt::format("{:<{}}  {:<{}} {:>9} {:>{}}  {:>10}\n", "call", width_, "stays in user space",
                                   where_width_, "vDSO ns", "syscall ns", syscall_width_, "resolution");
    std::string_view function;
    for (const CallFacts& call : calls_) {
      if (grouped_ && !call.clock.empty() && function != call.name) text += call.name + '\n';
      function = call.name;
      text += line(call);
    }
    return text;
  }

 private:
  static constexpr std::size_t kBehindName = 58;

  std::string name(const CallFacts& call) const {
    return grouped_ && !call.clock.empty() ? "  " + call.clock : in_words(call);
  }

  void fit() {
    width_ = 4;
    for (const CallFacts& call : calls_) width_ = std::max(width_, name(call).size());
  }

  std::string line(const CallFacts& call) const {
    const Where found = where(call);
    std::string line = fmt::format("{:<{}}  ", name(call), width_);
    palette_.append(line, found.color, found.text);
    line.append(where_width_ - found.text.size(), ' ');
    if (call.error != 0) return line + fmt::format(" {}\n", errno_name(call.error));
    const std::string function = call.in_user_space ? fmt::format("{:.1f}", call.function_ns) : "-";
    line += fmt::format(" {:>9} {:>{}.1f}", function, call.system_call_ns, syscall_width_);
    if (call.resolution_ns) line += fmt::format("  {:>10}", exact_duration_text(*call.resolution_ns));
    return line + '\n';
  }

  const std::vector<CallFacts>& calls_;
  Palette palette_;
  bool grouped_;
  std::size_t width_ = 0;
  std::size_t where_width_ = 21;
  std::size_t syscall_width_ = 12;
};

std::string time_namespace_text(const ProcessVdso& process) {
  if (!process.same_time_namespace) return "its time namespace is unknown";
  return *process.same_time_namespace ? "the same time namespace" : "a time namespace of its own";
}

std::string process_text(const ProcessVdso& process) {
  return fmt::format("process        {} ({})\n", process.pid, without_controls(or_unknown(process.program))) +
         fmt::format("its view       {}, {}\n",
                     process.same_image ? "the vDSO image is ours" : "another vDSO image than ours",
                     time_namespace_text(process));
}

std::string vdso_text(const VdsoDescription& vdso) {
  const VdsoImage& image = vdso.image;
  std::string text = fmt::format("vDSO           {:#x}, {} bytes, {}, build-id {}\n\n", vdso.base, vdso.size,
                                 name_of(image.machine()), image.build_id().empty() ? "none" : image.build_id());
  text += "  offset   size  function\n";
  for (const VdsoFunction& function : image.functions())
    text += fmt::format("{:>8x} {:>6}  {}\n", function.entry, function.size, fmt::join(function.names, ", "));
  return text;
}

/// One of the contract's routes.
Json route_of(const CallFacts& call) {
  if (call.error != 0 || !call.function_known) return nullptr;
  if (!call.in_user_space) return name_of(Route::syscall);
  return name_of(*call.in_user_space ? Route::vdso : Route::fallback);
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json call_json(const CallFacts& call) {
  const bool made = call.error == 0;
  return {{"name", call.name},
          {"clock", call.clock.empty() ? Json(nullptr) : Json(call.clock)},
          {"clock_id", or_null(call.clock_id)},
          {"error", made ? Json(nullptr) : Json(errno_name(call.error))},
          {"user_space", made && call.function_known ? Json(call.in_user_space.value_or(false)) : Json(nullptr)},
          {"route", route_of(call)},
          {"vdso_ns", made && call.in_user_space ? json_tenths(call.function_ns) : Json(nullptr)},
          {"syscall_ns", made ? json_tenths(call.system_call_ns) : Json(nullptr)},
          {"resolution_ns", or_null(call.resolution_ns)}};
}

Json vdso_json(const std::optional<VdsoDescription>& vdso) {
  if (!vdso) return nullptr;
  Json functions = Json::array();
  for (const VdsoFunction& function : vdso->image.functions())
    functions.push_back({{"offset", function.entry}, {"size", function.size}, {"names", function.names}});
  return {{"base", vdso->base},
          {"size", vdso->size},
          {"machine", name_of(vdso->image.machine())},
          {"build_id", vdso->image.build_id()},
          {"functions", functions}};
}

}  // namespace

std::string in_words(const CallFacts& call) {
  return call.clock.empty() ? call.name : fmt::format("{}({})", call.name, call.clock);
}

std::string info_text(const InfoFacts& facts, const TextStyle& style) {
  std::string text = fmt::format("kernel         {} {}\n", facts.kernel, facts.machine);
  text += fmt::format("clocksource    {} (available: {})\n", or_unknown(facts.clocksource),
                      or_unknown(fmt::format("{}", fmt::join(facts.clocksources, ", "))));
  if (facts.process) text += process_text(*facts.process);
  text += fmt::format("vsyscall page  {}\n", facts.vsyscall);
  if (facts.vdso) {
    text += vdso_text(*facts.vdso);
  } else if (!facts.vdso_unknown.empty()) {
    text += fmt::format("vDSO           unknown: {}\n", without_controls(facts.vdso_unknown));
  } else {
    text += "vDSO           none: every call enters the kernel\n";
  }
  text += facts.process ? "\nCalls made by vdsotrace itself:\n" : "\n";
  constexpr std::size_t kLabel = 15;
  return wrapped(text, style.columns, kLabel) + CallTable(facts.calls, style).text();
}

std::string info_json(const InfoFacts& facts) {
  Json object{{"kernel", json_text(facts.kernel)},
              {"arch", json_text(facts.machine)},
              {"clocksource",
               {{"current", json_text(or_unknown(facts.clocksource))}, {"available", json_texts(facts.clocksources)}}},
              {"vsyscall", facts.vsyscall},
              {"process", nullptr},
              {"vdso", vdso_json(facts.vdso)},
              {"calls", Json::array()}};
  if (facts.process) {
    object["process"] = {{"pid", facts.process->pid},
                         {"program", json_text(facts.process->program)},
                         {"same_image", facts.process->same_image},
                         {"same_time_namespace", or_null(facts.process->same_time_namespace)}};
  }
  for (const CallFacts& call : facts.calls) object["calls"].push_back(call_json(call));
  return dumped(json_document("info", facts.head, object)) + '\n';
}

}  // namespace vdsotrace
