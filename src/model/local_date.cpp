#include "model/local_date.hpp"

#include <array>
#include <optional>

namespace vdsotrace {
namespace {

std::optional<LocalDate> date_of(std::time_t time) {
  LocalDate local;
  if (::localtime_r(&time, &local.fields) == nullptr) return std::nullopt;
  std::array<char, 64> text;
  local.date.assign(text.data(), std::strftime(text.data(), text.size(), "%FT%T", &local.fields));
  local.zone.assign(text.data(), std::strftime(text.data(), text.size(), "%z", &local.fields));
  return local;
}

}  // namespace

const LocalDate* local_date(std::int64_t seconds) {
  struct Last {
    std::int64_t seconds;
    std::optional<LocalDate> local;
  };
  thread_local std::optional<Last> last;
  if (!last || last->seconds != seconds) last = Last{seconds, date_of(seconds)};
  return last->local ? &*last->local : nullptr;
}

}  // namespace vdsotrace
