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

/// The lines of -k.
void append_stack(std::string& out, const std::vector<Caller>& stack) {
  for (const Caller& place : stack) {
    append_format(out, " > {}(", place.module.empty() ? kAnonymous : escaped(place.module));
    if (!place.symbol.empty()) append_format(out, "{}+{:#x}", escaped(place.symbol), place.offset);
    append_format(out, ") [{:#x}]\n", place.in_module);
  }
}

}  // namespace

void TextSink::consume(const Event& event) {
  std::visit([&](const auto& body) { on(event, body); }, event.body);
  lines_.hand_over();
}

Result<void> TextSink::finish() {
  lines_.end_open();
  for (const Notices::Entry& entry : notices_.entries()) {
    if (entry.others > 0 && shown(entry.notice, options_.quiet)) lines_.add_message(escaped(line_of(entry)));
  }
  lines_.hand_over();
  return {};
}

/// Its pointers have led to nothing yet: they are shown themselves.
void TextSink::on_faulted(const Event& event, const Call& call) {
  constexpr std::size_t kMostKept = 1024;
  if (begun_.faulted.size() >= kMostKept || !begun_.faulted.insert({event.tid, call.start_ns}).second) return;
  Call unseen = call;
  unseen.ending = Ending::unseen;
  lines_.start().note(event.tid, call);
  lines_.begin(event.tid, call.start_ns);
  lines_.append(Palette::kName, display_name(call));
  append_format(lines_.text(), "({}", render(unseen, options_.limits).arguments());
  lines_.leave_open(event.tid);
}

void TextSink::on(const Event& event, const CallEntered& entered) {
  if (entered.faulted) {
    on_faulted(event, entered.call);
    return;
  }
  const CallText text = render_entry(entered.call, options_.limits);
  lines_.start().note(event.tid, entered.call);
  lines_.begin(event.tid, entered.call.start_ns);
  lines_.append(Palette::kName, display_name(entered.call));
  lines_.text().append("(");
  text.append_beginning(lines_.text());
  lines_.leave_open(event.tid);
  begun_.threads.insert(event.tid);
}

void TextSink::on(const Event& event, const Call& call) {
  render(call, options_.limits, shown_);
  lines_.start().note(event.tid, call);
  const bool faulted = !begun_.faulted.empty() && begun_.faulted.erase({event.tid, call.start_ns}) > 0;
  const bool resumed = faulted || begun_.threads.erase(event.tid) > 0;
  const bool continued = resumed && lines_.go_on(event.tid);
  if (!continued) {
    lines_.begin(event.tid, resumed ? event.time_ns : call.start_ns);
    if (resumed) {
      append_format(lines_.text(), "<... {} resumed>", display_name(call));
    } else {
      lines_.append(Palette::kName, display_name(call));
      lines_.text().push_back('(');
      shown_.append_beginning(lines_.text());
    }
  }
  append_ending(event.tid, call, faulted);
}

void TextSink::append_result(const Call& call) {
  lines_.text().append(") ");
  lines_.align_result();
  lines_.text().append("= ");
  if (call.error != 0) {
    lines_.append(Palette::kError, shown_.result());
  } else {
    lines_.text().append(shown_.result());
  }
  append_tampering(lines_.text(), call.tampering);
}

/// `all_shown`: its arguments stand on an earlier line.
void TextSink::append_ending(pid_t tid, const Call& call, bool all_shown) {
  const bool unfinished = call.ending == Ending::unfinished;
  if (!unfinished || (call.route == Route::vdso && !all_shown)) shown_.append_remainder(lines_.text());
  if (unfinished && shown_.more) lines_.text().append(TextLines::kUnfinished);
  append_result(call);
  if (call.route) {
    lines_.text().push_back(' ');
    lines_.append(Palette::of(*call.route), tag_of(*call.route));
  }
  if (options_.durations && call.duration_ns) {
    lines_.text().append(" <");
    append_seconds(lines_.text(), *call.duration_ns, *options_.durations);
    lines_.text().push_back('>');
  }
  if (call.caller) append_caller(lines_.text(), *call.caller);
  if (call.caller && call.caller->beyond) append_caller(lines_.text(), *call.caller->beyond);
  lines_.text().push_back('\n');
  if (options_.dumps.any()) append_dump(lines_.text(), call, options_.dumps, tid);
  append_stack(lines_.text(), call.stack);
  if (call.steps && call.steps->image != nullptr) {
    const auto listing = listings_.try_emplace(call.steps->image, *call.steps->image).first;
    lines_.text().append(text_of(*call.steps, listing->second));
  }
}

void TextSink::on(const Event&, const Counts&) {}

void TextSink::on(const Event& event, const Signal& signal) {
  lines_.start().note_place(event.tid, signal.instruction_pointer);
  const pid_t sender = signal.info.si_pid;
  std::string facts;
  append_process(facts, sender, ProcessKind::process, signal.sender, options_.limits.processes, options_.limits.hex);
  lines_.add(event, Palette::kSignal,
             fmt::format("--- {} {} ---", signal_name(signal.info.si_signo),
                         render_siginfo(signal.info, options_.limits.constants, {facts, {}})));
  append_stack(lines_.text(), signal.stack);
}

void TextSink::on(const Event& event, const GroupStopped& stopped) {
  lines_.add(event, Palette::kSignal, fmt::format("--- stopped by {} ---", signal_name(stopped.signal)));
  append_stack(lines_.text(), stopped.stack);
}

void TextSink::on(const Event& event, const Started& started) {
  lines_.add_task();
  lines_.start().note_name(event.tid, started.name);
  if (const std::string line = attachment(event); !line.empty() && says_attachments()) lines_.add_message(line);
}

void TextSink::on(const Event& event, const Execed& execed) {
  lines_.start().note_name(event.tid, execed.name);
  if (execed.former_tid == 0) return;
  // The former leader no longer counts when the exec is printed, as in strace.
  lines_.take_task_over();
  if (lines_.go_on(execed.former_tid)) append_format(lines_.text(), " <pid changed to {} ...>\n", event.tid);
  if (options_.children && options_.quiet < 3 && !options_.hides_superseded)
    lines_.add(event, Palette::kExit, fmt::format("+++ superseded by execve in pid {} +++", execed.former_tid));
  // The call goes on under the leader's number.
  if (begun_.threads.erase(execed.former_tid) > 0) begun_.threads.insert(event.tid);
}

void TextSink::on(const Event& event, const Exited& exited) {
  lines_.start().note_place(event.tid, 0);
  const bool hidden = options_.quiet > 1 || options_.hides_exits;
  if (!hidden && !exited.code_known) {
    lines_.add(event, Palette::kExit, "+++ exited with ? +++");
  } else if (!hidden) {
    lines_.add(event, Palette::kExit,
               exited.signaled ? fmt::format("+++ killed by {}{} +++", signal_name(exited.code),
                                             exited.core_dumped ? " (core dumped)" : "")
                               : fmt::format("+++ exited with {} +++", exited.code));
  }
  begun_.threads.erase(event.tid);
  lines_.start().forget(event.tid);
  lines_.remove_task();
}

void TextSink::on(const Event& event, const Detached&) {
  if (lines_.go_on(event.tid)) lines_.text().append(" <detached ...>\n");
  if (says_attachments()) lines_.add_message(attachment(event));
  begun_.threads.erase(event.tid);
  lines_.remove_task();
}

void TextSink::on(const Event& event, const Notice& notice) {
  if (notices_.add(event.pid, notice) && shown(notice, options_.quiet))
    lines_.add_message(escaped(line_of({notice, event.pid})));
}

void TextSink::on(const Event&, const Clocksource& source) {
  if (source.changed) lines_.add_message(fmt::format("the clocksource is now {}", escaped(source.name)));
}

void TextSink::on(const Event&, const Lost& lost) {
  lines_.add_message(fmt::format("{} events could not be recorded", lost.count));
}

}  // namespace vdsotrace
