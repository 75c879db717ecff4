// Arguments and results that are numbers of processes, threads, groups and sessions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/syscalls/print.hpp"
#include "model/syscalls/spec.hpp"
#include "vdsotrace/process.hpp"

namespace vdsotrace {

/// `-e decode-pids=SET`. Errors: unknown words.
Result<ProcessDetails> process_details_named(std::string_view set);

/// What follows a number where that is asked for: "<bash> /* 1234 in strace's PID NS */". Groups and sessions have no
/// name.
void append_process(std::string& out, pid_t number, ProcessKind kind, const ProcessFacts& facts,
                    const ProcessDetails& wanted, HexStrings hex = HexStrings::none);

/// The number, and what follows it.
void print_process(ArgContext& c, pid_t number, ProcessKind kind);
/// What follows it alone.
void print_process_facts(ArgContext& c, pid_t number, ProcessKind kind);
/// A process, or, negative, a group.
void print_process_or_group(ArgContext& c, pid_t number);

/// A number that is that of a process or a group if the argument before it says so.
void print_process_of_type(ArgContext& c, std::uint32_t process, std::uint32_t group);

template <ProcessKind kKind>
void print_process_arg(ArgContext& c) {
  print_process(c, c.as_int(), kKind);
}
inline void print_process_or_group_arg(ArgContext& c) { print_process_or_group(c, c.as_int()); }

inline constexpr ArgKind kPid{print_process_arg<ProcessKind::process>};
inline constexpr ArgKind kTid{print_process_arg<ProcessKind::thread>};
inline constexpr ArgKind kProcessGroup{print_process_arg<ProcessKind::group>};
inline constexpr ArgKind kPidOrGroup{print_process_or_group_arg};

/// Of a call that returns such a number.
template <ProcessKind kKind>
void result_process(ArgContext& c) {
  print_process(c, static_cast<pid_t>(c.call().result), kKind);
}

/// Null if none was noted.
const ProcessFacts* find_noted_process(std::span<const NotedProcess> noted, pid_t number, ProcessKind kind,
                                       bool at_exit);

}  // namespace vdsotrace
