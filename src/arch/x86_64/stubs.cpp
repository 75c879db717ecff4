#include <sys/auxv.h>

#include <algorithm>

#include "arch/stubs.hpp"
#include "base/check.hpp"
#include "model/code/jumps.hpp"

extern "C" {
#define TEMPLATE(name)                                   \
  extern const std::byte vdsotrace_stub_##name[];        \
  extern const std::byte vdsotrace_stub_##name##_code[]; \
  extern const std::byte vdsotrace_stub_##name##_end[];
// clang-format off
#define TEMPLATES(X)                                                                                             \
  X(enter) X(leave) X(called) X(call) X(mark) X(count) X(count_clock) X(open) X(open_clock) X(open_three)        \
  X(open_timed) X(open_timed_clock) X(open_timed_three) X(count_fallback) X(count_fallback_clock)                \
  X(note_fallback) X(note_fallback_three) X(close) X(close_timed) X(close_timespec) X(close_timeval)             \
  X(close_getcpu) X(close_getrandom)
// clang-format on
TEMPLATES(TEMPLATE)
}

namespace vdsotrace::arch {
namespace {

constexpr unsigned kHwcap2FsGsBase = 1 << 1;  // HWCAP2_FSGSBASE, uapi/asm/hwcap2.h

struct Row {
  StubKind kind;
  std::optional<StubShape> shape;  ///< nothing: any
  const std::byte* start;
  const std::byte* code;
  const std::byte* end;
};

#define ROW(kind, shape, name) \
  { StubKind::kind, shape, vdsotrace_stub_##name, vdsotrace_stub_##name##_code, vdsotrace_stub_##name##_end }
#define ONE(kind) ROW(kind, std::nullopt, kind)

/// Of a kind, the first row whose shape is asked for or that serves any.
const Row kRows[] = {
    ONE(enter),
    ONE(leave),
    ONE(called),
    ONE(call),
    ONE(mark),
    ROW(count, StubShape::clocked, count_clock),
    ONE(count),
    ROW(open, StubShape::clocked, open_clock),
    ROW(open, StubShape::three, open_three),
    ONE(open),
    ROW(open_timed, StubShape::clocked, open_timed_clock),
    ROW(open_timed, StubShape::three, open_timed_three),
    ONE(open_timed),
    ROW(count_fallback, StubShape::clocked, count_fallback_clock),
    ONE(count_fallback),
    ROW(note_fallback, StubShape::three, note_fallback_three),
    ONE(note_fallback),
    ONE(close),
    ONE(close_timed),
    ONE(close_timespec),
    ONE(close_timeval),
    ONE(close_getcpu),
    ONE(close_getrandom),
};

}  // namespace

// stubs/entry.S, `call`: it steps over the red zone and saves a register.
Registers at_original_call(Registers at_copy, std::uint64_t saved, std::uint64_t original) {
  at_copy.r9 = saved;
  at_copy.rsp += sizeof saved + kRedZone;
  at_copy.rip = original;
  return at_copy;
}

std::optional<Jump> jump(std::uint64_t from, std::uint64_t to) { return near_jump(from, to); }

std::optional<ShortJump> short_jump(std::uint64_t from, std::uint64_t to) { return vdsotrace::short_jump(from, to); }

std::size_t padding_at(std::span<const std::byte> code) { return vdsotrace::padding_at(code); }

// They read the thread pointer with rdfsbase, which kernels permit from 5.9 on.
bool stubs_usable() { return (::getauxval(AT_HWCAP2) & kHwcap2FsGsBase) != 0; }

StubTemplate stub_template(StubKind kind, StubShape shape) {
  const auto row =
      std::ranges::find_if(kRows, [&](const Row& r) { return r.kind == kind && r.shape.value_or(shape) == shape; });
  CHECK(row != std::ranges::end(kRows));
  return {{row->start, static_cast<std::size_t>(row->end - row->start)},
          static_cast<std::size_t>(row->code - row->start)};
}

}  // namespace vdsotrace::arch
