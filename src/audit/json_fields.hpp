// Values out of JSON that anybody may have written: each is checked for its type and range.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vdsotrace {

/// The first mistake that was found in a document: "calls[2].count: is no number of calls". All readings of one
/// document share one, and after the first they give zeros and empty strings.
using Mistake = std::optional<std::string>;

/// One object of a document. It refers to the document and to `mistake`, which have to live longer.
class JsonFields {
 public:
  /// No more calls, and in nanoseconds no more time, than these are taken for true: sums of thousands of them fit 63
  /// bits.
  static constexpr std::uint64_t kMostCalls = std::uint64_t{1} << 50;
  static constexpr double kMostNs = 1e15;
  static constexpr std::size_t kLongestText = 64 * 1024;

  JsonFields(const nlohmann::json& value, std::string path, Mistake& mistake);

  /// Whether there is such a key, with a value that is not null.
  bool has(const char* key) const;
  /// Of 64 bits; also as a decimal string, as those below.
  std::uint64_t number(const char* key);
  /// A number of calls, or of what is never more.
  std::uint64_t count(const char* key);
  double ns(const char* key);
  /// Nothing for null and for a key that is not there.
  std::optional<double> ns_or_null(const char* key);
  bool flag(const char* key);
  /// As it stands: what a program or a user chose. It must be escaped before it is shown.
  std::string chosen(const char* key);
  std::string chosen_or_empty(const char* key);
  /// What vdsotrace has written itself: with escapes for whatever is not printable ASCII.
  std::string text(const char* key);
  std::string text_or_empty(const char* key);
  /// One word of ours, "clock_gettime"; empty for null.
  std::string word(const char* key);
  std::vector<std::string> all_chosen(const char* key);
  std::vector<std::string> texts(const char* key);
  JsonFields object(const char* key);
  /// Calls `read` with each object of an array; a key that is not there is an empty one.
  template <class Read>
  void each(const char* key, Read read) {
    const nlohmann::json* list = array(key);
    for (std::size_t i = 0; list != nullptr && i < list->size() && !mistake_; ++i) {
      JsonFields item((*list)[i], path_of(key) + '[' + std::to_string(i) + ']', mistake_);
      read(item);
    }
  }
  void complain(const char* key, std::string_view what);

 private:
  const nlohmann::json* find(const char* key) const;
  const nlohmann::json* array(const char* key);
  std::string string_of(const nlohmann::json* value, const char* key);
  std::string path_of(const char* key) const;

  const nlohmann::json& value_;
  std::string path_;
  Mistake& mistake_;
};

}  // namespace vdsotrace
