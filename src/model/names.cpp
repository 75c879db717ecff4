// The words of docs/formats.md for routes and for the ways a process comes under observation.
#include <array>

#include "vdsotrace/event.hpp"

namespace vdsotrace {
namespace {

struct RouteWords {
  std::string_view name;
  std::string_view tag;
};
/// Indexed by Route.
constexpr std::array<RouteWords, kRoutes> kRouteWords{{
    {"vdso", "[vdso]"},
    {"fallback", "[vdso->syscall]"},
    {"syscall", "[syscall]"},
    {"vsyscall", "[vsyscall]"},
    {"unknown", "[vdso?]"},
}};

/// Indexed by Started::How.
constexpr std::array<std::string_view, 6> kHowWords{"spawn", "attach", "fork", "vfork", "clone", "thread"};

/// Indexed by Missing.
constexpr std::array<std::string_view, 7> kMissingWords{"",           "times",        "routes",      "user-space-calls",
                                                        "vdso-calls", "direct-calls", "system-calls"};

}  // namespace

std::string_view name_of(Route route) { return kRouteWords.at(static_cast<std::size_t>(route)).name; }

std::string_view tag_of(Route route) { return kRouteWords.at(static_cast<std::size_t>(route)).tag; }

std::optional<Route> route_named(std::string_view name) {
  for (std::size_t i = 0; i < kRouteWords.size(); ++i) {
    if (kRouteWords[i].name == name) return static_cast<Route>(i);
  }
  return std::nullopt;
}

std::string_view name_of(Missing missing) { return kMissingWords.at(static_cast<std::size_t>(missing)); }

std::string_view name_of(Started::How how) { return kHowWords.at(static_cast<std::size_t>(how)); }

}  // namespace vdsotrace
