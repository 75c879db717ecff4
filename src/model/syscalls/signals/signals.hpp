// Signals in strace's spelling, for arguments and for `--- SIGCHLD {...} ---` lines.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/syscalls/context.hpp"

namespace vdsotrace {

/// "SIGCHLD", "SIGRT_3" (the third after SIGRTMIN, which is the kernel's 32, printed "SIGRTMIN"), a
/// number if there is no such signal.
std::string signal_name(int signal);
bool is_signal(int signal);
/// A signal by name, with or without SIG, or by number; 0 if there is none.
int signal_named(std::string_view word);

/// What follows numbers of a siginfo_t.
struct SiginfoFacts {
  std::string_view sender{};      ///< its `si_pid`
  std::string_view descriptor{};  ///< its `si_fd`
};

/// "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=1, si_uid=0, si_status=0, si_utime=0, si_stime=0}"
std::string render_siginfo(const siginfo_t& info, ConstantStyle style = ConstantStyle::abbrev,
                           const SiginfoFacts& facts = {});

/// The kernel's 64-bit signal set: "[]", "[INT TERM]", "~[KILL STOP]", as strace.
std::string signal_set(std::uint64_t mask, ConstantStyle style = ConstantStyle::abbrev);

/// The set of `size` bytes at `address`, an address if it is NULL or unreadable or
/// `size` is more than the kernel's set or less than `least` (0: a word of the ABI).
void print_sigset_at(ArgContext& c, std::uint64_t address, std::uint64_t size, std::uint64_t least = 0);

/// The siginfo_t at `address`.
void print_siginfo_at(ArgContext& c, std::uint64_t address);

/// `union sigval` as strace prints it: "{sival_int=1, sival_ptr=0x1}".
void append_sigval(std::string& out, const sigval& value);

}  // namespace vdsotrace
