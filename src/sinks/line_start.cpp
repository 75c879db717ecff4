#include "sinks/line_start.hpp"

#include <algorithm>
#include <ctime>

#include "base/append_format.hpp"
#include "model/local_date.hpp"
#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/processes.hpp"
#include "vdsotrace/event.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

void append_fraction(std::string& out, std::int64_t ns, Precision precision) {
  const auto digits = static_cast<int>(precision);
  if (digits == 0) return;
  std::int64_t unit = kSecond;
  for (int i = 0; i < digits; ++i) unit /= 10;
  append_format(out, ".{:0{}}", ns % kSecond / unit, digits);
}

}  // namespace

void append_seconds(std::string& out, std::int64_t ns, Precision precision) {
  append_format(out, "{}", ns / kSecond);
  append_fraction(out, ns, precision);
}

void LineStart::append(std::string& out, pid_t tid, std::int64_t time_ns, bool names_thread) {
  if (names_thread || options_.threads != TextOptions::Threads::of_several) out.append(text_of_thread(tid));
  append_stamp(out, time_ns);
  if (options_.numbers || options_.instruction_pointers) append_origin(out, tid);
}

const std::string& LineStart::text_of_thread(pid_t tid) {
  if (shown_.tid != tid) {
    shown_.text.clear();
    append_thread(shown_.text, tid);
    shown_.tid = tid;
  }
  return shown_.text;
}

void LineStart::append_thread(std::string& out, pid_t tid) const {
  const bool bare = options_.threads == TextOptions::Threads::bare;
  if (!bare) out.append("[pid ");
  if (tid == Event::kUnknownThread) {
    out.append("?");
  } else if (const auto name = names_.find(tid); name != names_.end()) {
    append_format(out, "{}", tid);
    append_in_brackets(out, name->second, options_.limits.hex);
  } else {
    append_format(out, "{:<{}}", tid, bare ? 5 : 0);
  }
  out.append(bare ? " " : "] ");
}

void LineStart::note_name(pid_t tid, const std::string& name) {
  if (name.empty()) return;
  names_[tid] = name;
  shown_.tid.reset();
}

void LineStart::forget(pid_t tid) {
  origins_.erase(tid);
  names_.erase(tid);
  shown_.tid.reset();
}

void LineStart::note(pid_t tid, const Call& call) {
  if (options_.limits.processes.name) {
    if (const ProcessFacts* own = find_noted_process(call.processes, 0, ProcessKind::thread, false))
      note_name(tid, own->name);
  }
  if (options_.numbers || options_.instruction_pointers)
    origins_[tid] = {call.nr, call.instruction_pointer, 2 * word_size(call.abi)};
}

void LineStart::note_place(pid_t tid, std::uint64_t instruction_pointer) {
  if (options_.instruction_pointers) origins_[tid].instruction_pointer = instruction_pointer;
}

void LineStart::append_stamp(std::string& out, std::int64_t time_ns) {
  if (options_.stamps == TextOptions::Stamps::epoch) {
    append_format(out, "{}", time_ns / kSecond);
  } else if (options_.stamps == TextOptions::Stamps::time_of_day) {
    const LocalDate* local = local_date(time_ns / kSecond);
    const std::tm time = local != nullptr ? local->fields : std::tm{};
    append_format(out, "{:02}:{:02}:{:02}", time.tm_hour, time.tm_min, time.tm_sec);
  }
  if (options_.stamps != TextOptions::Stamps::none) {
    append_fraction(out, time_ns, options_.stamp_precision);
    out.append(" ");
  }
  if (options_.since_last) append_time_since_last(out, time_ns);
}

void LineStart::append_time_since_last(std::string& out, std::int64_t time_ns) {
  const std::int64_t since = last_ns_ == 0 ? 0 : std::max<std::int64_t>(0, time_ns - last_ns_);
  last_ns_ = time_ns;
  const bool behind_another = options_.stamps != TextOptions::Stamps::none;
  append_format(out, "{}{:6}", behind_another ? "(+" : "", since / kSecond);
  append_fraction(out, since, *options_.since_last);
  out.append(behind_another ? ") " : " ");
}

void LineStart::append_origin(std::string& out, pid_t tid) const {
  constexpr std::uint64_t kNumber = 0xffff'ffff;
  const auto found = origins_.find(tid);
  const Origin origin = found != origins_.end() ? found->second : Origin{};
  if (options_.numbers) append_format(out, "[{:4}] ", static_cast<std::uint64_t>(origin.nr) & kNumber);
  if (!options_.instruction_pointers) return;
  if (origin.instruction_pointer == 0) {
    out.append("[").append(origin.digits, '?').append("] ");
  } else {
    append_format(out, "[{:0{}x}] ", origin.instruction_pointer, origin.digits);
  }
}

}  // namespace vdsotrace
