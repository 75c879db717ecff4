// Audits in files, for the commands that take nothing else.
#pragma once

#include <string>
#include <vector>

#include "audit/findings.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace::cli {

/// Errors name the file: it cannot be read, is too large, or holds no audit (audit/read).
Result<Audit> read_audit_file(const std::string& path);

/// Operands that are files, as many as `least` to `most`. Errors: fewer, more, an option behind the first file.
Result<void> check_files(const std::vector<std::string>& files, std::string_view command, std::size_t least,
                         std::size_t most);

}  // namespace vdsotrace::cli
