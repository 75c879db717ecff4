// Whether a function still needs what is in a register.
#pragma once

#include <cstdint>

#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// Whether no way from the instruction at `offset` to a return reads r9 before something else is written there. False
/// where that is not known: at a call, an unknown instruction, or after very many steps. For x86-64 code whose flow
/// was followed to the end.
bool ninth_register_is_dead(const VdsoImage& image, const VdsoFunction& function, std::uint32_t offset);

/// Whether none of the function's instructions that begin from `from` on, below `to`, reads or writes r9.
bool ninth_register_is_untouched(const VdsoImage& image, const VdsoFunction& function, std::uint32_t from,
                                 std::uint32_t to);

}  // namespace vdsotrace
