// Language runtimes and libraries that ask for the time for somebody else, who is the one to be named.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vdsotrace {

enum class RuntimePart : std::uint8_t {
  none,
  library,      ///< what called it may be the program
  interpreter,  ///< of a program that is on no stack
};

/// Which part of a runtime a function is, by the file that it is in and its name (demangled), as far as these are
/// known.
RuntimePart runtime_part(std::string_view file, std::string_view symbol);

/// Patterns (glob(7)) of more files or functions whose callers are to be named, from now on. To be said before anything
/// is looked up.
void add_runtimes(std::vector<std::string> patterns);

}  // namespace vdsotrace
