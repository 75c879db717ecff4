// Why a vDSO-capable call entered the kernel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vdsotrace {

enum class Reason : std::uint8_t {
  cpu_time_clock,   ///< processor time: no vDSO serves it
  alarm_clock,      ///< CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM: likewise
  auxiliary_clock,  ///< CLOCK_AUX0 to CLOCK_AUX7 (Linux 6.17), which the vDSO leaves to the kernel where they are not
                    ///< enabled
  dynamic_clock,    ///< a clock behind a file descriptor, as /dev/ptp0: no vDSO serves it
  unknown_clock,    ///< an id that the kernel refuses
  clocksource,      ///< the system's clocksource cannot be read in user space
  clocksource_changed,  ///< the same, and it was another one earlier in the run
  random_flags,         ///< getrandom with flags that only the kernel serves
  random_state,         ///< getrandom whose state was new, or had to be seeded again
  no_vdso,              ///< the process has no vDSO
  vdso_hidden,          ///< it was hidden (--no-vdso)
  direct_call,          ///< the system call was made without asking the vDSO, which serves it
  vsyscall_page,        ///< the legacy page traps into the kernel
  c_library,            ///< the C library made the call for itself, as malloc does: no caller of its could do otherwise
  other,
};
inline constexpr std::size_t kReasons = 15;

/// "cpu-time-clock", "c_library": as JSON spells it. Static storage.
std::string_view name_of(Reason reason);
/// A sentence without its full stop. `clocksource` is the system's, empty if unknown.
std::string sentence_of(Reason reason, std::string_view clocksource);

}  // namespace vdsotrace
