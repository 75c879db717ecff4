#include "audit/json_fields.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/escape.hpp"
#include "base/number.hpp"

namespace vdsotrace {

using Json = nlohmann::json;

JsonFields::JsonFields(const Json& value, std::string path, Mistake& mistake)
    : value_(value), path_(std::move(path)), mistake_(mistake) {
  if (!value.is_object() && !mistake_)
    mistake_ = fmt::format("{}: is no object", path_.empty() ? "the document" : path_);
}

std::string JsonFields::path_of(const char* key) const { return path_.empty() ? key : path_ + '.' + key; }

void JsonFields::complain(const char* key, std::string_view what) {
  if (!mistake_) mistake_ = fmt::format("{}: {}", path_of(key), what);
}

const Json* JsonFields::find(const char* key) const {
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(key);
  return found == value_.end() ? nullptr : &*found;
}

bool JsonFields::has(const char* key) const {
  const Json* value = find(key);
  return value != nullptr && !value->is_null();
}

std::uint64_t JsonFields::number(const char* key) {
  const Json* value = find(key);
  std::optional<std::uint64_t> count;
  if (value != nullptr && value->is_number_unsigned()) count = value->get<std::uint64_t>();
  if (value != nullptr && value->is_string()) count = parse_number<std::uint64_t>(value->get_ref<const std::string&>());
  if (!count) complain(key, "is no number from 0");
  return count.value_or(0);
}

std::uint64_t JsonFields::count(const char* key) {
  const std::uint64_t count = number(key);
  if (count > kMostCalls) complain(key, "is too large");
  return count <= kMostCalls ? count : 0;
}

double JsonFields::ns(const char* key) {
  const Json* value = find(key);
  std::optional<double> ns;
  if (value != nullptr && value->is_number()) ns = value->get<double>();
  if (value != nullptr && value->is_string()) ns = parse_number<double>(value->get_ref<const std::string&>());
  if (ns && *ns >= 0 && *ns <= kMostNs) return *ns;
  complain(key, ns && *ns > kMostNs ? "is too long a time" : "is no time");
  return 0;
}

std::optional<double> JsonFields::ns_or_null(const char* key) {
  const Json* value = find(key);
  return value == nullptr || value->is_null() ? std::nullopt : std::optional(ns(key));
}

bool JsonFields::flag(const char* key) {
  const Json* value = find(key);
  if (value != nullptr && value->is_boolean()) return value->get<bool>();
  complain(key, "is not true or false");
  return false;
}

std::string JsonFields::string_of(const Json* value, const char* key) {
  if (value == nullptr || !value->is_string()) {
    complain(key, "is no string");
    return {};
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() <= kLongestText) return text;
  complain(key, "is too long");
  return {};
}

std::string JsonFields::chosen(const char* key) { return string_of(find(key), key); }

std::string JsonFields::chosen_or_empty(const char* key) {
  const Json* value = find(key);
  return value == nullptr || value->is_null() ? std::string() : string_of(value, key);
}

std::string JsonFields::text(const char* key) { return escaped_unless_printable(chosen(key)); }

std::string JsonFields::text_or_empty(const char* key) { return escaped_unless_printable(chosen_or_empty(key)); }

std::string JsonFields::word(const char* key) {
  constexpr std::size_t kLongestWord = 128;
  std::string word = chosen_or_empty(key);
  const bool plain = std::ranges::all_of(word, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (plain && word.size() <= kLongestWord) return word;
  complain(key, "is no name");
  return {};
}

const Json* JsonFields::array(const char* key) {
  const Json* value = find(key);
  if (value == nullptr || value->is_array()) return value;
  complain(key, "is no array");
  return nullptr;
}

std::vector<std::string> JsonFields::all_chosen(const char* key) {
  std::vector<std::string> all;
  const Json* list = array(key);
  for (std::size_t i = 0; list != nullptr && i < list->size() && !mistake_; ++i)
    all.push_back(string_of(&(*list)[i], key));
  return all;
}

std::vector<std::string> JsonFields::texts(const char* key) {
  std::vector<std::string> all = all_chosen(key);
  for (std::string& text : all) text = escaped_unless_printable(text);
  return all;
}

JsonFields JsonFields::object(const char* key) {
  static const Json kNone;
  const Json* value = find(key);
  return {value == nullptr ? kNone : *value, path_of(key), mistake_};
}

}  // namespace vdsotrace
