#include "sinks/text.hpp"
#include "model/local_date.hpp"

#include <csignal>
#include <ctime>

#include "model/local_date.hpp"
#include "sinks/attachments.hpp"
#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

std::string text_lines(const std::vector<Event>& events, const TextOptions& options = {}) {
  Scratch scratch;
  TextSink sink(scratch.output, options);
  for (const Event& e : events) sink.consume(e);
  REQUIRE(sink.finish());
  return scratch.text();
}

Event spawned() { return event(Started{Started::How::spawn, 0}); }
Event thread(pid_t tid) { return event(Started{Started::How::thread, kPid}, tid); }

}  // namespace

TEST_CASE("only vDSO-capable calls bear a tag, at the end") {
  CHECK(text_lines({spawned(), event(clock_call(Route::vdso)), event(clock_call(Route::fallback)),
                    event(clock_call(Route::syscall)), event(clock_call(Route::unknown)),
                    event(returned(running("close", {3}), 0))}) ==
        "clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0 [vdso]\n"
        "clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0 [vdso->syscall]\n"
        "clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0 [syscall]\n"
        "clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0 [vdso?]\n"
        "close(3) = 0\n");
}

TEST_CASE("a call is shown while it runs and completed on the same line") {
  const Call close = running("close", {3});
  Scratch scratch;
  TextSink sink(scratch.output, {});
  sink.consume(spawned());
  sink.consume(event(CallEntered{close}));
  CHECK(scratch.text() == "close(3");
  sink.consume(event(returned(close, -EBADF)));
  CHECK(scratch.text() == "close(3) = -1 EBADF (Bad file descriptor)\n");
}

TEST_CASE("another thread's line interrupts it and it is resumed") {
  const Call read = running("read", {3, 0x1000, 10});
  Call done = returned(read, 2);
  const char data[2] = {'h', 'i'};
  done.at_exit.note(0x1000, std::as_bytes(std::span(data)));
  CHECK(text_lines({spawned(), thread(101), event(CallEntered{read}), event(returned(running("close", {3}), 0), 101),
                    event(done)},
                   {.quiet = 1}) ==
        "[pid 100] read(3,  <unfinished ...>\n"
        "[pid 101] close(3) = 0\n"
        "[pid 100] <... read resumed>\"hi\", 10) = 2\n");
}

TEST_CASE("a call that never returns ends in a question mark") {
  Call exit = running("exit_group", {3});
  Call left = exit;
  left.ending = Ending::unfinished;
  Call read = running("read", {0, 0x1000, 10});
  Call cut = read;
  cut.ending = Ending::unfinished;
  CHECK(text_lines({spawned(), event(CallEntered{exit}), event(left), event(Exited{false, false, 3})}) ==
        "exit_group(3) = ?\n+++ exited with 3 +++\n");
  CHECK(text_lines({spawned(), event(CallEntered{read}), event(cut), event(Exited{true, true, SIGSEGV})}) ==
        "read(0,  <unfinished ...>) = ?\n+++ killed by SIGSEGV (core dumped) +++\n");
}

TEST_CASE("the pid is always named where that is asked for") {
  const std::vector<Event> events{spawned(), event(returned(running("close", {3}), 0)), thread(101),
                                  event(Exited{false, false, 0}, 101)};
  CHECK(text_lines(events, {.threads = TextOptions::Threads::bracketed, .quiet = 1}) ==
        "[pid 100] close(3) = 0\n[pid 101] +++ exited with 0 +++\n");
  TextOptions bare{.threads = TextOptions::Threads::bare, .quiet = 1};
  CHECK(text_lines(events, bare) == "100   close(3) = 0\n101   +++ exited with 0 +++\n");
  Started named{Started::How::spawn, 0};
  named.name = "sh";
  CHECK(text_lines({event(named), event(returned(running("close", {3}), 0))}, bare) == "100<sh> close(3) = 0\n");
}

TEST_CASE("the pid is named while there is more than one task") {
  CHECK(text_lines({spawned(), thread(101), event(Exited{false, false, 0}, 101), event(Exited{false, false, 0})}) ==
        "vdsotrace: Process 101 attached\n"
        "[pid 101] +++ exited with 0 +++\n"
        "+++ exited with 0 +++\n");
}

TEST_CASE("the option -q leaves out attach messages, -qq exit lines too") {
  const std::vector<Event> events{spawned(), thread(101), event(Exited{false, false, 0}, 101)};
  CHECK(text_lines(events, {.quiet = 1}) == "[pid 101] +++ exited with 0 +++\n");
  CHECK(text_lines(events, {.quiet = 2}).empty());
}

TEST_CASE("exec by another thread goes on under the leader's number") {
  const Call exec = running("execve", {0, 0, 0});
  Execed execed;
  execed.former_tid = 101;
  const std::string text = text_lines(
      {spawned(), thread(101), event(CallEntered{exec}, 101), event(execed), event(returned(exec, 0))}, {.quiet = 1});
  CHECK(text ==
        "[pid 101] execve(NULL, NULL, NULL <pid changed to 100 ...>\n"
        "+++ superseded by execve in pid 101 +++\n"
        "<... execve resumed>) = 0\n");
}

TEST_CASE("that another thread's exec superseded the leader is said with -f alone, not with -qqq") {
  const Call exec = running("execve", {0, 0, 0});
  Execed execed;
  execed.former_tid = 101;
  const std::vector<Event> events{spawned(), thread(101), event(CallEntered{exec}, 101), event(execed),
                                  event(returned(exec, 0))};
  const std::string silent =
      "[pid 101] execve(NULL, NULL, NULL <pid changed to 100 ...>\n"
      "<... execve resumed>) = 0\n";
  CHECK(text_lines(events, {.quiet = 1, .children = false}) == silent);
  CHECK(text_lines(events, {.quiet = 3}) == silent);
}

TEST_CASE("attachments are said where the trace is, or elsewhere") {
  const Event attached = event(Started{Started::How::attach, 0, 3});
  const Event another = event(Started{Started::How::attach, 0, 0}, 101);
  CHECK(text_lines({attached, another, event(Detached{})}, {.attachments = false}).empty());
  Scratch scratch;
  AttachmentSink sink(scratch.output);
  for (const Event& one : {attached, another, thread(102), spawned(), event(Detached{})}) sink.consume(one);
  scratch.output->flush();
  CHECK(scratch.text() ==
        "vdsotrace: Process 100 attached with 3 threads\n"
        "vdsotrace: Process 102 attached\n"
        "vdsotrace: Process 100 detached\n");
}

TEST_CASE("where a process has a number of its own it is said beside ours") {
  CHECK(attachment(event(Started{Started::How::attach, 0, 3, {}, true, 7})) ==
        "Process 100 attached with 3 threads (7 in its PID namespace)");
  CHECK(attachment(event(Started{Started::How::attach, 0, 1, {}, true, 7})) ==
        "Process 100 attached (7 in its PID namespace)");
}

TEST_CASE("the leader's own call ends when another thread's exec supersedes it") {
  const Call exec = running("execve", {0, 0, 0});
  const Call pause = running("pause", {});
  Call cut = pause;
  cut.ending = Ending::unfinished;
  Execed execed;
  execed.former_tid = 101;
  // The third task is another process: it keeps the numbers in front of the lines.
  CHECK(text_lines({spawned(), thread(101), event(Started{Started::How::fork, kPid}, 200), event(CallEntered{pause}),
                    event(CallEntered{exec}, 101), event(cut), event(execed), event(returned(exec, 0))},
                   {.quiet = 1}) ==
        "[pid 100] pause( <unfinished ...>\n"
        "[pid 101] execve(NULL, NULL, NULL <unfinished ...>\n"
        "[pid 100] <... pause resumed>) = ?\n"
        "[pid 100] +++ superseded by execve in pid 101 +++\n"
        "[pid 100] <... execve resumed>) = 0\n");
}

TEST_CASE("a call whose thread is killed while another one talks") {
  const Call read = running("read", {3, 0x1000, 1});
  Call cut = read;
  cut.ending = Ending::unfinished;
  CHECK(text_lines({spawned(), thread(101), event(CallEntered{read}, 101), event(returned(running("close", {3}), 0)),
                    event(cut, 101), event(Exited{true, false, SIGKILL}, 101)},
                   {.quiet = 1}) ==
        "[pid 101] read(3,  <unfinished ...>\n"
        "[pid 100] close(3) = 0\n"
        "[pid 101] <... read resumed> <unfinished ...>) = ?\n"
        "[pid 101] +++ killed by SIGKILL +++\n");
}

TEST_CASE("a message and a signal interrupt a line too") {
  const Call pause = running("pause", {});
  siginfo_t info{};
  info.si_signo = SIGINT;
  info.si_code = SI_KERNEL;
  Call interrupted = pause;
  interrupted.ending = Ending::returned;
  interrupted.error = 514;
  interrupted.result = -514;
  CHECK(text_lines({spawned(), event(CallEntered{pause}), thread(101), event(Lost{3}), event(interrupted),
                    event(Signal{info})}) ==
        "pause( <unfinished ...>\n"
        "vdsotrace: Process 101 attached\n"
        "vdsotrace: 3 events could not be recorded\n"
        "[pid 100] <... pause resumed>) = ? ERESTARTNOHAND (To be restarted if no handler)\n"
        "[pid 100] --- SIGINT {si_signo=SIGINT, si_code=SI_KERNEL} ---\n");
}

TEST_CASE("detaching cuts a line and leaves a message") {
  CHECK(text_lines({spawned(), event(CallEntered{running("pause", {})}), event(Detached{})}) ==
        "pause( <detached ...>\n"
        "vdsotrace: Process 100 detached\n");
}

TEST_CASE("a line that is open at the end is closed") {
  CHECK(text_lines({spawned(), event(CallEntered{running("pause", {})})}) == "pause( <unfinished ...>\n");
}

TEST_CASE("a notice is reported with its process, escaped, and not under -q") {
  const std::vector<Event> events{spawned(), event(Notice{"its vDSO \x1b[2J is odd"})};
  CHECK(text_lines(events) == "vdsotrace: process 100: its vDSO \\33[2J is odd\n");
  CHECK(text_lines(events, {.quiet = 1}).empty());
}

TEST_CASE("what the figures lack is reported once, also under -qq") {
  const Notice unseen{"some are not seen", Missing::user_space_calls};
  Event other = event(unseen, 200);
  other.pid = 200;
  const std::vector<Event> events{spawned(), event(unseen), event(unseen), other};
  CHECK(text_lines(events, {.quiet = 2}) ==
        "vdsotrace: process 100: some are not seen\n"
        "vdsotrace: process 100 (and 1 more process): some are not seen\n");
  CHECK(text_lines(events, {.quiet = 3}).empty());
}

TEST_CASE("what is lost is reported however quiet the trace is") {
  CHECK(text_lines({spawned(), event(Lost{3})}, {.quiet = 2}) == "vdsotrace: 3 events could not be recorded\n");
}

TEST_CASE("colour marks names, routes and errors, and nothing without being asked") {
  const std::vector<Event> events{spawned(), event(clock_call(Route::fallback)),
                                  event(returned(running("close", {3}), -EBADF))};
  CHECK(text_lines(events).find('\x1b') == std::string::npos);
  CHECK(text_lines(events, {.color = true}) ==
        "\x1b[1mclock_gettime\x1b[0m(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0 \x1b[33m[vdso->syscall]\x1b[0m\n"
        "\x1b[1mclose\x1b[0m(3) = \x1b[31m-1 EBADF (Bad file descriptor)\x1b[0m\n");
}

TEST_CASE("signals and stops") {
  siginfo_t info{};
  info.si_signo = SIGUSR1;
  info.si_code = SI_USER;
  info.si_pid = 7;
  CHECK(text_lines({spawned(), event(Signal{info}), event(GroupStopped{SIGTSTP})}) ==
        "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=7, si_uid=0} ---\n"
        "--- stopped by SIGTSTP ---\n");
}

TEST_CASE("time stamps") {
  const auto one = event(returned(running("close", {3}), 0));
  Call later = returned(running("close", {4}), 0);
  later.start_ns = kTime + 1'500'000'000;
  CHECK(text_lines({spawned(), one},
                   {.stamps = TextOptions::Stamps::epoch, .stamp_precision = Precision::microseconds}) ==
        "1619316657.828106 close(3) = 0\n");
  CHECK(text_lines({spawned(), one, event(later)}, {.since_last = Precision::microseconds}) ==
        "     0.000000 close(3) = 0\n     1.500000 close(4) = 0\n");
}

TEST_CASE("times are as precise as is asked for") {
  Call close = returned(running("close", {3}), 0);
  close.duration_ns = 1'234'567'890;
  const auto line = [&](const TextOptions& options) { return text_lines({spawned(), event(close)}, options); };
  CHECK(line({.durations = Precision::seconds}) == "close(3) = 0 <1>\n");
  CHECK(line({.durations = Precision::milliseconds}) == "close(3) = 0 <1.234>\n");
  CHECK(line({.durations = Precision::nanoseconds}) == "close(3) = 0 <1.234567890>\n");
  CHECK(line({.stamps = TextOptions::Stamps::epoch, .since_last = Precision::milliseconds}) ==
        "1619316657 (+     0.000) close(3) = 0\n");
}

TEST_CASE("results are aligned behind whatever stands before them") {
  const Call close = running("close", {3});
  const TextOptions aligned{.columns = 20};
  CHECK(text_lines({spawned(), event(returned(close, 0)), event(clock_call(Route::vdso))}, aligned) ==
        "close(3)            = 0\n"
        "clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0 [vdso]\n");
  CHECK(text_lines({spawned(), event(CallEntered{close}), event(returned(close, -EBADF))}, aligned) ==
        "close(3)            = -1 EBADF (Bad file descriptor)\n");
  CHECK(text_lines({spawned(), event(CallEntered{close}), event(returned(close, 0))}, {.columns = 20, .color = true}) ==
        "\x1b[1mclose\x1b[0m(3)            = 0\n");
  CHECK(text_lines({spawned(), thread(101), event(CallEntered{close}), event(returned(close, 0), 101),
                    event(returned(close, 0))},
                   {.columns = 30, .quiet = 1}) ==
        "[pid 100] close(3 <unfinished ...>\n"
        "[pid 101] close(3)            = 0\n"
        "[pid 100] <... close resumed>) = 0\n");
}

TEST_CASE("the time of day is the user's, behind the pid") {
  ::setenv("TZ", "UTC-2", 1);
  ::tzset();
  (void)local_date(0);  // which remembers the last second it was asked for
  const std::vector<Event> events{spawned(), thread(101), event(returned(running("close", {3}), 0))};
  CHECK(text_lines(events, {.stamps = TextOptions::Stamps::time_of_day, .quiet = 1}) ==
        "[pid 100] 04:10:57 close(3) = 0\n");
  CHECK(text_lines(events, {.stamps = TextOptions::Stamps::time_of_day,
                            .stamp_precision = Precision::microseconds,
                            .quiet = 1}) == "[pid 100] 04:10:57.828106 close(3) = 0\n");
  ::unsetenv("TZ");
  ::tzset();
  (void)local_date(0);
}

TEST_CASE("the time since the line before is never negative") {
  Call earlier = returned(running("close", {4}), 0);
  earlier.start_ns = kTime - 5'000;
  CHECK(text_lines({spawned(), event(returned(running("close", {3}), 0)), event(earlier)},
                   {.since_last = Precision::microseconds}) ==
        "     0.000000 close(3) = 0\n     0.000000 close(4) = 0\n");
}

TEST_CASE("the option -T shows what was measured and nothing else") {
  Call close = returned(running("close", {3}), 0);
  close.duration_ns = 12'345;
  CHECK(text_lines({spawned(), event(close), event(clock_call(Route::vdso))}, {.durations = Precision::microseconds}) ==
        "close(3) = 0 <0.000012>\n"
        "clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0 [vdso]\n");
}

TEST_CASE("what the program chose is escaped") {
  Call close = returned(running("close", {3}), 0);
  close.caller = Caller{0x1234, "/tmp/\x1b[31mevil", 0x34, "sym\nbol"};
  const std::string text = text_lines({spawned(), event(close)});
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text == "close(3) = 0 <sym\\nbol+0x34 in /tmp/\\33[31mevil>\n");
}

TEST_CASE("options -n and -i say the number and the place of each call, and again of signals") {
  Call close = running("close", {3});
  close.instruction_pointer = 0x1234;
  siginfo_t info{};
  info.si_signo = SIGCHLD;
  const std::vector<Event> events{spawned(), event(clock_call(Route::vdso)), event(returned(close, 0)),
                                  event(Signal{info, {}, 0x5678}), event(Exited{false, false, 0})};
  CHECK(text_lines(events, {.numbers = true, .instruction_pointers = true}) ==
        "[ 228] [????????????????] clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=2}) = 0 [vdso]\n"
        "[   3] [0000000000001234] close(3) = 0\n"
        "[   3] [0000000000005678] --- SIGCHLD {si_signo=SIGCHLD, si_code=SI_USER, si_pid=0, si_uid=0} ---\n"
        "[   3] [????????????????] +++ exited with 0 +++\n");
  Call narrow = returned(running("close", {3}), 0);
  narrow.abi = Abi::i386;
  narrow.nr = 6;
  narrow.instruction_pointer = 0x1234;
  CHECK(text_lines({spawned(), event(narrow)}, {.instruction_pointers = true}) == "[00001234] close(3) = 0\n");
}
