#include "cli/commands/document_head.hpp"

#include <fmt/core.h>
#include <sys/utsname.h>

#include <ctime>

#include "base/clock.hpp"

namespace vdsotrace::cli {
namespace {

std::string now_text() {
  const std::time_t now = realtime_ns() / 1'000'000'000;
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

DocumentHead document_head() {
  utsname system{};
  ::uname(&system);
  return {VDSOTRACE_VERSION, system.nodename, now_text()};
}

}  // namespace vdsotrace::cli
