// How text looks where it is read: --color, NO_COLOR, TERM, and the width of the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "output/output.hpp"
#include "output/text_style.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// --color
enum class Color : std::uint8_t { automatic, always, never };

/// Errors: none has that name.
Result<Color> color_named(const std::string& name);

/// The same of a report. `exact`: the option that asks for what has no colours, "--json"; empty: none was given.
/// Errors: also --color=always beside that.
Result<Color> report_color(const std::string& name, std::string_view exact);

/// Declares --color. `name` is what stands behind it.
void declare_color(CLI::App& app, std::string& name);

/// Whether to colour what goes there. `automatic`: on a terminal, unless NO_COLOR or TERM=dumb are set.
bool wants_color(Color wanted, const Output& output);

/// The terminal's width; where that is not known or there is none, that of the environment's COLUMNS, or 80.
std::size_t columns_of(const Output& output);

TextStyle style_for(Color wanted, const Output& output);

}  // namespace vdsotrace::cli
