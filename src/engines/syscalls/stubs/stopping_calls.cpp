#include "engines/syscalls/stubs/stopping_calls.hpp"

#include <algorithm>
#include <bitset>
#include <span>
#include <string_view>

#include "model/syscalls/render.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kNumbers = 1024;

constexpr std::string_view kBirthsAndEnds[] = {
    "clone", "clone3", "fork", "vfork", "execve", "execveat", "exit", "exit_group",
};

constexpr std::string_view kStopping[] = {
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

bool is_in(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::bitset<kNumbers> calls_without_stop() {
  std::bitset<kNumbers> calls;
  for (std::size_t nr = 0; nr < kNumbers; ++nr) {
    const CallSpec* spec = spec_of(Abi::x86_64, static_cast<std::int64_t>(nr));
    calls[nr] = spec != nullptr && !begins_or_ends(spec->name) && !is_in(kStopping, spec->name);
  }
  return calls;
}

}  // namespace

bool begins_or_ends(std::string_view name) { return is_in(kBirthsAndEnds, name); }

bool needs_stop(std::int64_t nr) {
  static const std::bitset<kNumbers> kWithoutStop = calls_without_stop();
  return nr < 0 || nr >= static_cast<std::int64_t>(kNumbers) || !kWithoutStop[static_cast<std::size_t>(nr)];
}

bool needs_stop_without_plan(std::int64_t nr) { return nr == number_of(Abi::x86_64, "prctl"); }

bool is_counted_by_clock(std::int64_t nr) {
  Call call;
  call.abi = Abi::x86_64;
  call.nr = nr;
  return clock_id_of(call).has_value();
}

}  // namespace vdsotrace
