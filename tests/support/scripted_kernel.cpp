#include "support/scripted_kernel.hpp"

#include <elf.h>
#include <linux/sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/clock.hpp"
#include "support/scripted_calls.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kUserCode64 = 0x33;  // __USER_CS

}  // namespace

// ---- processes ----

ScriptedKernel::ScriptedKernel() = default;
ScriptedKernel::~ScriptedKernel() = default;

Task* ScriptedKernel::find(pid_t tid) {
  const auto found = tasks_.find(tid);
  return found == tasks_.end() || !found->second->born || found->second->gone ? nullptr : found->second.get();
}

Task& ScriptedKernel::task(pid_t tid) { return *tasks_.at(tid); }

Task& ScriptedKernel::unborn(pid_t tid) {
  auto& place = tasks_[tid];
  if (place != nullptr) superseded_.push_back(std::move(place));
  place.reset(new Task(*this));
  place->tid = place->tgid = tid;
  place->born = false;
  return *place;
}

Task& ScriptedKernel::reusing(const Task& other) {
  later_.emplace_back(new Task(*this));
  later_.back()->tid = other.tid;
  later_.back()->born = false;
  return *later_.back();
}

Task& ScriptedKernel::process(pid_t pid, pid_t ppid) {
  Task& made = unborn(pid);
  made.ppid = ppid;
  made.born = true;
  lay_out_stack(made);
  return made;
}

Task& ScriptedKernel::thread(pid_t tid, Task& leader) {
  Task& made = unborn(tid);
  made.born = true;
  made.tgid = leader.tgid;
  made.ppid = leader.ppid;
  made.memory = leader.memory;
  made.handlers = leader.handlers;
  made.registers = leader.registers;
  return made;
}

Task& ScriptedKernel::spawned(pid_t pid) {
  Task& made = process(pid);
  made.seized = true;
  return made;
}

void ScriptedKernel::lay_out_stack(Task& task) {
  task.memory = std::make_shared<ScriptedMemory>();
  auto& stack = task.memory->regions[kStackTop - 2 * kPage];
  stack.resize(3 * kPage);
  auto& code = task.memory->regions[kCode];
  code.resize(kPage);
  std::vector<std::uint64_t> words{0, 0, 0, AT_PAGESZ, kPage};
  if (!vdso.empty()) words.insert(words.end(), {AT_SYSINFO_EHDR, kVdsoBase});
  words.insert(words.end(), {AT_NULL, 0});
  std::memcpy(stack.data() + kPage, words.data(), words.size() * sizeof(std::uint64_t));
  task.registers = {};
  task.registers.cs = kUserCode64;
  task.registers.rip = kCode;
  task.registers.rsp = kStackTop - kPage;
  if (!vdso.empty()) task.memory->regions[kVdsoBase] = vdso;
}

void ScriptedKernel::map_vdso(std::span<const std::byte> image) {
  vdso.assign(image.begin(), image.end());
  vdso.resize((vdso.size() + kPage - 1) / kPage * kPage);
}

std::vector<Task*> ScriptedKernel::group_of(const Task& task) {
  std::vector<Task*> group;
  for (const auto& [tid, one] : tasks_) {
    if (one->born && !one->gone && one->tgid == task.tgid) group.push_back(one.get());
  }
  return group;
}

void ScriptedKernel::make_child(Task& creator, Task& child, std::uint64_t flags) {
  const auto later = std::ranges::find(later_, &child, &std::unique_ptr<Task>::get);
  if (later != later_.end()) std::swap(*later, tasks_[child.tid]);
  child.born = true;
  child.ppid = creator.tgid;
  child.tgid = (flags & CLONE_THREAD) != 0 ? creator.tgid : child.tid;
  child.memory = (flags & CLONE_VM) != 0 ? creator.memory : std::make_shared<ScriptedMemory>(*creator.memory);
  if ((flags & CLONE_SIGHAND) != 0) child.handlers = creator.handlers;
  child.registers = creator.registers;
  child.registers.rax = 0;
  child.mask = creator.mask, child.ignored = creator.ignored, child.caught = creator.caught;
  child.own_filters = creator.own_filters;
  child.options = creator.options;
  if ((flags & CLONE_UNTRACED) != 0) return;
  child.seized = true;
  child.start_time = clock_ns(CLOCK_BOOTTIME) / (1'000'000'000 / ::sysconf(_SC_CLK_TCK));
  const int event = (flags & CLONE_VFORK) != 0     ? PTRACE_EVENT_VFORK
                    : (flags & CSIGNAL) == SIGCHLD ? PTRACE_EVENT_FORK
                                                   : PTRACE_EVENT_CLONE;
  stop_with(creator, event);
  creator.message = static_cast<unsigned long>(child.tid);
  stop_with(child, PTRACE_EVENT_STOP);
}

void ScriptedKernel::execute(Task& task) {
  const pid_t former = task.tid;
  for (Task* other : group_of(task)) {
    if (other == &task) continue;
    if (other->tid != task.tgid) {
      end(*other, 0);
      continue;
    }
    forget_status(other->tid);
    other->gone = other->ended = true;
  }
  if (former != task.tgid) {
    superseded_.push_back(std::move(tasks_.at(task.tgid)));
    tasks_[task.tgid] = std::move(tasks_.at(former));
    tasks_.erase(former);
    task.tid = task.tgid;
  }
  lay_out_stack(task);
  task.handlers = std::make_shared<int>();
  task.caught = 0;
  stop_with(task, PTRACE_EVENT_EXEC);
  task.message = static_cast<unsigned long>(former);
}

// ---- stops and ends ----

void ScriptedKernel::stop(Task& task, int status) {
  task.stopped = true;
  task.listening = false;
  task.interrupt_wanted_ = false;
  task.info = {};
  task.info.si_signo = SIGTRAP;
  task.info.si_code = kCallStop;
  if ((status >> 8) != kCallStop) task.call.op = PTRACE_SYSCALL_INFO_NONE;
  waiting_.push_back({task.tid, status});
}

void ScriptedKernel::stop_with(Task& task, int event, int signal) {
  stop(task, stopped_status(signal, event));
  task.info.si_signo = signal;
  task.info.si_code = signal | event << 8;
}

void ScriptedKernel::forget_status(pid_t tid) {
  std::erase_if(waiting_, [tid](const Waiting& one) { return one.tid == tid; });
}

void ScriptedKernel::end(Task& task, int status) {
  if (task.ended) return;
  forget_status(task.tid);
  task.ended = true;
  task.stopped = task.listening = false;
  task.script_.clear();
  ends_[task.tid] = status;
  report_end(task);
}

/// A leader's end is not told before the other threads' have been waited for.
void ScriptedKernel::report_end(Task& task) {
  if (task.tid == task.tgid && group_of(task).size() > 1) return;
  const auto found = ends_.find(task.tid);
  if (found == ends_.end()) return;
  if (task.seized) waiting_.push_back({task.tid, found->second});
  if (!task.seized) task.gone = true;
  ends_.erase(found);
}

void ScriptedKernel::reaped(Task& task) {
  task.gone = true;
  const auto leader = tasks_.find(task.tgid);
  if (leader != tasks_.end() && leader->second->ended && !leader->second->gone) report_end(*leader->second);
}

void ScriptedKernel::kill_process(Task& task, int signal) {
  for (Task* one : group_of(task)) end(*one, signal);
}

void ScriptedKernel::wake(Task& task) {
  for (Task* one : group_of(task)) {
    one->group_signal = 0;
    if (one->listening) stop_with(*one, PTRACE_EVENT_STOP);
  }
}

void ScriptedKernel::enter_made_call(Task& task) {
  const Arguments args = arguments_of(task.registers);
  task.registers.rip += 2;
  begin_call(task, static_cast<std::int64_t>(task.registers.rax), args);
  note_call(task, PTRACE_SYSCALL_INFO_ENTRY);
  task.within_made_call_ = true;
}

void ScriptedKernel::end_made_call(Task& task) {
  const auto nr = static_cast<std::int64_t>(task.registers.orig_rax);
  made_calls.push_back(nr);
  end_call(task, made_call(task, nr, arguments_of(task.registers)));
  task.made_to_call_ = task.within_made_call_ = false;
}

/// A step takes it through the whole call, to a trap that is forced.
bool ScriptedKernel::plays_made_call(Task& task) {
  if (!task.made_to_call_ || task.mode == Mode::cont) return false;
  if (task.signal_before_call != 0) {
    stop(task, stopped_status(std::exchange(task.signal_before_call, 0)));
    return true;
  }
  const bool is_stepped = task.mode == Mode::step;
  const bool ends = task.within_made_call_ || is_stepped;
  if (!task.within_made_call_) enter_made_call(task);
  if (ends) end_made_call(task);
  stop(task, stopped_status(is_stepped ? SIGTRAP : kCallStop));
  if (is_stepped) task.mask &= ~(std::uint64_t{1} << (SIGTRAP - 1));
  return true;
}

void ScriptedKernel::play(Task& task) {
  if (plays_made_call(task)) return;
  while (!task.script_.empty()) {
    Task::Moment& next = task.script_.front();
    if (task.interrupt_wanted_ && !next.within_call) break;
    if (next.ready && !next.ready()) return;
    const Task::Moment moment = std::move(next);
    task.script_.pop_front();
    moment.happens(task, !moment.is_call_stop || task.mode == Mode::syscall);
    if (task.stopped || task.ended) return;
  }
  if (task.interrupt_wanted_) stop_with(task, PTRACE_EVENT_STOP, task.group_signal != 0 ? task.group_signal : SIGTRAP);
}

void ScriptedKernel::advance() {
  std::vector<Task*> running;
  for (const auto& [tid, one] : tasks_) {
    const bool runs = one->born && one->seized && !one->stopped && !one->listening && !one->ended;
    if (runs && !one->script_.empty() && one->script_.front().ready && one->script_.front().ready())
      running.push_back(one.get());
  }
  for (Task* one : running) {
    if (!one->stopped && !one->ended) play(*one);
  }
}

bool ScriptedKernel::pass_time() {
  const auto left = [this] {
    std::size_t sum = waiting_.size();
    for (const auto& [tid, one] : tasks_) sum += one->script_.size() << 8;
    return sum;
  };
  const std::size_t before = left();
  time_passes_ = true;
  advance();
  time_passes_ = false;
  return left() != before;
}

void ScriptedKernel::end_time() {
  time_is_over_ = true;
  advance();
}

std::optional<TraceeStop> ScriptedKernel::take(std::vector<Waiting>::iterator found) {
  if (found == waiting_.end()) return std::nullopt;
  const Waiting one = *found;
  waiting_.erase(found);
  if (is_end(one.status)) reaped(*tasks_.at(one.tid));
  return TraceeStop{one.tid, WaitStatus(one.status)};
}

std::vector<ScriptedKernel::Waiting>::iterator ScriptedKernel::first_waiting() {
  return std::ranges::min_element(waiting_, {}, [this](const Waiting& one) { return tasks_.at(one.tid)->rank; });
}

std::optional<TraceeStop> ScriptedKernel::take() {
  advance();
  return take(first_waiting());
}

std::optional<TraceeStop> ScriptedKernel::take(pid_t tid) {
  advance();
  return take(std::ranges::find(waiting_, tid, &Waiting::tid));
}

bool ScriptedKernel::any_left_stopped() const {
  return std::ranges::any_of(tasks_, [](const auto& entry) {
    const Task& task = *entry.second;
    return task.born && task.seized && task.stopped && !task.ended;
  });
}

bool ScriptedKernel::any_tracee() const {
  return std::ranges::any_of(tasks_, [](const auto& entry) {
    const Task& task = *entry.second;
    return task.born && task.seized && !task.gone;
  });
}

}  // namespace vdsotrace::testing
