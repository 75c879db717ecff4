#include "cli/options/stamps.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "model/words.hpp"

namespace vdsotrace::cli {
namespace {

using Stamps = TextOptions::Stamps;

template <class T>
struct Named {
  std::string_view name;
  T value;
};
constexpr Named<Precision> kPrecisions[] = {{"s", Precision::seconds},
                                            {"ms", Precision::milliseconds},
                                            {"us", Precision::microseconds},
                                            {"ns", Precision::nanoseconds}};
constexpr Named<Stamps> kFormats[] = {{"none", Stamps::none}, {"time", Stamps::time_of_day}, {"unix", Stamps::epoch}};

template <class T, std::size_t kSize>
std::optional<T> find_named(const Named<T> (&known)[kSize], std::string_view name) {
  const auto found = std::ranges::find(known, name, &Named<T>::name);
  return found != std::end(known) ? std::optional(found->value) : std::nullopt;
}

std::string_view without(std::string_view prefix, std::string_view word) {
  return word.starts_with(prefix) ? word.substr(prefix.size()) : word;
}

}  // namespace

Result<Precision> precision_named(std::string_view option, std::string_view name) {
  if (const auto precision = find_named(kPrecisions, name)) return *precision;
  return fail(fmt::format("{}={}: unknown precision", option, name), "one of s, ms, us, ns");
}

Result<void> parse_stamps(std::string_view list, TextOptions& options) {
  options.stamps = Stamps::time_of_day;
  options.stamp_precision = Precision::seconds;
  for (std::string_view rest = list; !rest.empty();) {
    const std::string_view word = take_word(rest);
    if (const auto format = find_named(kFormats, without("format:", word))) {
      options.stamps = *format;
    } else if (const auto precision = find_named(kPrecisions, without("precision:", word))) {
      options.stamp_precision = *precision;
    } else {
      return fail(fmt::format("--absolute-timestamps={}: unknown", word),
                  "a format (none, time, unix) or a precision (s, ms, us, ns)");
    }
  }
  return {};
}

}  // namespace vdsotrace::cli
