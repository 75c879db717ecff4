#include "support/scripted_kernel.hpp"

#include <elf.h>
#include <fmt/core.h>
#include <linux/audit.h>
#include <linux/kcmp.h>
#include <linux/sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "model/syscalls/spec.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kUserCode64 = 0x33;
constexpr int kCallStop = SIGTRAP | 0x80;

int stopped_status(int signal, int event = 0) { return ((signal | event << 8) << 8) | 0x7f; }
bool is_end(int status) { return (status & 0xff) != 0x7f; }

long fails(int code) {
  errno = code;
  return -1;
}

template <class T>
long copy_out(const T& value, std::uintptr_t to) {
  std::memcpy(reinterpret_cast<void*>(to), &value, sizeof value);
  return 0;
}

template <class T>
long copy_in(T& value, std::uintptr_t from) {
  std::memcpy(&value, reinterpret_cast<const void*>(from), sizeof value);
  return 0;
}

Arguments arguments_of(const user_regs_struct& r) { return {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9}; }

void note_call(Task& task, std::uint8_t op) {
  task.call = {};
  task.call.op = op;
  task.call.arch = AUDIT_ARCH_X86_64;
  task.call.instruction_pointer = task.registers.rip;
  task.call.stack_pointer = task.registers.rsp;
  if (op != PTRACE_SYSCALL_INFO_ENTRY) return;
  task.call.entry.nr = task.registers.orig_rax;
  const Arguments args = arguments_of(task.registers);
  std::copy(args.begin(), args.end(), task.call.entry.args);
}

void begin_call(Task& task, std::int64_t nr, const Arguments& args) {
  user_regs_struct& r = task.registers;
  r.orig_rax = static_cast<std::uint64_t>(nr);
  r.rax = static_cast<std::uint64_t>(-ENOSYS);
  r.rdi = args[0], r.rsi = args[1], r.rdx = args[2], r.r10 = args[3], r.r8 = args[4], r.r9 = args[5];
}

void end_call(Task& task, std::int64_t result) {
  task.registers.rax = static_cast<std::uint64_t>(result);
  note_call(task, PTRACE_SYSCALL_INFO_EXIT);
  task.call.exit.rval = result;
  task.call.exit.is_error = result < 0 && result >= -4095;
}

}  // namespace

// ---- memory ----

std::byte* ScriptedMemory::at(std::uint64_t address) {
  auto found = regions.upper_bound(address);
  if (found == regions.begin()) return nullptr;
  --found;
  const std::uint64_t offset = address - found->first;
  return offset < found->second.size() ? found->second.data() + offset : nullptr;
}

std::size_t ScriptedMemory::read(std::uint64_t address, std::span<std::byte> into) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const std::byte* byte = at(address + i);
    if (byte == nullptr) return i;
    into[i] = *byte;
  }
  return into.size();
}

bool ScriptedMemory::write(std::uint64_t address, std::span<const std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::byte* byte = at(address + i);
    if (byte == nullptr) return false;
    *byte = bytes[i];
  }
  return true;
}

// ---- scripts ----

Task& Task::then(std::function<void(Task&, bool)> happens, bool is_call_stop, bool within_call) {
  script_.push_back({std::move(happens), is_call_stop, within_call, {}});
  return *this;
}

Task& Task::enters(std::string_view name, const Arguments& args) {
  const std::int64_t nr = number_of(Abi::x86_64, name);
  const auto entry = [nr, args](Task& task, bool stops) {
    begin_call(task, nr, args);
    note_call(task, PTRACE_SYSCALL_INFO_ENTRY);
    if (stops) task.kernel_.stop(task, stopped_status(kCallStop));
  };
  return then(entry, true);
}

Task& Task::returns(std::int64_t result, std::function<void(Task&)> effect) {
  const auto exit = [result, effect](Task& task, bool stops) {
    if (effect) effect(task);
    end_call(task, result);
    if (stops) task.kernel_.stop(task, stopped_status(kCallStop));
  };
  return then(exit, true, true);
}

Task& Task::calls(std::string_view name, const Arguments& args, std::int64_t result,
                  std::function<void(Task&)> effect) {
  return enters(name, args).returns(result, std::move(effect));
}

Task& Task::clones(Task& child, std::uint64_t flags) {
  enters("clone", {flags});
  then([&child](Task& task, bool) { task.kernel_.give_birth(task, child, task.registers.rdi); }, false, true);
  return returns(child.tid);
}

Task& Task::vforks(Task& child) {
  enters("vfork");
  then([&child](Task& task, bool) { task.kernel_.give_birth(task, child, CLONE_VM | CLONE_VFORK | SIGCHLD); }, false,
       true);
  then([](Task& task, bool) { task.sleeps = 'D'; }, false, true);
  waits_for([this, &child] { return child.ended || child.memory != memory; }).uninterrupted();
  then([](Task& task, bool) { task.sleeps = 'S'; }, false, true);
  return returns(child.tid);
}

Task& Task::executes() {
  enters("execve");
  then([](Task& task, bool) { task.kernel_.execute(task); }, false, true);
  return returns(0);
}

Task& Task::gets(const siginfo_t& signal) {
  return then([signal](Task& task, bool) {
    task.kernel_.stop(task, stopped_status(signal.si_signo));
    task.info = signal;
  });
}

Task& Task::gets(int signal, int code, pid_t sender) {
  siginfo_t made{};
  made.si_signo = signal;
  made.si_code = code;
  if (code == SI_USER) made.si_pid = sender;
  return gets(made);
}

Task& Task::stops_with_group(int signal) {
  return then([signal](Task& task, bool) {
    task.group_signal = signal;
    task.kernel_.stop_with(task, PTRACE_EVENT_STOP, signal);
  });
}

Task& Task::filtered(std::string_view name, const Arguments& args, std::int64_t result, unsigned cookie) {
  const std::int64_t nr = number_of(Abi::x86_64, name);
  then([nr, args, cookie](Task& task, bool) {
    begin_call(task, nr, args);
    task.kernel_.stop_with(task, PTRACE_EVENT_SECCOMP);
    task.message = cookie;
    note_call(task, PTRACE_SYSCALL_INFO_SECCOMP);
    task.call.seccomp.nr = static_cast<std::uint64_t>(nr);
    std::copy(args.begin(), args.end(), task.call.seccomp.args);
  });
  // A tracer may have taken the call's number away.
  const auto exit = [result](Task& task, bool stops) {
    const bool made = task.registers.orig_rax != ~0ULL;
    end_call(task, made ? result : static_cast<std::int64_t>(task.registers.rax));
    if (stops) task.kernel_.stop(task, stopped_status(kCallStop));
  };
  return then(exit, true, true);
}

Task& Task::exits(int code) {
  enters("exit_group", {static_cast<std::uint64_t>(code)});
  const auto end = [code](Task& task, bool) {
    for (Task* one : task.kernel_.group_of(task)) task.kernel_.end(*one, code << 8);
  };
  return then(end, false, true);
}

Task& Task::ends_thread(int code) {
  enters("exit", {static_cast<std::uint64_t>(code)});
  return then([code](Task& task, bool) { task.kernel_.end(task, code << 8); }, false, true);
}

Task& Task::is_killed(int signal) {
  return then([signal](Task& task, bool) { task.kernel_.kill_process(task, signal); }, false, true);
}

Task& Task::does(std::function<void()> something) {
  return then([something](Task&, bool) { something(); }, false, true);
}

Task& Task::goes_to(std::uint64_t address) {
  return then([address](Task& task, bool) { task.registers.rip = address; }, false, true);
}

Task& Task::waits_for(std::function<bool()> ready) {
  script_.push_back({[](Task&, bool) {}, false, false, std::move(ready)});
  return *this;
}

Task& Task::idles() {
  return waits_for([this] { return kernel_.time_passes_; });
}

Task& Task::uninterrupted() {
  script_.back().within_call = true;
  return *this;
}

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

void ScriptedKernel::map_vdso(Task& task, std::span<const std::byte> image) {
  task.memory->regions[kVdsoBase] = {image.begin(), image.end()};
}

std::vector<Task*> ScriptedKernel::group_of(const Task& task) {
  std::vector<Task*> group;
  for (const auto& [tid, one] : tasks_) {
    if (one->born && !one->gone && one->tgid == task.tgid) group.push_back(one.get());
  }
  return group;
}

void ScriptedKernel::give_birth(Task& creator, Task& child, std::uint64_t flags) {
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

bool ScriptedKernel::plays_made_call(Task& task) {
  if (!task.made_to_call_ || task.mode != Mode::syscall) return false;
  user_regs_struct& r = task.registers;
  if (!task.within_made_call_) {
    const Arguments args = arguments_of(r);
    r.rip += 2;
    begin_call(task, static_cast<std::int64_t>(r.rax), args);
    note_call(task, PTRACE_SYSCALL_INFO_ENTRY);
    task.within_made_call_ = true;
  } else {
    const auto nr = static_cast<std::int64_t>(r.orig_rax);
    made_calls.push_back(nr);
    end_call(task, made_call(task, nr, arguments_of(r)));
    task.made_to_call_ = task.within_made_call_ = false;
  }
  stop(task, stopped_status(kCallStop));
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

std::optional<TraceeStop> ScriptedKernel::take(std::vector<Waiting>::iterator found) {
  if (found == waiting_.end()) return std::nullopt;
  const Waiting one = *found;
  waiting_.erase(found);
  if (is_end(one.status)) reaped(*tasks_.at(one.tid));
  return TraceeStop{one.tid, WaitStatus(one.status)};
}

std::optional<TraceeStop> ScriptedKernel::take() {
  advance();
  return take(std::ranges::min_element(waiting_, {}, [this](const Waiting& one) { return tasks_.at(one.tid)->rank; }));
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

// ---- ptrace(2) ----

long ScriptedKernel::ptrace(long request, pid_t tid, std::uintptr_t address, std::uintptr_t data) {
  Task* task = find(tid);
  const int count = ++requests_[tid];
  if (const auto doomed = doomed_.find(tid); doomed != doomed_.end() && doomed->second == count && task != nullptr)
    kill_process(*task);
  if (task == nullptr || task->ended) return fails(ESRCH);
  if (request == PTRACE_SEIZE) {
    if (const auto found = refused.find(tid); found != refused.end()) return fails(found->second);
    if (task->seized) return fails(EPERM);
    task->seized = true;
    task->options = static_cast<long>(data);
    return 0;
  }
  if (!task->seized) return fails(ESRCH);
  if (request == PTRACE_INTERRUPT) {
    task->interrupt_wanted_ = true;
    if (task->listening)
      stop_with(*task, PTRACE_EVENT_STOP, task->group_signal);
    else if (!task->stopped)
      play(*task);
    return 0;
  }
  if (!task->stopped) {
    wrong_requests.push_back(fmt::format("{:#x} of {}", request, tid));
    return fails(ESRCH);
  }
  return request_of_stopped(*task, request, address, data);
}

long ScriptedKernel::request_of_stopped(Task& task, long request, std::uintptr_t address, std::uintptr_t data) {
  switch (request) {
    case PTRACE_GETREGS: return copy_out(task.registers, data);
    case PTRACE_SETREGS: {
      copy_in(task.registers, data);
      const std::byte* code = task.memory->at(task.registers.rip);
      task.made_to_call_ = task.registers.orig_rax == ~0ULL && code != nullptr && code[0] == std::byte{0x0f} &&
                           code[1] == std::byte{0x05};
      return 0;
    }
    case PTRACE_POKEUSER: std::memcpy(reinterpret_cast<char*>(&task.registers) + address, &data, sizeof data); return 0;
    case PTRACE_GETSIGINFO: return copy_out(task.info, data);
    case PTRACE_SETSIGINFO: return copy_in(task.info, data);
    case PTRACE_GETEVENTMSG: return copy_out(task.message, data);
    case PTRACE_GETSIGMASK: return copy_out(task.mask, data);
    case PTRACE_SETSIGMASK: return copy_in(task.mask, data);
    case PTRACE_GET_SYSCALL_INFO: {
      task.call.arch = AUDIT_ARCH_X86_64;
      task.call.instruction_pointer = task.registers.rip;
      task.call.stack_pointer = task.registers.rsp;
      copy_out(task.call, data);
      return sizeof task.call;
    }
    case PTRACE_PEEKSIGINFO: {
      if (!task.trap_queued) return 0;
      siginfo_t trap{};
      trap.si_signo = SIGTRAP;
      trap.si_code = SI_KERNEL;
      copy_out(trap, data);
      return 1;
    }
    case PTRACE_PEEKDATA: {
      std::uint64_t word = 0;
      if (task.memory->read(address, std::as_writable_bytes(std::span(&word, 1))) != sizeof word) return fails(EIO);
      return copy_out(word, data);
    }
    case PTRACE_POKEDATA:
      if (refuses_writes || !task.memory->write(address, std::as_bytes(std::span(&data, 1)))) return fails(EIO);
      return 0;
    case PTRACE_SYSCALL:
    case PTRACE_CONT:
    case PTRACE_SINGLESTEP:
    case PTRACE_LISTEN:
    case PTRACE_DETACH: return let_run(task, request, static_cast<int>(data));
    case PTRACE_SETOPTIONS: return fails(EPERM);  // it takes CAP_SYS_ADMIN, for what it is used for
    default: return fails(EINVAL);
  }
}

long ScriptedKernel::let_run(Task& task, long request, int signal) {
  forget_status(task.tid);
  task.stopped = false;
  if (signal != 0) task.delivered.push_back(signal);
  if (request == PTRACE_LISTEN) {
    task.listening = true;
    return 0;
  }
  if (request == PTRACE_DETACH) {
    task.seized = false;
    task.detached_with = signal;
    return 0;
  }
  task.mode = request == PTRACE_SYSCALL ? Mode::syscall : request == PTRACE_CONT ? Mode::cont : Mode::step;
  play(task);
  return 0;
}

// ---- the rest of the kernel ----

ssize_t ScriptedKernel::read_memory(pid_t tid, const iovec& into, std::span<const iovec> from) {
  Task* task = find(tid);
  if (task == nullptr || task->ended) return fails(ESRCH);
  std::size_t done = 0;
  for (const iovec& piece : from) {
    const std::span there(static_cast<std::byte*>(into.iov_base) + done, piece.iov_len);
    const std::size_t n = task->memory->read(reinterpret_cast<std::uint64_t>(piece.iov_base), there);
    done += n;
    if (n < piece.iov_len) break;
  }
  return done > 0 ? static_cast<ssize_t>(done) : fails(EFAULT);
}

int ScriptedKernel::waitid(idtype_t kind, id_t id, siginfo_t& info, int options) {
  info = {};
  if (kind == P_ALL) return any_tracee() ? 0 : static_cast<int>(fails(ECHILD));
  const auto tid = static_cast<pid_t>(id);
  const Task* task = find(tid);
  if (task == nullptr || !task->seized) return static_cast<int>(fails(ECHILD));
  advance();
  const auto found = std::ranges::find(waiting_, tid, &Waiting::tid);
  if (found == waiting_.end() || (is_end(found->status) && (options & WEXITED) == 0)) return 0;
  info.si_pid = tid;
  info.si_code = !is_end(found->status) ? CLD_TRAPPED : (found->status & 0x7f) == 0 ? CLD_EXITED : CLD_KILLED;
  if ((options & WNOWAIT) == 0) take(found);
  return 0;
}

pid_t ScriptedKernel::wait4(pid_t which, int& status, int, rusage*) {
  const auto found = which == -1 ? take() : take(which);
  if (found) {
    status = found->status.raw();
    return found->tid;
  }
  const bool any = which == -1 ? any_tracee() : find(which) != nullptr;
  return any ? 0 : static_cast<pid_t>(fails(ECHILD));
}

int ScriptedKernel::kill(pid_t pid, int signal) {
  if (find(pid) == nullptr) return static_cast<int>(fails(ESRCH));
  if (signal != 0) killed_with.push_back(signal);
  return 0;
}

int ScriptedKernel::kcmp(pid_t one, pid_t other, int what) {
  const Task* first = find(one);
  const Task* second = find(other);
  if (first == nullptr || second == nullptr) return static_cast<int>(fails(ESRCH));
  const bool same = what == KCMP_VM ? first->memory == second->memory : first->handlers == second->handlers;
  return same ? 0 : 1;
}

std::optional<std::string> ScriptedKernel::file_of(const Task& task, std::string_view name) const {
  const char state = task.ended ? 'Z' : task.stopped || task.listening ? 't' : task.sleeps;
  if (name == "status")
    return fmt::format(
        "Name:\tscripted\nState:\t{} (so)\nTgid:\t{}\nPid:\t{}\nPPid:\t{}\nTracerPid:\t0\nNStgid:\t{}\n"
        "SigBlk:\t{:016x}\nSigIgn:\t{:016x}\nSigCgt:\t{:016x}\nSeccomp:\t{}\nSeccomp_filters:\t{}\n",
        state, task.tgid, task.tid, task.ppid, task.tgid, task.mask, task.ignored, task.caught,
        task.own_filters > 0 ? 2 : 0, task.own_filters);
  if (name == "stat") return fmt::format("{} (scripted) {} {} 0 0 0 0 0 0", task.tid, state, task.ppid);
  if (name == "schedstat") return "0 0 0\n";
  if (name == "syscall") return fmt::format("0 0x0 {:#x} {:#x}\n", task.registers.rsp, task.registers.rip);
  if (name != "maps" || task.ended) return std::nullopt;
  std::string text;
  for (const auto& [start, bytes] : task.memory->regions)
    text += fmt::format("{:x}-{:x} r-xp 00000000 00:00 0 {}\n", start, start + bytes.size(),
                        start == kVdsoBase ? "[vdso]" : "");
  return text;
}

std::optional<std::string> ScriptedKernel::proc_file(const std::string& path) {
  const auto slash = path.find('/');
  pid_t tid = std::atoi(path.c_str());
  std::string name = slash == path.npos ? "" : path.substr(slash + 1);
  if (name.ends_with("/children")) {
    std::string children;
    for (const auto& [pid, one] : tasks_) {
      if (one->born && !one->gone && one->ppid == tid && one->tid == one->tgid) children += fmt::format("{} ", pid);
    }
    return children;
  }
  const Task* task = find(tid);
  return task != nullptr ? file_of(*task, name) : std::nullopt;
}

std::vector<std::string> ScriptedKernel::proc_folder(const std::string& path) {
  std::vector<std::string> names{".", ".."};
  const Task* leader = find(std::atoi(path.c_str()));
  if (leader == nullptr || !path.ends_with("/task")) return {};
  for (const Task* one : group_of(*leader)) names.push_back(std::to_string(one->tid));
  return names;
}

}  // namespace vdsotrace::testing
