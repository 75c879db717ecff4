#include <linux/sched.h>

#include "model/syscalls/spec.hpp"
#include "support/scripted_calls.hpp"

namespace vdsotrace::testing {

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
  then([&child](Task& task, bool) { task.kernel_.make_child(task, child, task.registers.rdi); }, false, true);
  return returns(child.tid);
}

Task& Task::makes(Task& child, std::uint64_t flags) {
  const std::int64_t nr = number_of(Abi::x86_64, "clone");
  const auto event = [&child, nr, flags](Task& task, bool) {
    begin_call(task, nr, {flags});
    task.kernel_.make_child(task, child, flags);
  };
  then(event, false, true);
  return returns(child.tid);
}

Task& Task::dies_making(Task& child, std::uint64_t flags) {
  enters("clone", {flags});
  const auto death = [&child, flags](Task& task, bool) {
    task.kernel_.make_child(task, child, flags);
    task.kernel_.kill_process(task);
  };
  return then(death, false, true);
}

Task& Task::ends_making(Task& child, std::uint64_t flags) {
  enters("clone", {flags});
  const auto end = [&child, flags](Task& task, bool) {
    task.kernel_.make_child(task, child, flags);
    task.kernel_.end(task, 0);
  };
  return then(end, false, true);
}

Task& Task::vforks(Task& child) {
  enters("vfork");
  then([&child](Task& task, bool) { task.kernel_.make_child(task, child, CLONE_VM | CLONE_VFORK | SIGCHLD); }, false,
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

Task& Task::stops_by_filter(std::string_view name, const Arguments& args, unsigned cookie) {
  const std::int64_t nr = number_of(Abi::x86_64, name);
  return then([nr, args, cookie](Task& task, bool) {
    begin_call(task, nr, args);
    task.kernel_.stop_with(task, PTRACE_EVENT_SECCOMP);
    task.message = cookie;
    note_call(task, PTRACE_SYSCALL_INFO_SECCOMP);
    task.call.seccomp.nr = static_cast<std::uint64_t>(nr);
    std::copy(args.begin(), args.end(), task.call.seccomp.args);
  });
}

Task& Task::filtered(std::string_view name, const Arguments& args, std::int64_t result, unsigned cookie) {
  stops_by_filter(name, args, cookie);
  // A tracer may have taken the call's number away.
  const auto exit = [result](Task& task, bool stops) {
    const bool made = task.registers.orig_rax != ~0ULL;
    end_call(task, made ? result : static_cast<std::int64_t>(task.registers.rax));
    if (stops) task.kernel_.stop(task, stopped_status(kCallStop));
  };
  return then(exit, true, true);
}

Task& Task::calls_page(std::string_view name, const Arguments& args, std::int64_t result, std::uint64_t back,
                       unsigned cookie) {
  stops_by_filter(name, args, cookie);
  const auto end = [result, back](Task& task, bool) {
    task.registers.rax = static_cast<std::uint64_t>(result);
    task.registers.rip = back;
  };
  return then(end, false, true);
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

Task& Task::changes(std::function<void(user_regs_struct&)> change) {
  return then([change](Task& task, bool) { change(task.registers); }, false, true);
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

Task& Task::when_leaving() {
  return waits_for([this] { return kernel_.time_is_over_; });
}

}  // namespace vdsotrace::testing
