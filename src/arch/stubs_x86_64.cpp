#include <sys/auxv.h>

#include <algorithm>
#include <cstring>

#include "arch/stubs.hpp"
#include "base/check.hpp"

extern "C" {
#define TEMPLATE(name)                                   \
  extern const std::byte vdsotrace_stub_##name[];        \
  extern const std::byte vdsotrace_stub_##name##_code[]; \
  extern const std::byte vdsotrace_stub_##name##_end[];
#define RECORD_TEMPLATE(name) TEMPLATE(name) extern const std::byte vdsotrace_stub_##name##_back[];
#define TEMPLATES(X) X(count) X(count_clock) X(count_fallback) X(count_fallback_clock) \
  X(record_fallback) X(record_fallback_three)
#define RECORD_TEMPLATES(X)                                                          \
  X(timespec) X(timeval) X(getcpu) X(getrandom) X(plain) X(plain_clock) X(plain_three) \
  X(measured) X(measured_clock) X(measured_three)
TEMPLATES(TEMPLATE)
RECORD_TEMPLATES(RECORD_TEMPLATE)
}

namespace vdsotrace::arch {
namespace {

constexpr std::byte kJump{0xe9};
constexpr unsigned kHwcap2FsGsBase = 1 << 1;  // HWCAP2_FSGSBASE, uapi/asm/hwcap2.h

struct Row {
  StubKind kind;
  StubShape shape;
  const std::byte* start;
  const std::byte* code;
  const std::byte* end;
  const std::byte* back;  ///< null: it has none
};

#define ROW(kind, shape, name)                                                          \
  {StubKind::kind, StubShape::shape, vdsotrace_stub_##name, vdsotrace_stub_##name##_code, \
   vdsotrace_stub_##name##_end, nullptr}
#define RECORD_ROW(kind, shape, name)                                                   \
  {StubKind::kind, StubShape::shape, vdsotrace_stub_##name, vdsotrace_stub_##name##_code, \
   vdsotrace_stub_##name##_end, vdsotrace_stub_##name##_back}

const Row kRows[] = {
    ROW(count, plain, count),
    ROW(count, clocked, count_clock),
    ROW(count, three, count),
    ROW(count_fallback, plain, count_fallback),
    ROW(count_fallback, clocked, count_fallback_clock),
    ROW(count_fallback, three, count_fallback),
    ROW(record_fallback, plain, record_fallback),
    ROW(record_fallback, clocked, record_fallback),
    ROW(record_fallback, three, record_fallback_three),
    RECORD_ROW(caller, plain, plain),
    RECORD_ROW(caller, clocked, plain_clock),
    RECORD_ROW(caller, three, plain_three),
    RECORD_ROW(measured, plain, measured),
    RECORD_ROW(measured, clocked, measured_clock),
    RECORD_ROW(measured, three, measured_three),
    RECORD_ROW(timespec, clocked, timespec),
    RECORD_ROW(timeval, plain, timeval),
    RECORD_ROW(getcpu, three, getcpu),
    RECORD_ROW(getrandom, three, getrandom),
};

}  // namespace

std::optional<Jump> jump(std::uint64_t from, std::uint64_t to) {
  const auto distance = static_cast<std::int64_t>(to - from - kJumpSize);
  const auto displacement = static_cast<std::int32_t>(distance);
  if (displacement != distance) return std::nullopt;
  Jump code{kJump};
  std::memcpy(&code[1], &displacement, sizeof displacement);
  return code;
}

std::optional<std::uint64_t> jump_target(const Jump& code, std::uint64_t from) {
  if (code[0] != kJump) return std::nullopt;
  std::int32_t displacement;
  std::memcpy(&displacement, &code[1], sizeof displacement);
  return from + kJumpSize + static_cast<std::uint64_t>(std::int64_t{displacement});
}

bool stubs_usable() { return (::getauxval(AT_HWCAP2) & kHwcap2FsGsBase) != 0; }

StubTemplate stub_template(StubKind kind, StubShape shape) {
  const auto row = std::ranges::find_if(kRows, [&](const Row& r) { return r.kind == kind && r.shape == shape; });
  CHECK(row != std::ranges::end(kRows));
  return {{row->start, static_cast<std::size_t>(row->end - row->start)},
          static_cast<std::size_t>(row->code - row->start),
          row->back == nullptr ? 0 : static_cast<std::size_t>(row->back - row->start)};
}

}  // namespace vdsotrace::arch
