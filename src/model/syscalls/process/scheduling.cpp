// Schedulers, their attributes, processor sets.
#include <algorithm>
#include <array>
#include <vector>

#include <errno.h>
#include <sched.h>

#include "model/syscalls/process/kinds.hpp"

namespace vdsotrace {
namespace {

constexpr std::array kSchedulerValues{NAMED(SCHED_OTHER), NAMED(SCHED_FIFO), NAMED(SCHED_RR),      NAMED(SCHED_BATCH),
                                      NAMED(SCHED_ISO),   NAMED(SCHED_IDLE), NAMED(SCHED_DEADLINE)};

/// struct sched_attr (include/uapi/linux/sched/types.h), which glibc 2.36 does not have.
struct SchedAttr {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;
  std::uint64_t deadline;
  std::uint64_t period;
  std::uint32_t util_min;
  std::uint32_t util_max;
};
constexpr std::uint64_t kFirstSchedAttr = 48;
constexpr std::uint64_t kKeepPolicy = 0x08;
constexpr std::uint64_t kKeepParams = 0x10;
constexpr std::uint64_t kClampMin = 0x20;
constexpr std::uint64_t kClampMax = 0x40;
constexpr std::array kSchedFlags{
    NamedValue{0x01, "SCHED_FLAG_RESET_ON_FORK"},      NamedValue{0x02, "SCHED_FLAG_RECLAIM"},
    NamedValue{0x04, "SCHED_FLAG_DL_OVERRUN"},         NamedValue{kKeepPolicy, "SCHED_FLAG_KEEP_POLICY"},
    NamedValue{kKeepParams, "SCHED_FLAG_KEEP_PARAMS"}, NamedValue{kClampMin, "SCHED_FLAG_UTIL_CLAMP_MIN"},
    NamedValue{kClampMax, "SCHED_FLAG_UTIL_CLAMP_MAX"}};

struct SchedAttrParts {
  bool policy = true;
  bool params = true;
  bool clamps = true;
  bool more = false;  ///< there is something behind what is known
};

void print_sched_attr(ArgContext& c, const SchedAttr& attr, SchedAttrParts parts) {
  c.print("{{size={}", attr.size);
  if (parts.policy) {
    c.put(", sched_policy=");
    print_choice(c, attr.policy, kSchedulers.values, kSchedulers.unknown);
  }
  c.put(", sched_flags=");
  print_flags(c, attr.flags, kSchedFlags, "SCHED_FLAG_???");
  if (parts.params) {
    c.print(
        ", sched_nice={}, sched_priority={}, sched_runtime={}, sched_deadline={}, "
        "sched_period={}",
        attr.nice, attr.priority, attr.runtime, attr.deadline, attr.period);
  }
  if (parts.clamps) c.print(", sched_util_min={}, sched_util_max={}", attr.util_min, attr.util_max);
  c.put(parts.more ? ", ...}" : "}");
}

/// As much of the structure as a program of its time knew; the rest is zero.
std::optional<SchedAttr> sched_attr_at(ArgContext& c, std::uint64_t size) {
  SchedAttr attr{};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, sizeof attr));
  const auto bytes = std::as_writable_bytes(std::span(&attr, 1)).first(wanted);
  if (c.value() == 0 || wanted < kFirstSchedAttr || (c.exiting() && c.failed()) ||
      c.memory().read(c.value(), bytes) != wanted) {
    return std::nullopt;
  }
  return attr;
}

}  // namespace

const NameTable kSchedulers{kSchedulerValues, "SCHED_???"};

void print_processors_at(ArgContext& c, std::uint64_t address, std::uint64_t size) {
  constexpr std::uint64_t kMostBytes = 128;  // what strace shows: a cpu_set_t
  std::vector<std::byte> set(static_cast<std::size_t>(std::min(size, kMostBytes)));
  if (address == 0 || c.memory().read(address, set) != set.size()) {
    print_address(c, address);
    return;
  }
  std::string_view separator = "[";
  for (std::size_t cpu = 0; cpu < set.size() * 8; ++cpu) {
    if (((static_cast<unsigned>(set[cpu / 8]) >> (cpu % 8)) & 1) == 0) continue;
    c.print("{}{}", separator, cpu);
    separator = " ";
  }
  if (size > kMostBytes) c.print("{}...", separator);
  c.put(separator == "[" && size <= kMostBytes ? "[]" : "]");
}

void print_affinity_arg(ArgContext& c) {
  print_processors_at(c, c.value(), static_cast<std::uint32_t>(c.arg(c.index() - 1)));
}

void print_affinity_out_arg(ArgContext& c) {
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_processors_at(c, c.value(), c.filled(static_cast<std::uint32_t>(c.arg(c.index() - 1))));
  }
}

void print_sched_param_arg(ArgContext& c) { print_int_at_arg(c); }

namespace {

/// The kernel says how much it knows where it was given too much, or too little (E2BIG in sched_setattr(2)).
void print_known_size(ArgContext& c, std::uint32_t given) {
  const auto known = c.call().error == E2BIG ? c.memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (known && *known != given) c.print(" => {{size={}}}", *known);
}

}  // namespace

void print_sched_attr_arg(ArgContext& c) {
  const auto size = c.value() != 0 ? c.entry_memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (c.exiting()) {
    if (size) print_known_size(c, *size);
    return;
  }
  const std::uint64_t given = size && *size != 0 ? *size : kFirstSchedAttr;
  const auto attr = sched_attr_at(c, given);
  if (size && given < kFirstSchedAttr) {
    c.print("{{size={}}}", *size);
  } else if (!attr) {
    print_address(c, c.value());
  } else {
    print_sched_attr(c, *attr,
                     {.policy = (attr->flags & (kKeepPolicy | kKeepParams)) == 0,
                      .params = (attr->flags & kKeepParams) == 0,
                      .clamps = given >= sizeof(SchedAttr),
                      .more = given > sizeof(SchedAttr)});
  }
}

void print_sched_attr_out_arg(ArgContext& c) {
  const auto attr = sched_attr_at(c, static_cast<std::uint32_t>(c.arg(c.index() + 1)));
  if (!attr) {
    print_address(c, c.value());
    return;
  }
  print_sched_attr(c, *attr, {.clamps = attr->size >= sizeof(SchedAttr)});
}

void comment_policy(ArgContext& c) {
  c.put("(");
  print_names_only(c, [&] {
    print_choice(c, static_cast<std::uint64_t>(c.call().result), kSchedulers.values, kSchedulers.unknown);
  });
  c.put(")");
}

}  // namespace vdsotrace
