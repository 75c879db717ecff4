// Of which calls the arguments are shown how: what `-v`, `-e abbrev=`, `-e verbose=` and `-e raw=` say.
#pragma once

#include <string>
#include <vector>

#include "vdsotrace/selection.hpp"

namespace vdsotrace {

struct ArgumentSets {
  Selection abbreviated;  ///< of the other calls structures, arrays and the environment are shown in full
  Selection structures;   ///< of the other calls they are shown as addresses
  Selection raw;          ///< of these every argument is a hexadecimal number

  /// Each set that was not given is strace's default: all, all, none.
  ArgumentSets();

  /// Takes the expressions that are its own out of those of `-e`: abbrev=SET (a=), verbose=SET (v=), raw=SET (x=), with
  /// the SET of trace=. A later one replaces an earlier one. Errors name the nearest known word.
  static Result<ArgumentSets> take(std::vector<std::string>& expressions);
};

}  // namespace vdsotrace
