#include "sinks/text.hpp"

#include <fmt/core.h>

#include "base/append_format.hpp"
#include "base/escape.hpp"
#include "model/syscalls/dump.hpp"
#include "model/syscalls/processes.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "sinks/attachments.hpp"

namespace vdsotrace {
namespace {

const std::string kAnonymous = "[anonymous]";
constexpr std::string_view kUnfinished = " <unfinished ...>";

void append_caller(std::string& out, const Caller& caller) {
  append_format(out, " <{}+{:#x} in {}>", caller.symbol.empty() ? "?" : escaped(caller.symbol), caller.offset,
                caller.module.empty() ? kAnonymous : escaped(caller.module));
}

/// strace's remarks.
void append_tampering(std::string& out, const Tampering& tampering) {
  if (tampering.result && tampering.arguments) {
    out.append(" (INJECTED: args, retval)");
  } else if (tampering.arguments) {
    out.append(" (INJECTED: args)");
  } else if (tampering.result) {
    out.append(" (INJECTED)");
  }
  if (tampering.delayed) out.append(" (DELAYED)");
}

/// A line of -k.
void append_place(std::string& out, const Caller& place) {
  append_format(out, " > {}(", place.module.empty() ? kAnonymous : escaped(place.module));
  if (!place.symbol.empty()) append_format(out, "{}+{:#x}", escaped(place.symbol), place.offset);
  append_format(out, ") [{:#x}]\n", place.in_module);
}

}  // namespace

void TextSink::consume(const Event& event) {
  std::visit([&](const auto& body) { on(event, body); }, event.body);
  hand_over();
}

void TextSink::hand_over() {
  column_.note_written(text_);
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
  start_.append(text_, tid, time_ns, tasks_ > 1);
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
  if (begun_.faulted.size() >= kMostKept || !begun_.faulted.insert({event.tid, call.start_ns}).second) return;
  Call unseen = call;
  unseen.ending = Ending::unseen;
  start_.note(event.tid, call);
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
  start_.note(event.tid, entered.call);
  begin_line(event.tid, entered.call.start_ns);
  palette_.append(text_, Palette::kName, display_name(entered.call));
  text_.append("(");
  text.append_beginning(text_);
  open_line_ = event.tid;
  begun_.threads.insert(event.tid);
}

void TextSink::on(const Event& event, const Call& call) {
  render(call, options_.limits, shown_);
  start_.note(event.tid, call);
  const bool faulted = !begun_.faulted.empty() && begun_.faulted.erase({event.tid, call.start_ns}) > 0;
  const bool resumed = faulted || begun_.threads.erase(event.tid) > 0;
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

void TextSink::append_result(const Call& call) {
  text_.append(") ");
  column_.align(text_);
  text_.append("= ");
  if (call.error != 0) {
    palette_.append(text_, Palette::kError, shown_.result());
  } else {
    text_.append(shown_.result());
  }
  append_tampering(text_, call.tampering);
}

/// `all_shown`: its arguments stand on an earlier line.
void TextSink::append_ending(pid_t tid, const Call& call, bool all_shown) {
  const bool unfinished = call.ending == Ending::unfinished;
  if (!unfinished || (call.route == Route::vdso && !all_shown)) shown_.append_remainder(text_);
  if (unfinished && shown_.more) text_.append(kUnfinished);
  append_result(call);
  if (call.route) {
    text_.push_back(' ');
    palette_.append(text_, Palette::of(*call.route), tag_of(*call.route));
  }
  if (options_.durations && call.duration_ns) {
    text_.append(" <");
    append_seconds(text_, *call.duration_ns, *options_.durations);
    text_.push_back('>');
  }
  if (call.caller) append_caller(text_, *call.caller);
  if (call.caller && call.caller->beyond) append_caller(text_, *call.caller->beyond);
  text_.push_back('\n');
  if (options_.dumps.any()) append_dump(text_, call, options_.dumps, tid);
  for (const Caller& place : call.stack) append_place(text_, place);
  if (call.steps && call.steps->image != nullptr) {
    const auto listing = listings_.try_emplace(call.steps->image, *call.steps->image).first;
    text_.append(text_of(*call.steps, listing->second));
  }
}

void TextSink::on(const Event&, const Counts&) {}

void TextSink::on(const Event& event, const Signal& signal) {
  start_.note_place(event.tid, signal.instruction_pointer);
  const pid_t sender = signal.info.si_pid;
  std::string facts;
  append_process(facts, sender, ProcessKind::process, signal.sender, options_.limits.processes, options_.limits.hex);
  line(event, Palette::kSignal,
       fmt::format("--- {} {} ---", signal_name(signal.info.si_signo),
                   render_siginfo(signal.info, options_.limits.constants, {facts, {}})));
}

void TextSink::on(const Event& event, const GroupStopped& stopped) {
  line(event, Palette::kSignal, fmt::format("--- stopped by {} ---", signal_name(stopped.signal)));
}

void TextSink::on(const Event& event, const Started& started) {
  ++tasks_;
  start_.note_name(event.tid, started.name);
  if (const std::string line = attachment(event); !line.empty() && says_attachments()) append_message(line);
}

void TextSink::on(const Event& event, const Execed& execed) {
  start_.note_name(event.tid, execed.name);
  if (execed.former_tid == 0) return;
  // The former leader no longer counts when the exec is printed, as in strace.
  if (tasks_ > 1) --tasks_;
  if (open_line_ == execed.former_tid) {
    append_format(text_, " <pid changed to {} ...>\n", event.tid);
    open_line_ = 0;
  }
  if (options_.children && options_.quiet < 3 && !options_.hides_superseded)
    line(event, Palette::kExit, fmt::format("+++ superseded by execve in pid {} +++", execed.former_tid));
  // The call goes on under the leader's number.
  if (begun_.threads.erase(execed.former_tid) > 0) begun_.threads.insert(event.tid);
}

void TextSink::on(const Event& event, const Exited& exited) {
  start_.note_place(event.tid, 0);
  const bool hidden = options_.quiet > 1 || options_.hides_exits;
  if (!hidden && !exited.code_known) {
    line(event, Palette::kExit, "+++ exited with ? +++");
  } else if (!hidden) {
    line(event, Palette::kExit,
         exited.signaled ? fmt::format("+++ killed by {}{} +++", signal_name(exited.code),
                                       exited.core_dumped ? " (core dumped)" : "")
                         : fmt::format("+++ exited with {} +++", exited.code));
  }
  begun_.threads.erase(event.tid);
  start_.forget(event.tid);
  if (tasks_ > 0) --tasks_;
}

void TextSink::on(const Event& event, const Detached&) {
  if (open_line_ == event.tid) {
    text_.append(" <detached ...>\n");
    open_line_ = 0;
  }
  if (says_attachments()) append_message(attachment(event));
  begun_.threads.erase(event.tid);
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
