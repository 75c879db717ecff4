#include "cli/options/terminal.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <string_view>

#include "base/number.hpp"

namespace vdsotrace::cli {

Result<Color> color_named(const std::string& name) {
  if (name == "auto") return Color::automatic;
  if (name == "always") return Color::always;
  if (name == "never") return Color::never;
  return fail(fmt::format("--color={}: unknown", name), "one of auto, always, never");
}

Result<Color> report_color(const std::string& name, std::string_view exact) {
  auto color = color_named(name);
  if (color && *color == Color::always && !exact.empty())
    return fail(fmt::format("{} and --color=always exclude each other", exact));
  return color;
}

void declare_color(CLI::App& app, std::string& name) {
  app.add_option("--color", name, "auto, always or never")->type_name("WHEN");
}

bool wants_color(Color wanted, const Output& output) {
  const char* refused = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  if (wanted == Color::automatic) return output.is_terminal() && !dumb && (refused == nullptr || *refused == '\0');
  return wanted == Color::always;
}

std::size_t columns_of(const Output& output) {
  constexpr std::size_t kUsual = 80;
  if (const auto columns = output.terminal_columns()) return *columns;
  const char* named = std::getenv("COLUMNS");
  const auto columns = parse_number<std::size_t>(named == nullptr ? "" : named);
  return columns && *columns > 0 ? *columns : kUsual;
}

TextStyle style_for(Color wanted, const Output& output) {
  return {.color = wants_color(wanted, output), .columns = columns_of(output)};
}

}  // namespace vdsotrace::cli
