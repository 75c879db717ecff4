// How a report looks where people read it.
#pragma once

#include <cstddef>

namespace vdsotrace {

struct TextStyle {
  bool color = false;
  std::size_t columns = 0;  ///< that lines should fit in; 0: any
};

}  // namespace vdsotrace
