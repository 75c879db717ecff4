// The dynamic symbol table of a vDSO image, as it stands in the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

struct DynamicSymbol {
  std::uint64_t value = 0;
  std::uint64_t size = 0;
  unsigned char info = 0;   ///< st_info: binding and type
  unsigned char other = 0;  ///< st_other: visibility
  std::string section;      ///< ".text", "*ABS*", "*UND*"; escaped
  std::string name;         ///< escaped
  std::string version;      ///< "LINUX_2.6", or empty; escaped
  bool hidden = false;      ///< the version is not the default one
};

/// All symbols but the empty first one, in the order of the table. Errors: no section of dynamic symbols,
/// or one that cannot be read.
Result<std::vector<DynamicSymbol>> dynamic_symbols(const VdsoImage& image);

/// The table as `objdump -T` prints it, under the heading `name:     file format F`.
Result<std::string> symbols_text(const VdsoImage& image, std::string_view name);

}  // namespace vdsotrace
