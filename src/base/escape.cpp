#include "base/escape.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/append_format.hpp"

namespace vdsotrace {
namespace {

bool is_octal_digit(std::byte b) { return b >= std::byte{'0'} && b <= std::byte{'7'}; }

bool is_printable(unsigned char c) { return c >= 0x20 && c < 0x7f; }

/// The letter behind the backslash for characters that have one, or 0.
char short_escape(unsigned char c) {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\v': return 'v';
    default: return 0;
  }
}

/// As few octal digits as the following byte allows.
void append_octal(std::string& out, unsigned char c, bool digit_follows) {
  out.push_back('\\');
  if (digit_follows || c >= 0100) out.push_back(static_cast<char>('0' + (c >> 6)));
  if (digit_follows || c >= 010) out.push_back(static_cast<char>('0' + ((c >> 3) & 7)));
  out.push_back(static_cast<char>('0' + (c & 7)));
}

}  // namespace

void append_quoted(std::string& out, std::span<const std::byte> bytes, std::size_t limit, bool more,
                   EscapeDigits digits) {
  const std::size_t shown = std::min(bytes.size(), limit);
  out.reserve(out.size() + shown + 5);
  out.push_back('"');
  for (std::size_t i = 0; i < shown; ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (const char letter = short_escape(c)) {
      out.push_back('\\');
      out.push_back(letter);
    } else if (is_printable(c)) {
      out.push_back(static_cast<char>(c));
    } else if (digits == EscapeDigits::hex) {
      append_format(out, "\\x{:02x}", static_cast<unsigned>(c));
    } else {
      append_octal(out, c, i + 1 < shown && is_octal_digit(bytes[i + 1]));
    }
  }
  out.push_back('"');
  if (more || shown < bytes.size()) out.append("...");
}

std::string escaped(std::string_view text) {
  std::string quoted;
  append_quoted(quoted, std::as_bytes(std::span(text)), text.size());
  return quoted.substr(1, quoted.size() - 2);
}

std::string escaped_unless_printable(std::string_view text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return is_printable(static_cast<unsigned char>(c)); });
  return printable ? std::string(text) : escaped(text);
}

std::string escaped_word(std::string_view text, std::size_t most) {
  std::string word;
  for (const char c : text) {
    if (word.size() >= most) break;
    if (c != ' ' && is_printable(static_cast<unsigned char>(c))) {
      word += c;
    } else {
      word += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    }
  }
  return word;
}

std::string without_controls(std::string text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  std::ranges::replace_if(text, is_control, '?');
  return text;
}

}  // namespace vdsotrace
