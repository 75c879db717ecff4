#include "output/route_counts.hpp"

#include <string_view>

namespace vdsotrace {
namespace {

struct RoutePhrase {
  std::string_view one;
  std::string_view many;
};
/// Indexed by Route.
constexpr std::array<RoutePhrase, kRoutes> kPhrases{{
    {"in user space", "in user space"},
    {"fell back to the kernel", "fell back to the kernel"},
    {"direct system call", "direct system calls"},
    {"through vsyscall", "through vsyscall"},
    {"by an unknown route", "by an unknown route"},
}};

}  // namespace

std::string route_counts_text(const RouteCounts& counts, std::string (*number_text)(std::uint64_t)) {
  std::string text;
  for (std::size_t route = 0; route < kRoutes; ++route) {
    const std::uint64_t count = counts[route];
    if (count == 0) continue;
    text += text.empty() ? ": " : ", ";
    text += number_text(count);
    text += ' ';
    text += count == 1 ? kPhrases[route].one : kPhrases[route].many;
  }
  return text;
}

}  // namespace vdsotrace
