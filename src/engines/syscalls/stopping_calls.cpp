#include "engines/syscalls/stopping_calls.hpp"

#include <algorithm>
#include <bitset>
#include <string_view>

#include "model/syscalls/render.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kNumbers = 1024;

constexpr std::string_view kStopping[] = {
    // Threads and programs begin or end.
    "clone",
    "clone3",
    "fork",
    "vfork",
    "execve",
    "execveat",
    "exit",
    "exit_group",
    // They need the stack or the instruction that the program has.
    "rt_sigreturn",
    "restart_syscall",
    "uretprobe",
    "uprobe",
    // What they change must be known: the thread pointer, rules for calls, signals, the place of the vDSO, locked
    // memory.
    "arch_prctl",
    "prctl",
    "seccomp",
    "rt_sigaction",
    "rt_sigprocmask",
    "mremap",
    "mlockall",
};

bool is_named(std::string_view name) { return std::ranges::find(kStopping, name) != std::ranges::end(kStopping); }

std::bitset<kNumbers> calls_without_stop() {
  std::bitset<kNumbers> calls;
  for (std::size_t nr = 0; nr < kNumbers; ++nr) {
    const CallSpec* spec = spec_of(Abi::x86_64, static_cast<std::int64_t>(nr));
    calls[nr] = spec != nullptr && !is_named(spec->name);
  }
  return calls;
}

}  // namespace

bool needs_stop(std::int64_t nr) {
  static const std::bitset<kNumbers> calls = calls_without_stop();
  return nr < 0 || nr >= static_cast<std::int64_t>(kNumbers) || !calls[static_cast<std::size_t>(nr)];
}

bool needs_stop_without_plan(std::int64_t nr) { return nr == number_of(Abi::x86_64, "prctl"); }

bool is_counted_by_clock(std::int64_t nr) {
  Call call;
  call.abi = Abi::x86_64;
  call.nr = nr;
  return clock_id_of(call).has_value();
}

}  // namespace vdsotrace
