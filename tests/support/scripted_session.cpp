#include "support/scripted_session.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>

#include "support/catch.hpp"

namespace vdsotrace::testing {
namespace {

/// A session looks for orphans now and then; the clock that it looks at is the machine's.
constexpr timespec kNap{0, 200'000};
constexpr int kMostNaps = 500;
/// A session that holds everybody asks again and again.
constexpr int kMostTimesOut = 100;

std::string text_of(const Call& call) {
  const std::string route = call.route ? std::string(tag_of(*call.route)) : "";
  if (call.ending != Ending::returned) return fmt::format("{}{} unfinished", call.name, route);
  const std::string steps = call.steps ? fmt::format(" in {} steps", call.steps->instructions) : "";
  return fmt::format("{}{} = {}{}", call.name, route, call.result, steps);
}
std::string text_of(const CallEntered& entered) { return fmt::format("{} begins", entered.call.name); }
std::string text_of(const Counts&) { return "counts"; }
std::string text_of(const Signal& signal) { return fmt::format("signal {}", signal.info.si_signo); }
std::string text_of(const GroupStopped& stopped) { return fmt::format("stopped by {}", stopped.signal); }
std::string text_of(const Started& started) {
  return fmt::format("started, {} of {}", name_of(started.how), started.ppid >= kPid ? started.ppid - kPid : 0);
}
std::string text_of(const Execed& execed) {
  return execed.former_tid == 0 ? "executed" : fmt::format("executed by {}", execed.former_tid - kPid);
}
std::string text_of(const Exited& exited) {
  return fmt::format("{} {}", exited.signaled ? "killed by" : "exited", exited.code);
}
std::string text_of(const Detached&) { return "detached"; }
std::string text_of(const Notice& notice) { return "notice: " + notice.text; }
std::string text_of(const Clocksource&) { return "clocksource"; }
std::string text_of(const Lost&) { return "lost"; }

}  // namespace

bool ScriptedStops::something_happens() {
  if (kernel_.pass_time()) return true;
  if (when_idle.empty()) return false;
  const auto next = std::move(when_idle.front());
  when_idle.erase(when_idle.begin());
  next();
  return true;
}

std::optional<TraceeStop> ScriptedStops::take() {
  siginfo_t next{};
  if (before_trap_ && kernel_.waitid(P_ALL, 0, next, WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL) == 0 &&
      next.si_code == CLD_TRAPPED && next.si_status == SIGTRAP)
    before_trap_(next.si_pid);
  auto stop = kernel_.take();
  if (stop && on_take) on_take(*stop);
  return stop;
}

WaitResult ScriptedStops::next(const BeforeSleep& before_sleep) {
  for (;;) {
    if (auto stop = take()) return *stop;
    if (!kernel_.any_tracee()) return NoneLeft{};
    const auto pause = before_sleep();
    if (auto stop = take()) return *stop;
    if (pause && ++naps_ < kMostNaps) {
      ::nanosleep(&kNap, nullptr);
      continue;
    }
    if (something_happens()) {
      naps_ = 0;
      continue;
    }
    if (!own_signals.empty()) {
      const OwnSignal signal = own_signals.front();
      own_signals.pop_front();
      return signal;
    }
    if (!deadline_ || ++times_out_ > kMostTimesOut)
      throw std::runtime_error("the session waits for what never happens");
    deadline_.reset();
    kernel_.end_time();
    return TimedOut{};
  }
}

void RecordingSink::accept(Event&& event) {
  const std::string text = std::visit([](const auto& body) { return text_of(body); }, event.body);
  lines.push_back(fmt::format("{} {}", event.tid - kPid, text));
}

Lines RecordingSink::of(pid_t tid) const {
  const std::string number = fmt::format("{} ", tid - kPid);
  Lines found;
  for (const std::string& line : lines) {
    if (line.starts_with(number)) found.push_back(line.substr(number.size()));
  }
  return found;
}

void RecordingEngine::note(std::string_view what, pid_t tid) {
  asked.push_back(fmt::format("{} {}", what, tid - kPid));
}

std::size_t RecordingEngine::count(std::string_view what) const {
  return static_cast<std::size_t>(std::ranges::count(asked, what));
}

void RecordingEngine::install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const>) {
  note("install", thread.tid());
  const std::byte breakpoint{0xcc};
  if (patches)
    space.vdso().patch(thread.tid(), static_cast<std::uint32_t>(space.vdso().size() - 1), std::span(&breakpoint, 1));
}

bool RecordingEngine::remove(AddressSpace& space, StoppedThread& thread) {
  note("remove", thread.tid());
  return removes && space.vdso().undo(thread.tid());
}

std::optional<Resume> RecordingEngine::on_trap(StoppedThread& thread) {
  note("trap", thread.tid());
  return takes_traps ? std::optional(Resume{}) : std::nullopt;
}

bool RecordingEngine::on_step(StoppedThread& thread) {
  note("step", thread.tid());
  return takes_steps;
}

bool RecordingEngine::vacate_for_detach(StoppedThread& thread, bool may_wait) {
  note("vacate", thread.tid());
  return !may_wait || vacates_after-- <= 0;
}

ScriptedTracing::ScriptedTracing() {
  needs.entries = false;
  needs.values = false;
}

Session& ScriptedTracing::session(bool spawned) {
  if (!session_) {
    ProbeEngine& used = instead != nullptr ? *instead : engine;
    policy_.emplace(needs, used, spawned);
    session_.emplace(options, needs, used, events, stops, *policy_);
  }
  return *session_;
}

Result<Outcome> ScriptedTracing::run() {
  auto outcome = session(true).run(SpawnedChild(kPid + 1, "scripted", UniqueFd(), UniqueFd()));
  check_nobody_waits();
  return outcome;
}

Result<void> ScriptedTracing::seize(std::vector<pid_t> pids) { return session(false).seize(pids); }

void ScriptedTracing::run_attached(std::optional<std::int64_t> duration_ns) {
  (void)session(false).run_attached(duration_ns);
  check_nobody_waits();
}

void ScriptedTracing::check_nobody_waits() const {
  CHECK_FALSE(kernel.any_left_stopped());
  CHECK(kernel.wrong_requests == Lines{});
}

}  // namespace vdsotrace::testing
