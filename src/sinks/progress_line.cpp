#include "sinks/progress_line.hpp"

#include <fmt/core.h>

#include "audit/findings.hpp"
#include "base/figures.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kBetweenNs = 250'000'000;
/// To the line's beginning, and what stands there away (ECMA-48, CR and EL).
constexpr std::string_view kClear = "\r\x1b[K";

}  // namespace

void ProgressLine::consume(const Event& event) {
  // A clock that was set back shows too.
  const std::int64_t since = event.time_ns - shown_ns_;
  if (since >= 0 && since < kBetweenNs) return;
  shown_ns_ = event.time_ns;
  terminal_->write(line());
  terminal_->flush();
}

std::string ProgressLine::line() const {
  std::string text =
      fmt::format("vdsotrace: {} calls so far: {} in user space, {} fell back, {} direct, {} through vsyscall",
                  grouped(totals_.vdso_capable()), grouped(totals_.by_route(Route::vdso)),
                  grouped(totals_.by_route(Route::fallback)), grouped(totals_.by_route(Route::syscall)),
                  grouped(totals_.by_route(Route::vsyscall)));
  if (const auto unknown = totals_.by_route(Route::unknown); unknown > 0)
    text += fmt::format(", {} by an unknown route", grouped(unknown));
  // In the last column some terminals begin a new line.
  if (text.size() >= columns_) text.resize(columns_ > 0 ? columns_ - 1 : 0);
  return std::string(kClear) + text;
}

Result<void> ProgressLine::finish() {
  if (shown_ns_ != 0) terminal_->write(kClear);
  terminal_->flush();
  return {};
}

}  // namespace vdsotrace
