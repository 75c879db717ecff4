// Errors are values. Everything that the kernel, the traced program or the user
// can cause comes back as a Result; only our own bugs abort (base/check.hpp).
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace vdsotrace {

/// What went wrong, in the words that the user will read:
/// `vdsotrace: MESSAGE`, then `hint: HINT` where there is one.
struct Error {
  int code = 0;         ///< errno value behind it, 0 where there is none
  std::string message;  ///< "WHAT: WHY", no trailing newline
  std::string hint;     ///< what to do about it; may be empty
};

template <class T>
using Result = tl::expected<T, Error>;

/// Shorthand for `return fail("./a.out: not executable")`.
[[nodiscard]] inline tl::unexpected<Error> fail(std::string message, std::string hint = {}, int code = 0) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint)});
}

}  // namespace vdsotrace
