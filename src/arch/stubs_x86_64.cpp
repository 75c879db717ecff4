#include <cpuid.h>
#include <sys/auxv.h>

#include "arch/stubs.hpp"
#include "base/check.hpp"

extern "C" {
#define TEMPLATE(name)                                   \
  extern const std::byte vdsotrace_stub_##name[];        \
  extern const std::byte vdsotrace_stub_##name##_code[]; \
  extern const std::byte vdsotrace_stub_##name##_end[];
#define RECORD_TEMPLATE(name) TEMPLATE(name) extern const std::byte vdsotrace_stub_##name##_back[];
#define TEMPLATES(X)                                                                        \
  X(count) X(count_clock) X(count_lsl) X(count_clock_lsl)                                   \
  X(count_fallback) X(count_fallback_clock) X(count_fallback_lsl) X(count_fallback_clock_lsl) \
  X(record_fallback)
#define RECORD_TEMPLATES(X)                                                                 \
  X(timespec_rdpid) X(timeval_rdpid) X(time_rdpid) X(getcpu_rdpid) X(getrandom_rdpid)       \
  X(plain_rdpid) X(plain_clock_rdpid) X(measured_rdpid) X(measured_clock_rdpid)             \
  X(timespec_lsl) X(timeval_lsl) X(time_lsl) X(getcpu_lsl) X(getrandom_lsl)                 \
  X(plain_lsl) X(plain_clock_lsl) X(measured_lsl) X(measured_clock_lsl)
TEMPLATES(TEMPLATE)
RECORD_TEMPLATES(RECORD_TEMPLATE)
}

namespace vdsotrace::arch {
namespace {

constexpr unsigned kHwcap2FsGsBase = 1 << 1;  // HWCAP2_FSGSBASE, uapi/asm/hwcap2.h
constexpr unsigned kRdpid = 1 << 22;          // CPUID leaf 7, ecx

struct Row {
  StubKind kind;
  bool clocked;
  bool rdpid;
  const std::byte* start;
  const std::byte* code;
  const std::byte* end;
  const std::byte* back;  ///< null: it has none
};

#define ROW(kind, clocked, rdpid, name)                                                          \
  {StubKind::kind, clocked, rdpid, vdsotrace_stub_##name, vdsotrace_stub_##name##_code,          \
   vdsotrace_stub_##name##_end, nullptr}

#define RECORD_ROW(kind, clocked, rdpid, name)                                                   \
  {StubKind::kind, clocked, rdpid, vdsotrace_stub_##name, vdsotrace_stub_##name##_code,          \
   vdsotrace_stub_##name##_end, vdsotrace_stub_##name##_back}

const Row kRows[] = {
    ROW(count, false, true, count),
    ROW(count, true, true, count_clock),
    ROW(count, false, false, count_lsl),
    ROW(count, true, false, count_clock_lsl),
    ROW(count_fallback, false, true, count_fallback),
    ROW(count_fallback, true, true, count_fallback_clock),
    ROW(count_fallback, false, false, count_fallback_lsl),
    ROW(count_fallback, true, false, count_fallback_clock_lsl),
    RECORD_ROW(plain, false, true, plain_rdpid),
    RECORD_ROW(plain, true, true, plain_clock_rdpid),
    RECORD_ROW(measured, false, true, measured_rdpid),
    RECORD_ROW(measured, true, true, measured_clock_rdpid),
    RECORD_ROW(timespec, true, true, timespec_rdpid),
    RECORD_ROW(timeval, false, true, timeval_rdpid),
    RECORD_ROW(time, false, true, time_rdpid),
    RECORD_ROW(getcpu, false, true, getcpu_rdpid),
    RECORD_ROW(getrandom, false, true, getrandom_rdpid),
    RECORD_ROW(plain, false, false, plain_lsl),
    RECORD_ROW(plain, true, false, plain_clock_lsl),
    RECORD_ROW(measured, false, false, measured_lsl),
    RECORD_ROW(measured, true, false, measured_clock_lsl),
    RECORD_ROW(timespec, true, false, timespec_lsl),
    RECORD_ROW(timeval, false, false, timeval_lsl),
    RECORD_ROW(time, false, false, time_lsl),
    RECORD_ROW(getcpu, false, false, getcpu_lsl),
    RECORD_ROW(getrandom, false, false, getrandom_lsl),
    ROW(record_fallback, false, true, record_fallback),
    ROW(record_fallback, false, false, record_fallback),
    ROW(record_fallback, true, true, record_fallback),
    ROW(record_fallback, true, false, record_fallback),
};

}  // namespace

StubSupport stub_support() {
  StubSupport support;
  support.usable = (::getauxval(AT_HWCAP2) & kHwcap2FsGsBase) != 0;
  unsigned a = 0, b = 0, c = 0, d = 0;
  support.features.rdpid = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & kRdpid) != 0;
  return support;
}

StubTemplate stub_template(StubKind kind, bool clocked, StubFeatures features) {
  for (const Row& row : kRows) {
    if (row.kind != kind || row.clocked != clocked || row.rdpid != features.rdpid) continue;
    return {{row.start, static_cast<std::size_t>(row.end - row.start)},
            static_cast<std::size_t>(row.code - row.start),
            row.back == nullptr ? 0 : static_cast<std::size_t>(row.back - row.start)};
  }
  CHECK(!"every kind of stub has its template");
  return {};
}

}  // namespace vdsotrace::arch
