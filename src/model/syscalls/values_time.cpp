#include "model/syscalls/values_time.hpp"

#include <array>

#include "model/syscalls/print.hpp"

namespace vdsotrace {

void print_timespec(ArgContext& c, const timespec& value) {
  c.print("{{tv_sec={}, tv_nsec={}}}", value.tv_sec, static_cast<std::uint64_t>(value.tv_nsec));
}

void print_timeval(ArgContext& c, const timeval& value) {
  c.print("{{tv_sec={}, tv_usec={}}}", value.tv_sec, static_cast<std::uint64_t>(value.tv_usec));
}

void print_timespec_at(ArgContext& c, std::uint64_t address) {
  print_object_at<timespec>(c, address, [&](const timespec& value) { print_timespec(c, value); });
}

void print_timeval_at(ArgContext& c, std::uint64_t address) {
  print_object_at<timeval>(c, address, [&](const timeval& value) { print_timeval(c, value); });
}

void print_date_comment(ArgContext& c, std::int64_t seconds, std::uint64_t fraction, int digits) {
  if (seconds == 0 && fraction == 0) return;
  const std::time_t time = seconds;
  std::tm local{};
  if (localtime_r(&time, &local) == nullptr) return;
  std::array<char, 64> date;
  std::array<char, 16> zone;
  if (std::strftime(date.data(), date.size(), "%FT%T", &local) == 0) return;
  if (std::strftime(zone.data(), zone.size(), "%z", &local) == 0) return;
  c.print(" /* {}", date.data());
  if (fraction != 0) c.print(".{:0{}}", fraction, digits);
  c.print("{} */", zone.data());
}

}  // namespace vdsotrace
