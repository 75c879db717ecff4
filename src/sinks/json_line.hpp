// One line of JSON, put together in place: a trace has millions, and each of twenty keys.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "output/json_number.hpp"

namespace vdsotrace {

/// Whether it has more than characters that JSON and terminals take as they are.
bool needs_escapes(std::string_view text);

class JsonLine {
 public:
  void clear() { used_ = 0; }
  std::string_view text() const { return {bytes_.get(), used_}; }

  /// Keys and punctuation, as they stand.
  template <std::size_t N>
  JsonLine& put(const char (&literal)[N]) {
    std::memcpy(room(N - 1), literal, N - 1);
    used_ += N - 1;
    return *this;
  }

  /// What is JSON already.
  JsonLine& append(std::string_view text) {
    text.copy(room(text.size()), text.size());
    used_ += text.size();
    return *this;
  }
  /// One of our own names, which need no escapes; null if it is empty.
  JsonLine& name(std::string_view ours) { return ours.empty() ? put("null") : quote(ours); }
  /// What the program or the user chose.
  JsonLine& string(std::string_view chosen) { return needs_escapes(chosen) ? escape(chosen) : quote(chosen); }
  /// What needs_escapes() has been asked about, alone or as part of something longer.
  JsonLine& quote(std::string_view plain) {
    char* to = room(plain.size() + 2);
    plain.copy(to + 1, plain.size());
    to[0] = to[plain.size() + 1] = '"';
    used_ += plain.size() + 2;
    return *this;
  }
  JsonLine& string_or_null(std::string_view chosen) { return chosen.empty() ? put("null") : string(chosen); }

  template <class Integer>
  JsonLine& integer(Integer value) {
    const fmt::format_int digits(value);
    return fits_double(value) ? append({digits.data(), digits.size()}) : name({digits.data(), digits.size()});
  }
  template <class Integer>
  JsonLine& integer(const std::optional<Integer>& value) {
    return value ? integer(*value) : put("null");
  }

  /// `write(index)` puts each element.
  template <class Write>
  JsonLine& array(std::size_t count, Write write) {
    put("[");
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) put(",");
      write(i);
    }
    return put("]");
  }

 private:
  /// Where that many bytes more fit.
  char* room(std::size_t count) {
    if (room_ - used_ < count) grow(count);
    return bytes_.get() + used_;
  }
  void grow(std::size_t count);
  JsonLine& escape(std::string_view chosen);

  std::unique_ptr<char[]> bytes_;
  std::size_t room_ = 0;
  std::size_t used_ = 0;
};

}  // namespace vdsotrace
