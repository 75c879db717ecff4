#include "reports/audit_lines.hpp"

#include <fmt/core.h>

namespace vdsotrace {

std::string verdict_line(const Audit& audit, const Palette& palette) {
  std::string text = "verdict      ";
  palette.append(text, audit.verdict.ok ? Palette::kFine : Palette::kNotFine, audit.verdict.text);
  return text + '\n';
}

std::string left_out_text(std::size_t kinds) {
  return kinds == 1 ? "1 more kind of call: --all shows it"
                    : fmt::format("{} more kinds of call: --all shows them", kinds);
}

}  // namespace vdsotrace
