// Lines that the text of an audit and that of a merged one have in common.
#pragma once

#include <cstddef>
#include <string>

#include "audit/findings.hpp"
#include "output/palette.hpp"

namespace vdsotrace {

/// The first line.
std::string verdict_line(const Audit& audit, const Palette& palette);

/// "2 more kinds of call: --all shows them"
std::string left_out_text(std::size_t kinds);

}  // namespace vdsotrace
