// `-e read=`, `-e write=`: all bytes that a call has moved, under its line.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

#include "vdsotrace/call.hpp"
#include "vdsotrace/descriptor.hpp"

namespace vdsotrace {

/// Notes in call.at_exit what append_dump() will show, at the end of a call.
void capture_dump(Call& call, Memory& live, const Dumps& dumps);

/// Lines as strace's: " | 00000  68 69 0a                                          hi.              |".
/// `tid`: whose call it is.
void append_dump(std::string& out, const Call& call, const Dumps& dumps, pid_t tid);

/// Sixteen bytes to a line.
void append_hex_lines(std::string& out, std::span<const std::byte> bytes);

}  // namespace vdsotrace
