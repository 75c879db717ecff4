#include "vdsotrace/reason.hpp"

#include <fmt/core.h>

#include <array>

namespace vdsotrace {
namespace {

struct Row {
  std::string_view name;
  std::string_view sentence;  ///< {0}: the clocksource
};

/// In the order of the enumeration.
constexpr std::array<Row, kReasons> kRows{{
    {"cpu-time-clock", "no vDSO serves clocks of processor time"},
    {"alarm-clock", "no vDSO serves the ALARM clocks"},
    {"auxiliary-clock", "the vDSO serves an auxiliary clock only where it is enabled"},
    {"dynamic-clock", "no vDSO serves a clock behind a file descriptor"},
    {"unknown-clock", "the kernel knows no clock of that id"},
    {"clocksource", "the clocksource {0} cannot be read in user space"},
    {"clocksource-changed", "during the run the clocksource became {0}, which cannot be read in user space"},
    {"random-flags", "only the kernel serves these flags"},
    {"random-state", "the random state was new or needed a new seed"},
    {"no-vdso", "the process has no vDSO"},
    {"vdso-hidden", "the vDSO is hidden from the process (--no-vdso)"},
    {"direct-call", "system call made directly, not through the vDSO"},
    {"vsyscall-page", "the legacy vsyscall page traps into the kernel; the vDSO serves the same"},
    {"c_library", "the C library makes the call for itself, not for its caller"},
    {"other", "the vDSO could not answer (clocksource {0})"},
}};

const Row& row_of(Reason reason) { return kRows[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view name_of(Reason reason) { return row_of(reason).name; }

std::string sentence_of(Reason reason, std::string_view clocksource) {
  const std::string_view source = clocksource.empty() ? "unknown" : clocksource;
  return fmt::format(fmt::runtime(row_of(reason).sentence), source);
}

}  // namespace vdsotrace
