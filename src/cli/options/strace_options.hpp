// Options of strace that vdsotrace does not have.
#pragma once

#include <string>
#include <string_view>

namespace vdsotrace::cli {

/// What to use instead of strace's `option` ("-d", "--debug"), as a hint. Empty: strace has none of that name.
std::string instead_of(std::string_view option);

}  // namespace vdsotrace::cli
