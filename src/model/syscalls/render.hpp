// A call as text: capture what its arguments point to while the thread is
// stopped, print it at any time later.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "model/syscalls/context.hpp"
#include "model/vdso/tables.hpp"

namespace vdsotrace {

/// Notes in call.at_entry what the arguments known at entry point to, and what
/// the end of the call will need from its beginning. `live` is the stopped
/// thread's memory, `descriptors` what its process has open, if limits.descriptors asks for that.
void capture_entry(Call& call, Memory& live, const DecodeLimits& limits, DescriptorTable* descriptors = nullptr);
/// Notes in call.at_exit what the call's results point to. call.ending,
/// result and error must be set.
void capture_exit(Call& call, Memory& live, const DecodeLimits& limits, DescriptorTable* descriptors = nullptr);

/// A call's arguments and result in strace's spelling, every byte of the
/// program's escaped.
struct CallText {
  static constexpr std::size_t kMostArguments = 6;

  /// The arguments with ", " between them, and behind them the result.
  std::string text;
  /// How many arguments there are, and where in `text` each ends.
  std::size_t count = 0;
  std::array<std::size_t, kMostArguments> ends{};
  /// The first `at_entry` of them are known when the call begins; the rest only when it ends.
  std::size_t at_entry = 0;
  /// Whether arguments follow whose values only the end of the call shows (or would have shown).
  bool more = false;
  /// Whether the comma in front of those is printed at the end too (clone, clone3).
  bool joined_late = false;
  /// How many bytes of the last argument known at entry come from the end of the call: " => [15]" behind "[5]".
  std::size_t amended = 0;

  void clear();
  std::string_view arguments() const { return std::string_view(text).substr(0, count > 0 ? ends[count - 1] : 0); }
  std::string_view argument(std::size_t index) const;
  /// What stands after "= ": "3", "-1 ENOENT (No such file or directory)",
  /// "0 (Timeout)", "?", "? ERESTARTSYS (To be restarted if SA_RESTART is set)".
  std::string_view result() const { return std::string_view(text).substr(arguments().size()); }
  /// What stands between the brackets while the call runs, and what its end adds to that.
  std::string beginning() const;
  std::string remainder() const;
  void append_beginning(std::string& line) const;
  void append_remainder(std::string& line) const;
};

/// Works for a call that still runs (there are `at_entry` arguments) and for one that has ended.
/// When it ended without returning, arguments known only at the end are left out.
CallText render(const Call& call, const DecodeLimits& limits);
/// The same in the memory of a text that is no longer needed: traces have millions.
void render(const Call& call, const DecodeLimits& limits, CallText& text);

/// Only the arguments known at entry: all that can be said while the call runs.
CallText render_entry(const Call& call, const DecodeLimits& limits);

/// The name to print: the table's, or `syscall_0x1ff` for a number without one.
std::string display_name(const Call& call);

/// The clock id argument of a clock call ("CLOCK_MONOTONIC"), nothing for other calls.
std::optional<std::string> clock_of(const Call& call);
/// That argument itself.
std::optional<std::int32_t> clock_id_of(const Call& call, std::span<const VdsoService> services = known_services());
/// What a clock is counted as: by its name; those that programs make of a thread, a process or a device by that kind.
std::string clock_kind_name(std::int32_t id, std::span<const ClockRow> clocks = known_clocks());
/// A clock id in strace's spelling, dynamic clocks as FD_TO_CLOCKID(3) or
/// MAKE_PROCESS_CPUCLOCK(1, CPUCLOCK_SCHED).
std::string clock_name(std::int32_t id, std::span<const ClockRow> clocks = known_clocks());

}  // namespace vdsotrace
