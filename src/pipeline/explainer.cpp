#include "pipeline/explainer.hpp"

#include <algorithm>

#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kNonblock = 1, kInsecure = 4;  // GRND_*, linux/random.h

/// What the kind of clock alone explains: no vDSO serves it.
std::optional<Reason> reason_of(ClockKind kind) {
  switch (kind) {
    case ClockKind::cpu_time: return Reason::cpu_time_clock;
    case ClockKind::alarm: return Reason::alarm_clock;
    case ClockKind::dynamic: return Reason::dynamic_clock;
    case ClockKind::unknown: return Reason::unknown_clock;
    case ClockKind::precise:
    case ClockKind::coarse:
    case ClockKind::auxiliary: break;
  }
  return std::nullopt;
}

/// For certain.
bool enters_kernel(Route route) { return route != Route::vdso && route != Route::unknown; }

bool for_c_library(const std::optional<Caller>& caller) { return caller && caller->for_c_library; }

}  // namespace

bool readable_in_user_space(std::string_view clocksource) {
  constexpr std::string_view kReadable[] = {
      "tsc", "tsc-early", "kvm-clock", "arch_sys_counter", "riscv_clocksource", "hyperv_clocksource_tsc_page"};
  return std::ranges::find(kReadable, clocksource) != std::end(kReadable);
}

void Explainer::note_vdso(pid_t pid, const std::optional<VdsoFacts>& vdso, bool known) {
  if (vdso || !known) {
    without_vdso_.erase(pid);
  } else {
    without_vdso_.insert(pid);
  }
}

void Explainer::note_start(pid_t pid, const Started& started) {
  if (!started.begins_process()) return;
  if (started.how == Started::How::attach) {
    note_vdso(pid, started.vdso, started.vdso_known);
  } else if (without_vdso_.contains(started.ppid)) {
    without_vdso_.insert(pid);
  }
}

void Explainer::note(const Event& event) {
  if (const auto* source = std::get_if<Clocksource>(&event.body)) {
    changed_ = changed_ || source->changed;
    clocksource_ = source->name;
  } else if (const auto* execed = std::get_if<Execed>(&event.body)) {
    note_vdso(event.pid, execed->vdso, execed->vdso_known);
  } else if (const auto* started = std::get_if<Started>(&event.body)) {
    note_start(event.pid, *started);
  } else if (std::holds_alternative<Exited>(event.body) && event.tid == event.pid) {
    without_vdso_.erase(event.pid);
  }
}

std::optional<Reason> Explainer::reason_of(pid_t pid, const Call& call) const {
  if (!call.route || !enters_kernel(*call.route)) return std::nullopt;
  const CallSpec* spec = spec_of(call.abi, call.nr);
  Question question{
      spec != nullptr ? spec->name : call.name, {}, *call.route, call.args[2], for_c_library(call.caller)};
  if (takes_clock(question.name)) question.clock = static_cast<std::int32_t>(call.args[0]);
  return answer(pid, question);
}

std::optional<Reason> Explainer::reason_of(pid_t pid, const Counts& counts) const {
  if (!counts.route || !enters_kernel(*counts.route)) return std::nullopt;
  Question question{counts.name, {}, *counts.route, 0, for_c_library(counts.caller)};
  if (takes_clock(question.name) && counts.clock) question.clock = static_cast<std::int32_t>(*counts.clock);
  return answer(pid, question);
}

bool Explainer::takes_clock(std::string_view name) const {
  const VdsoService* service = service_of_syscall(name, tables_.services);
  return service != nullptr && service->first_is_clock;
}

std::optional<ClockKind> Explainer::kind_of(const Question& question) const {
  return question.clock ? std::optional(kind_of_clock(*question.clock, tables_.clocks)) : std::nullopt;
}

Reason Explainer::answer(pid_t pid, const Question& question) const {
  if (question.route == Route::vsyscall) return Reason::vsyscall_page;
  if (question.for_c_library) return Reason::c_library;
  if (const auto kind = kind_of(question)) {
    if (const auto reason = vdsotrace::reason_of(*kind)) return *reason;
  }
  if (question.route == Route::fallback) return fallback_reason(question);
  if (vdso_hidden_) return Reason::vdso_hidden;
  if (without_vdso_.contains(pid)) return Reason::no_vdso;
  return Reason::direct_call;
}

Reason Explainer::fallback_reason(const Question& question) const {
  const VdsoService* service = service_of_syscall(question.name, tables_.services);
  if (service == nullptr) return Reason::other;
  if (service->output == ServiceOutput::random)
    return (question.flags & ~(kNonblock | kInsecure)) != 0 ? Reason::random_flags : Reason::random_state;
  const auto kind = kind_of(question);
  const bool by_clocksource = service->reads == ServiceClock::realtime ||
                              (service->reads == ServiceClock::argument && kind && reads_clocksource(*kind));
  if (by_clocksource && !clocksource_.empty() && !readable_in_user_space(clocksource_))
    return changed_ ? Reason::clocksource_changed : Reason::clocksource;
  return kind == ClockKind::auxiliary ? Reason::auxiliary_clock : Reason::other;
}

}  // namespace vdsotrace
