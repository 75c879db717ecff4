#include "model/syscalls/time/values.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "model/local_date.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace {

namespace {

/// Most calls of most traces have one: put together aside, it is appended once.
void print_time(ArgContext& c, std::int64_t seconds, std::string_view fraction_name, std::uint64_t fraction) {
  constexpr std::string_view kSeconds = "{tv_sec=";
  constexpr std::ptrdiff_t kDigits = 20;  // and sign, at most
  std::array<char, 64> text;
  char* end = text.data();
  const auto put = [&](std::string_view part) {
    end = static_cast<char*>(std::memcpy(end, part.data(), part.size())) + part.size();
  };
  put(kSeconds);
  end = std::to_chars(end, end + kDigits, seconds).ptr;
  put(fraction_name);
  end = std::to_chars(end, end + kDigits, fraction).ptr;
  *end++ = '}';
  c.put({text.data(), end});
}

}  // namespace

void print_timespec(ArgContext& c, const timespec& value) {
  print_time(c, value.tv_sec, ", tv_nsec=", static_cast<std::uint64_t>(value.tv_nsec));
}

void print_timeval(ArgContext& c, const timeval& value) {
  print_time(c, value.tv_sec, ", tv_usec=", static_cast<std::uint64_t>(value.tv_usec));
}

void print_timespec_at(ArgContext& c, std::uint64_t address) {
  print_object_at<timespec>(c, address, [&](const timespec& value) { print_timespec(c, value); });
}

void print_timeval_at(ArgContext& c, std::uint64_t address) {
  print_object_at<timeval>(c, address, [&](const timeval& value) { print_timeval(c, value); });
}

void print_date_comment(ArgContext& c, std::int64_t seconds, std::uint64_t fraction, int digits) {
  if (seconds == 0 && fraction == 0) return;
  const LocalDate* local = local_date(seconds);
  if (local == nullptr) return;
  c.print(" /* {}", local->date);
  if (fraction != 0) c.print(".{:0{}}", fraction, digits);
  c.print("{} */", local->zone);
}

}  // namespace vdsotrace
