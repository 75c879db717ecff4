// Names of clock ids: fixed ones by their table, dynamic ones as the macros of the kernel's posix-timers.h make
// them.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "model/syscalls/render.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

/// The low two bits of a processor time clock; with the third bit set it is a thread's.
constexpr std::array<std::string_view, 3> kCpuClocks{"CPUCLOCK_PROF", "CPUCLOCK_VIRT", "CPUCLOCK_SCHED"};
constexpr std::uint32_t kPerThread = 4;
constexpr std::uint32_t kClockFd = 3;

/// Calls whose first argument is a clock id, too, but that no vDSO serves.
constexpr std::array<std::string_view, 6> kClockCalls{"clock_adjtime",          "clock_adjtime64", "clock_nanosleep",
                                                      "clock_nanosleep_time64", "clock_settime",   "clock_settime64"};

}  // namespace

std::string clock_name(std::int32_t id, std::span<const ClockRow> clocks) {
  const auto bits = static_cast<std::uint32_t>(id);
  if (const ClockRow* row = clock_with(id, clocks)) return std::string(row->name);
  if (id >= 0) return fmt::format("{:#x} /* CLOCK_??? */", bits);
  const std::int32_t owner = ~(id >> 3);
  if ((bits & 7) == kClockFd) return fmt::format("FD_TO_CLOCKID({})", owner);
  const std::string_view macro = (bits & kPerThread) != 0 ? "MAKE_THREAD_CPUCLOCK" : "MAKE_PROCESS_CPUCLOCK";
  const std::uint32_t kind = bits & 3;
  if (kind < kCpuClocks.size()) return fmt::format("{}({}, {})", macro, owner, kCpuClocks[kind]);
  return fmt::format("{}({}, {:#x} /* CPUCLOCK_??? */)", macro, owner, kind);
}

std::string clock_kind_name(std::int32_t id, std::span<const ClockRow> clocks) {
  const ClockKind kind = kind_of_clock(id, clocks);
  if (id >= 0 || kind == ClockKind::unknown) return clock_name(id, clocks);
  if (kind == ClockKind::dynamic) return "clock of a device";
  return (static_cast<std::uint32_t>(id) & kPerThread) != 0 ? "CPU clock of a thread" : "CPU clock of a process";
}

std::optional<std::int32_t> clock_id_of(const Call& call, std::span<const VdsoService> services) {
  const CallSpec* spec = spec_of(call.abi, call.nr);
  const std::string_view name = spec != nullptr ? spec->name : call.name;
  const VdsoService* service = service_of_syscall(name, services);
  const bool takes_clock = service != nullptr ? service->first_is_clock
                                              : std::ranges::find(kClockCalls, name) != kClockCalls.end();
  if (!takes_clock) return {};
  return static_cast<std::int32_t>(call.args[0]);
}

std::optional<std::string> clock_of(const Call& call) {
  const auto id = clock_id_of(call);
  return id ? std::optional(clock_name(*id)) : std::nullopt;
}

}  // namespace vdsotrace
