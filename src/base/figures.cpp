#include "base/figures.hpp"

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace vdsotrace {

std::string duration_text(double ns) {
  constexpr std::pair<double, std::string_view> kUnits[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
  for (const auto& [size, unit] : kUnits) {
    // 999.6 us is 1.00 ms.
    if (ns < size * 0.9995) continue;
    const double value = ns / size;
    return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit);
  }
  return fmt::format("{:.{}f} ns", ns, ns < 99.95 ? 1 : 0);
}

std::string exact_duration_text(std::int64_t ns) {
  if (ns >= 1'000'000'000 && ns % 1'000'000'000 == 0) return fmt::format("{} s", ns / 1'000'000'000);
  if (ns >= 1'000'000 && ns % 1'000'000 == 0) return fmt::format("{} ms", ns / 1'000'000);
  if (ns >= 1'000 && ns % 1'000 == 0) return fmt::format("{} us", ns / 1'000);
  return fmt::format("{} ns", ns);
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

}  // namespace vdsotrace
