#include "symbols/demangle.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "base/number.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kLongestMangled = 1024;
/// Each reference to a part that came before can repeat all of that: with so many of them a name grows to a few hundred
/// thousand characters at most.
constexpr std::size_t kMostReferences = 24;
constexpr std::size_t kLongestResult = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

/// How many "S_", "S0_", "T_" and the like there are, at least.
std::size_t references(std::string_view name) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != 'S' && name[i] != 'T') continue;
    const auto rest = name.substr(i + 1);
    const auto end = std::ranges::find_if_not(rest, [](char c) { return is_digit(c) || is_upper(c); });
    if (end != rest.end() && *end == '_') ++count;
  }
  return count;
}

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

std::optional<std::string> demangled_as_cpp(std::string_view name) {
  if (name.size() > kLongestMangled || references(name) > kMostReferences) return std::nullopt;
  int status = 0;
  const std::unique_ptr<char, FreeText> text(abi::__cxa_demangle(std::string(name).c_str(), nullptr, nullptr, &status));
  if (status != 0 || !text) return std::nullopt;
  std::string result(text.get());
  return result.size() <= kLongestResult ? std::optional(std::move(result)) : std::nullopt;
}

/// Whether the name ends with "17h" and 16 hexadecimal digits, as only Rust's do.
bool is_rust(std::string_view name) {
  constexpr std::string_view kBefore = "17h";
  constexpr std::size_t kHash = 16;
  const std::size_t tail = kBefore.size() + kHash + 1;
  if (name.size() <= tail || !name.ends_with('E')) return false;
  const auto end = name.substr(name.size() - tail);
  return end.starts_with(kBefore) && std::ranges::all_of(end.substr(kBefore.size(), kHash), is_hexadecimal);
}

/// What Rust writes for characters that a symbol cannot have: "$LT$", "$u7b$"; "..": "::".
std::string_view unescaped(std::string_view code) {
  constexpr std::pair<std::string_view, std::string_view> kCodes[] = {
      {"SP", "@"},  {"BP", "*"},  {"RF", "&"},  {"LT", "<"},   {"GT", ">"},  {"LP", "("},
      {"RP", ")"},  {"C", ","},   {"u20", " "}, {"u22", "\""}, {"u27", "'"}, {"u2b", "+"},
      {"u3b", ";"}, {"u5b", "["}, {"u5d", "]"}, {"u7b", "{"},  {"u7d", "}"}, {"u7e", "~"}};
  for (const auto& [known, meaning] : kCodes) {
    if (known == code) return meaning;
  }
  return {};
}

std::string as_rust_writes(std::string_view part) {
  // A part that would begin with an escape has a '_' before it.
  if (part.starts_with("_$")) part.remove_prefix(1);
  std::string text;
  while (!part.empty()) {
    const auto end = part.front() == '$' ? part.find('$', 1) : std::string_view::npos;
    const auto meaning = end != std::string_view::npos ? unescaped(part.substr(1, end - 1)) : std::string_view();
    if (!meaning.empty()) {
      text += meaning;
      part.remove_prefix(end + 1);
    } else if (part.starts_with("..")) {
      text += "::";
      part.remove_prefix(2);
    } else {
      text += part.front();
      part.remove_prefix(1);
    }
  }
  return text;
}

/// The parts of "_ZN 4core 3fmt ... 17h<hash> E", each with its length before it.
std::optional<std::string> demangled_as_rust(std::string_view name) {
  constexpr std::string_view kBegin = "_ZN";
  if (!name.starts_with(kBegin) || !is_rust(name)) return std::nullopt;
  name.remove_prefix(kBegin.size());
  std::string text;
  while (is_digit(name.front())) {
    const auto length = take_number<std::size_t>(name);
    if (!length || *length >= name.size()) return std::nullopt;
    const auto part = name.substr(0, *length);
    name.remove_prefix(*length);
    if (name == "E") return text;
    if (!text.empty()) text += "::";
    text += as_rust_writes(part);
  }
  return std::nullopt;
}

}  // namespace

namespace {

/// "s" and digits of base 62 up to "_": what distinguishes crates and implementations of one name.
void skip_disambiguator(std::string_view& name) {
  if (!name.starts_with('s')) return;
  const auto end = name.find('_');
  name.remove_prefix(end == std::string_view::npos ? name.size() : end + 1);
}

/// Takes away what stands before the crate of a path: nesting, generic arguments to come, implementations.
bool skip_to_crate(std::string_view& name) {
  while (!name.empty()) {
    const char tag = name.front();
    name.remove_prefix(1);
    switch (tag) {
      case 'C': return true;
      case 'I': break;
      case 'N': name.remove_prefix(std::min<std::size_t>(name.size(), 1)); break;  // and its namespace
      case 'M':
      case 'X': skip_disambiguator(name); break;
      default: return false;
    }
  }
  return false;
}

}  // namespace

std::string_view rust_crate(std::string_view name) {
  if (!name.starts_with("_R")) return {};
  name.remove_prefix(2);
  if (!skip_to_crate(name)) return {};
  skip_disambiguator(name);
  const auto length = take_number<std::size_t>(name);
  if (!length) return {};
  if (name.starts_with('_')) name.remove_prefix(1);
  return *length <= name.size() ? name.substr(0, *length) : std::string_view();
}

std::string demangled(std::string_view name) {
  if (!name.starts_with("_Z")) return std::string(name);
  if (auto text = demangled_as_rust(name)) return *text;
  return demangled_as_cpp(name).value_or(std::string(name));
}

}  // namespace vdsotrace
