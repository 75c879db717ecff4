#include "sinks/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "base/append_format.hpp"
#include "base/escape.hpp"
#include "model/local_date.hpp"
#include "model/syscalls/dump.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "sinks/attachments.hpp"

namespace vdsotrace {
namespace {

const std::string kAnonymous = "[anonymous]";
constexpr std::string_view kUnfinished = " <unfinished ...>";
constexpr std::int64_t kSecond = 1'000'000'000;

/// What stands behind the seconds: as many digits of their fraction as that.
void append_fraction(std::string& out, std::int64_t ns, Precision precision) {
  const auto digits = static_cast<int>(precision);
  if (digits == 0) return;
  std::int64_t unit = kSecond;
  for (int i = 0; i < digits; ++i) unit /= 10;
  append_format(out, ".{:0{}}", ns % kSecond / unit, digits);
}

/// Bytes of the last line of `text`, without the escape sequences that colour it.
std::size_t visible_length(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t i = text.rfind('\n') + 1; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size());
    } else {
      ++length;
    }
  }
  return length;
}

}  // namespace

void TextSink::consume(const Event& event) {
  std::visit([&](const auto& body) { on(event, body); }, event.body);
  hand_over();
}

void TextSink::hand_over() {
  // A line that stands open is continued later, and its result is aligned.
  if (options_.columns > 0) {
    if (text_.find('\n') != std::string::npos) line_length_ = 0;
    line_length_ += visible_length(text_);
  }
  output_->write(text_);
  text_.clear();
}

Result<void> TextSink::finish() {
  end_open_line();
  for (const Notices::Entry& entry : notices_.entries()) {
    if (entry.others > 0 && shown(entry.notice, options_.quiet)) append_message(escaped(line_of(entry)));
  }
  hand_over();
  return {};
}

/// What stands as a partial line gives way to something else.
void TextSink::end_open_line() {
  if (open_line_ != 0) text_.append(kUnfinished).append("\n");
  open_line_ = 0;
}

void TextSink::begin_line(pid_t tid, std::int64_t time_ns) {
  end_open_line();
  if (tasks_ > 1 && tid == Event::kUnknownThread) text_.append("[pid ?] ");
  if (tasks_ > 1 && tid != Event::kUnknownThread) append_format(text_, "[pid {}] ", tid);
  append_stamp(time_ns);
  if (options_.numbers || options_.instruction_pointers) append_origin(tid);
}

void TextSink::append_origin(pid_t tid) {
  constexpr std::uint64_t kNumber = 0xffff'ffff;
  const auto found = origins_.find(tid);
  const Origin origin = found != origins_.end() ? found->second : Origin{};
  if (options_.numbers) append_format(text_, "[{:4}] ", static_cast<std::uint64_t>(origin.nr) & kNumber);
  if (!options_.instruction_pointers) return;
  if (origin.instruction_pointer == 0) {
    text_.append("[").append(origin.digits, '?').append("] ");
  } else {
    append_format(text_, "[{:0{}x}] ", origin.instruction_pointer, origin.digits);
  }
}

void TextSink::note_origin(pid_t tid, const Call& call) {
  if (options_.numbers || options_.instruction_pointers)
    origins_[tid] = {call.nr, call.instruction_pointer, 2 * word_size(call.abi)};
}

void TextSink::append_stamp(std::int64_t time_ns) {
  if (options_.stamps == TextOptions::Stamps::epoch) {
    append_format(text_, "{}", time_ns / kSecond);
  } else if (options_.stamps == TextOptions::Stamps::time_of_day) {
    const LocalDate* local = local_date(time_ns / kSecond);
    const std::tm time = local != nullptr ? local->fields : std::tm{};
    append_format(text_, "{:02}:{:02}:{:02}", time.tm_hour, time.tm_min, time.tm_sec);
  }
  if (options_.stamps != TextOptions::Stamps::none) {
    append_fraction(text_, time_ns, options_.stamp_precision);
    text_.append(" ");
  }
  if (options_.since_last) append_time_since_last(time_ns);
}

void TextSink::append_time_since_last(std::int64_t time_ns) {
  const std::int64_t since = last_stamp_ns_ == 0 ? 0 : std::max<std::int64_t>(0, time_ns - last_stamp_ns_);
  last_stamp_ns_ = time_ns;
  const bool behind_another = options_.stamps != TextOptions::Stamps::none;
  append_format(text_, "{}{:6}", behind_another ? "(+" : "", since / kSecond);
  append_fraction(text_, since, *options_.since_last);
  text_.append(behind_another ? ") " : " ");
}

/// strace's columns: results begin there, unless the call is longer.
void TextSink::align_result() {
  if (options_.columns == 0) return;
  const bool continued = text_.find('\n') == std::string::npos;
  const std::size_t length = visible_length(text_) + (continued ? line_length_ : 0);
  if (length < options_.columns) text_.append(options_.columns - length, ' ');
}

void TextSink::line(const Event& event, std::string_view color, std::string_view text) {
  begin_line(event.tid, event.time_ns);
  palette_.append(text_, color, text);
  text_.append("\n");
}

void TextSink::append_message(std::string_view text) {
  end_open_line();
  palette_.append(text_, Palette::kMessage, fmt::format("vdsotrace: {}", text));
  text_.append("\n");
}

/// Its pointers have led to nothing yet: they are shown themselves.
void TextSink::on_faulted(const Event& event, const Call& call) {
  constexpr std::size_t kMostKept = 1024;
  if (faulted_.size() >= kMostKept || !faulted_.insert({event.tid, call.start_ns}).second) return;
  Call unseen = call;
  unseen.ending = Ending::unseen;
  note_origin(event.tid, call);
  begin_line(event.tid, call.start_ns);
  palette_.append(text_, Palette::kName, display_name(call));
  append_format(text_, "({}", render(unseen, options_.limits).arguments());
  open_line_ = event.tid;
}

void TextSink::on(const Event& event, const CallEntered& entered) {
  if (entered.faulted) {
    on_faulted(event, entered.call);
    return;
  }
  const CallText text = render_entry(entered.call, options_.limits);
  note_origin(event.tid, entered.call);
  begin_line(event.tid, entered.call.start_ns);
  palette_.append(text_, Palette::kName, display_name(entered.call));
  text_.append("(");
  text.append_beginning(text_);
  open_line_ = event.tid;
  entered_[event.tid] = true;
}

void TextSink::on(const Event& event, const Call& call) {
  render(call, options_.limits, shown_);
  note_origin(event.tid, call);
  const bool faulted = !faulted_.empty() && faulted_.erase({event.tid, call.start_ns}) > 0;
  const bool resumed = faulted || entered_.erase(event.tid) > 0;
  const bool continued = resumed && open_line_ == event.tid;
  open_line_ = continued ? 0 : open_line_;
  if (!continued) {
    begin_line(event.tid, resumed ? event.time_ns : call.start_ns);
    if (resumed) {
      append_format(text_, "<... {} resumed>", display_name(call));
    } else {
      palette_.append(text_, Palette::kName, display_name(call));
      text_.push_back('(');
      shown_.append_beginning(text_);
    }
  }
  append_ending(event.tid, call, faulted);
}

/// `all_shown`: its arguments stand on an earlier line.
void TextSink::append_ending(pid_t tid, const Call& call, bool all_shown) {
  const bool unfinished = call.ending == Ending::unfinished;
  if (!unfinished || (call.route == Route::vdso && !all_shown)) shown_.append_remainder(text_);
  if (unfinished && shown_.more) text_.append(kUnfinished);
  text_.append(") ");
  align_result();
  text_.append("= ");
  if (call.error != 0) {
    palette_.append(text_, Palette::kError, shown_.result());
  } else {
    text_.append(shown_.result());
  }
  if (call.route) {
    text_.push_back(' ');
    palette_.append(text_, Palette::of(*call.route), tag_of(*call.route));
  }
  if (options_.durations && call.duration_ns) {
    append_format(text_, " <{}", *call.duration_ns / kSecond);
    append_fraction(text_, *call.duration_ns, *options_.durations);
    text_.push_back('>');
  }
  if (call.caller) append_caller(*call.caller);
  if (call.caller && call.caller->beyond) append_caller(*call.caller->beyond);
  text_.push_back('\n');
  if (options_.dumps.any()) append_dump(text_, call, options_.dumps, tid);
  for (const Caller& place : call.stack) append_place(place);
  if (call.steps && call.steps->image != nullptr) append_steps(*call.steps);
}

void TextSink::append_steps(const StepFacts& steps) {
  const auto found = listings_.try_emplace(steps.image, *steps.image).first;
  text_.append(text_of(steps, found->second));
}

void TextSink::append_caller(const Caller& caller) {
  append_format(text_, " <{}+{:#x} in {}>", caller.symbol.empty() ? "?" : escaped(caller.symbol), caller.offset,
                caller.module.empty() ? kAnonymous : escaped(caller.module));
}

void TextSink::append_place(const Caller& place) {
  append_format(text_, " > {}(", place.module.empty() ? kAnonymous : escaped(place.module));
  if (!place.symbol.empty()) append_format(text_, "{}+{:#x}", escaped(place.symbol), place.offset);
  append_format(text_, ") [{:#x}]\n", place.in_module);
}

void TextSink::on(const Event&, const Counts&) {}

void TextSink::on(const Event& event, const Signal& signal) {
  if (options_.instruction_pointers) origins_[event.tid].instruction_pointer = signal.instruction_pointer;
  line(event, Palette::kSignal,
       fmt::format("--- {} {} ---", signal_name(signal.info.si_signo),
                   render_siginfo(signal.info, options_.limits.constants)));
}

void TextSink::on(const Event& event, const GroupStopped& stopped) {
  line(event, Palette::kSignal, fmt::format("--- stopped by {} ---", signal_name(stopped.signal)));
}

void TextSink::on(const Event& event, const Started&) {
  ++tasks_;
  if (const std::string told = attachment(event); !told.empty() && says_attachments()) append_message(told);
}

void TextSink::on(const Event& event, const Execed& execed) {
  if (execed.former_tid == 0) return;
  // The former leader no longer counts when it is told, as in strace.
  if (tasks_ > 1) --tasks_;
  if (open_line_ == execed.former_tid) {
    append_format(text_, " <pid changed to {} ...>\n", event.tid);
    open_line_ = 0;
  }
  if (options_.children && options_.quiet < 3 && !options_.hides_superseded)
    line(event, Palette::kExit, fmt::format("+++ superseded by execve in pid {} +++", execed.former_tid));
  // The call goes on under the leader's number.
  if (entered_.erase(execed.former_tid) > 0) entered_[event.tid] = true;
}

void TextSink::on(const Event& event, const Exited& exited) {
  if (options_.instruction_pointers) origins_[event.tid].instruction_pointer = 0;
  const bool hidden = options_.quiet > 1 || options_.hides_exits;
  if (!hidden && !exited.code_known) {
    line(event, Palette::kExit, "+++ exited with ? +++");
  } else if (!hidden) {
    line(event, Palette::kExit,
         exited.signaled ? fmt::format("+++ killed by {}{} +++", signal_name(exited.code),
                                       exited.core_dumped ? " (core dumped)" : "")
                         : fmt::format("+++ exited with {} +++", exited.code));
  }
  entered_.erase(event.tid);
  origins_.erase(event.tid);
  if (tasks_ > 0) --tasks_;
}

void TextSink::on(const Event& event, const Detached&) {
  if (open_line_ == event.tid) {
    text_.append(" <detached ...>\n");
    open_line_ = 0;
  }
  if (says_attachments()) append_message(attachment(event));
  entered_.erase(event.tid);
  if (tasks_ > 0) --tasks_;
}

void TextSink::on(const Event& event, const Notice& notice) {
  if (notices_.add(event.pid, notice) && shown(notice, options_.quiet))
    append_message(escaped(line_of({notice, event.pid})));
}

void TextSink::on(const Event&, const Clocksource& source) {
  if (source.changed) append_message(fmt::format("the clocksource is now {}", escaped(source.name)));
}

void TextSink::on(const Event&, const Lost& lost) {
  append_message(fmt::format("{} events could not be recorded", lost.count));
}

}  // namespace vdsotrace
