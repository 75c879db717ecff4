// Files that somebody reads at any time: they see the old content or the new one, whole.
#pragma once

#include <string>
#include <string_view>

#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// Writes a temporary file in the same folder and renames it to `path` (rename(2)); its name ends in ".tmp", so that
/// readers of a folder pass it over. Of a symbolic link it is what it leads to that is replaced. What is there and no
/// regular file (/dev/stdout, a pipe) is written to. On an error `path` is as it was.
Result<void> replace_file(const std::string& path, std::string_view text);

/// Whether that can be done, tried without changing anything.
Result<void> check_replaceable(const std::string& path);

}  // namespace vdsotrace
