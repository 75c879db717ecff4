// Calls that sleep and would be gone on with by restart_syscall, which the program's own filters may forbid.
#include "trace/remote/barred_restart.hpp"

#include "model/syscalls/spec.hpp"
#include "os/kernel_file.hpp"
#include "support/catch.hpp"
#include "support/scripted_stop.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr auto kRestartBlock = static_cast<std::uint64_t>(-516);
constexpr auto kRestartByNumber = static_cast<std::uint64_t>(-514);

/// A thread under a filter of its own that was interrupted in that call.
struct Sleeper : StoppedTask {
  explicit Sleeper(std::string_view call, const Arguments& args = {}) {
    task.own_filters = 1;
    task.registers.rax = kRestartBlock;
    task.registers.orig_rax = static_cast<std::uint64_t>(number_of(Abi::x86_64, call));
    task.registers.rdi = args[0], task.registers.rsi = args[1], task.registers.rdx = args[2];
    task.registers.r10 = args[3];
  }
  bool is_suspended() const { return (task.options & PTRACE_O_SUSPEND_SECCOMP) != 0; }
};

}  // namespace

TEST_CASE("a call of a thread without filters of its own goes on by itself") {
  Sleeper one("poll");
  one.task.own_filters = 0;
  one.kernel.may_suspend_seccomp = true;
  let_call_go_on(one.stopped, false);
  CHECK(one.task.registers.rax == kRestartBlock);
  CHECK_FALSE(one.is_suspended());
}

TEST_CASE("/proc is not read for a thread without filters, where the kernel says that itself") {
  if (!kernel_line(KernelFileSystem::proc, "/proc/sys/kernel/ns_last_pid")) return;  // CONFIG_CHECKPOINT_RESTORE
  Sleeper one("poll");
  one.task.own_filters = 0;
  one.kernel.files_read = 0;
  let_call_go_on(one.stopped, false);
  CHECK(one.kernel.files_read == 0);
}

TEST_CASE("filters are suspended for a call that goes on, where that is permitted") {
  Sleeper one("poll");
  one.kernel.may_suspend_seccomp = true;
  let_call_go_on(one.stopped, false);
  CHECK(one.is_suspended());
  CHECK(one.thread.seccomp_suspended);
  CHECK(one.task.registers.rax == kRestartBlock);
}

TEST_CASE("a call is begun again by its own number where filters cannot be suspended") {
  Sleeper one("poll", {1, 2, 3});
  let_call_go_on(one.stopped, false);
  CHECK(one.task.registers.rax == kRestartByNumber);
  CHECK(one.task.registers.rdi == 1);
  CHECK_FALSE(one.thread.seccomp_suspended);
}

TEST_CASE("a call of a thread that is detached is begun again though filters could be suspended") {
  Sleeper one("poll");
  one.kernel.may_suspend_seccomp = true;
  let_call_go_on(one.stopped, true);
  CHECK(one.task.registers.rax == kRestartByNumber);
  CHECK_FALSE(one.is_suspended());
}

TEST_CASE("a sleep that is begun again lasts for the rest of its time, if the program asked for that") {
  Sleeper one("nanosleep", {0x1000, 0x2000});
  let_call_go_on(one.stopped, true);
  CHECK(one.task.registers.rdi == 0x2000);
  Sleeper other("clock_nanosleep", {1, 0, 0x1000, 0x2000});
  let_call_go_on(other.stopped, true);
  CHECK(other.task.registers.rdx == 0x2000);
  CHECK(other.task.registers.rdi == 1);
}

TEST_CASE("a sleep whose rest nobody asked for is begun again whole") {
  Sleeper one("nanosleep", {0x1000, 0});
  let_call_go_on(one.stopped, true);
  CHECK(one.task.registers.rdi == 0x1000);
}

TEST_CASE("a call that was not interrupted so is left alone") {
  Sleeper one("read");
  one.task.registers.rax = 5;
  let_call_go_on(one.stopped, true);
  CHECK(one.task.registers.rax == 5);
}

TEST_CASE("filters are in force again from the first stop that is not the restart") {
  Sleeper one("poll");
  one.kernel.may_suspend_seccomp = true;
  let_call_go_on(one.stopped, false);
  one.task.call.op = PTRACE_SYSCALL_INFO_ENTRY;
  one.task.call.entry.nr = static_cast<std::uint64_t>(number_of(Abi::x86_64, "restart_syscall"));
  judge_calls_again(one.stopped);
  CHECK(one.is_suspended());
  one.task.call.op = PTRACE_SYSCALL_INFO_EXIT;
  judge_calls_again(one.stopped);
  CHECK_FALSE(one.is_suspended());
  CHECK_FALSE(one.thread.seccomp_suspended);
}
