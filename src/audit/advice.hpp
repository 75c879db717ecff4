// What to do about what an audit found. Each piece of advice says what it is worth.
#pragma once

#include <string>

#include "audit/findings.hpp"

namespace vdsotrace {

/// Fills Finding::advice and Audit::advice from the figures that are there.
void advise(Audit& audit, const Prices& prices);
/// Which system calls a seccomp filter must allow; empty without any. One that is written by strace's output knows only
/// of those that fell back.
std::string seccomp_text(const Audit& audit);

}  // namespace vdsotrace
