// Text that others have chosen (programs, users, files), made safe for a terminal.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vdsotrace {

/// How bytes are shown that have neither a character nor a letter: \1, or \x01.
enum class EscapeDigits : bool { octal, hex };

/// Appends `bytes` in double quotes, escaped as strace does (octal, \n, \t, ...), cut after
/// `limit` bytes with "..." behind the closing quote when there is more.
void append_quoted(std::string& out, std::span<const std::byte> bytes, std::size_t limit, bool more = false,
                   EscapeDigits digits = EscapeDigits::octal);
/// `text` escaped in the same way, without the quotes: for names that a program or user chose.
std::string escaped(std::string_view text);
/// The same for what should be printable, and may contain backslashes and quotes then.
std::string escaped_unless_printable(std::string_view text);
/// One word of a table: blanks and what is not ASCII in three octal digits, cut after `most` bytes.
std::string escaped_word(std::string_view text, std::size_t most);
/// With '?' for control characters; all else stays, in whatever script it is written.
std::string without_controls(std::string text);

}  // namespace vdsotrace
