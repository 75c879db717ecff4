#include "model/syscalls/process/perf_event.hpp"

#include <algorithm>
#include <optional>

#include <errno.h>

#include "model/syscalls/given_bytes.hpp"
#include "model/syscalls/time/kinds.hpp"

namespace vdsotrace {
namespace {

// struct perf_event_attr as Linux 6.1 has it (include/uapi/linux/perf_event.h): older headers lack the newest parts.
constexpr std::uint32_t kFirstSize = 64;
constexpr std::size_t kKnownSize = 128;
constexpr std::uint64_t kTypeAt = 0, kSizeAt = 4, kConfigAt = 8, kPeriodAt = 16, kSamplesAt = 24, kReadFormatAt = 32;
constexpr std::uint64_t kBitsAt = 40;
constexpr std::uint64_t kMembersAt = 48;  ///< what lies behind the bits

enum EventType : std::uint32_t { kHardware, kSoftware, kTracepointEvent, kCache, kRaw, kBreakpoint };

constexpr std::uint64_t kFrequencyBit = 1 << 10, kWatermarkBit = 1 << 14, kClockBit = 1 << 25;
constexpr std::uint64_t kBranchSamples = 1 << 11, kStackSamples = 1 << 13;

constexpr NamedValue kTypeNames[] = {
    {kHardware, "PERF_TYPE_HARDWARE"}, {kSoftware, "PERF_TYPE_SOFTWARE"}, {kTracepointEvent, "PERF_TYPE_TRACEPOINT"},
    {kCache, "PERF_TYPE_HW_CACHE"},    {kRaw, "PERF_TYPE_RAW"},           {kBreakpoint, "PERF_TYPE_BREAKPOINT"}};
constexpr NameTable kTypes{kTypeNames, "PERF_TYPE_???"};

constexpr NamedValue kAttributeSizeNames[] = {{64, "PERF_ATTR_SIZE_VER0"},  {72, "PERF_ATTR_SIZE_VER1"},
                                              {80, "PERF_ATTR_SIZE_VER2"},  {96, "PERF_ATTR_SIZE_VER3"},
                                              {104, "PERF_ATTR_SIZE_VER4"}, {112, "PERF_ATTR_SIZE_VER5"},
                                              {120, "PERF_ATTR_SIZE_VER6"}, {128, "PERF_ATTR_SIZE_VER7"}};
constexpr NameTable kAttributeSizes{kAttributeSizeNames, "PERF_ATTR_SIZE_???"};

constexpr NamedValue kHardwareNames[] = {{0, "PERF_COUNT_HW_CPU_CYCLES"},
                                         {1, "PERF_COUNT_HW_INSTRUCTIONS"},
                                         {2, "PERF_COUNT_HW_CACHE_REFERENCES"},
                                         {3, "PERF_COUNT_HW_CACHE_MISSES"},
                                         {4, "PERF_COUNT_HW_BRANCH_INSTRUCTIONS"},
                                         {5, "PERF_COUNT_HW_BRANCH_MISSES"},
                                         {6, "PERF_COUNT_HW_BUS_CYCLES"},
                                         {7, "PERF_COUNT_HW_STALLED_CYCLES_FRONTEND"},
                                         {8, "PERF_COUNT_HW_STALLED_CYCLES_BACKEND"},
                                         {9, "PERF_COUNT_HW_REF_CPU_CYCLES"}};
constexpr NameTable kHardwareEvents{kHardwareNames, "PERF_COUNT_HW_???"};

constexpr NamedValue kSoftwareNames[] = {{0, "PERF_COUNT_SW_CPU_CLOCK"},        {1, "PERF_COUNT_SW_TASK_CLOCK"},
                                         {2, "PERF_COUNT_SW_PAGE_FAULTS"},      {3, "PERF_COUNT_SW_CONTEXT_SWITCHES"},
                                         {4, "PERF_COUNT_SW_CPU_MIGRATIONS"},   {5, "PERF_COUNT_SW_PAGE_FAULTS_MIN"},
                                         {6, "PERF_COUNT_SW_PAGE_FAULTS_MAJ"},  {7, "PERF_COUNT_SW_ALIGNMENT_FAULTS"},
                                         {8, "PERF_COUNT_SW_EMULATION_FAULTS"}, {9, "PERF_COUNT_SW_DUMMY"},
                                         {10, "PERF_COUNT_SW_BPF_OUTPUT"},      {11, "PERF_COUNT_SW_CGROUP_SWITCHES"}};
constexpr NameTable kSoftwareEvents{kSoftwareNames, "PERF_COUNT_SW_???"};

constexpr NamedValue kCacheNames[] = {{0, "PERF_COUNT_HW_CACHE_L1D"},  {1, "PERF_COUNT_HW_CACHE_L1I"},
                                      {2, "PERF_COUNT_HW_CACHE_LL"},   {3, "PERF_COUNT_HW_CACHE_DTLB"},
                                      {4, "PERF_COUNT_HW_CACHE_ITLB"}, {5, "PERF_COUNT_HW_CACHE_BPU"},
                                      {6, "PERF_COUNT_HW_CACHE_NODE"}};
constexpr NameTable kCaches{kCacheNames, "PERF_COUNT_HW_CACHE_???"};
constexpr NamedValue kCacheOperationNames[] = {
    {0, "PERF_COUNT_HW_CACHE_OP_READ"}, {1, "PERF_COUNT_HW_CACHE_OP_WRITE"}, {2, "PERF_COUNT_HW_CACHE_OP_PREFETCH"}};
constexpr NameTable kCacheOperations{kCacheOperationNames, "PERF_COUNT_HW_CACHE_OP_???"};
constexpr NamedValue kCacheResultNames[] = {{0, "PERF_COUNT_HW_CACHE_RESULT_ACCESS"},
                                            {1, "PERF_COUNT_HW_CACHE_RESULT_MISS"}};
constexpr NameTable kCacheResults{kCacheResultNames, "PERF_COUNT_HW_CACHE_RESULT_???"};

#define BIT(position, name) \
  NamedValue { std::uint64_t{1} << (position), name }
constexpr NamedValue kSampleNames[] = {BIT(0, "PERF_SAMPLE_IP"),
                                       BIT(1, "PERF_SAMPLE_TID"),
                                       BIT(2, "PERF_SAMPLE_TIME"),
                                       BIT(3, "PERF_SAMPLE_ADDR"),
                                       BIT(4, "PERF_SAMPLE_READ"),
                                       BIT(5, "PERF_SAMPLE_CALLCHAIN"),
                                       BIT(6, "PERF_SAMPLE_ID"),
                                       BIT(7, "PERF_SAMPLE_CPU"),
                                       BIT(8, "PERF_SAMPLE_PERIOD"),
                                       BIT(9, "PERF_SAMPLE_STREAM_ID"),
                                       BIT(10, "PERF_SAMPLE_RAW"),
                                       BIT(11, "PERF_SAMPLE_BRANCH_STACK"),
                                       BIT(12, "PERF_SAMPLE_REGS_USER"),
                                       BIT(13, "PERF_SAMPLE_STACK_USER"),
                                       BIT(14, "PERF_SAMPLE_WEIGHT"),
                                       BIT(15, "PERF_SAMPLE_DATA_SRC"),
                                       BIT(16, "PERF_SAMPLE_IDENTIFIER"),
                                       BIT(17, "PERF_SAMPLE_TRANSACTION"),
                                       BIT(18, "PERF_SAMPLE_REGS_INTR"),
                                       BIT(19, "PERF_SAMPLE_PHYS_ADDR"),
                                       BIT(20, "PERF_SAMPLE_AUX"),
                                       BIT(21, "PERF_SAMPLE_CGROUP"),
                                       BIT(22, "PERF_SAMPLE_DATA_PAGE_SIZE"),
                                       BIT(23, "PERF_SAMPLE_CODE_PAGE_SIZE"),
                                       BIT(24, "PERF_SAMPLE_WEIGHT_STRUCT")};
constexpr NameTable kSamples{kSampleNames, "PERF_SAMPLE_???"};

constexpr NamedValue kReadFormatNames[] = {BIT(0, "PERF_FORMAT_TOTAL_TIME_ENABLED"),
                                           BIT(1, "PERF_FORMAT_TOTAL_TIME_RUNNING"), BIT(2, "PERF_FORMAT_ID"),
                                           BIT(3, "PERF_FORMAT_GROUP"), BIT(4, "PERF_FORMAT_LOST")};
constexpr NameTable kReadFormats{kReadFormatNames, "PERF_FORMAT_???"};

constexpr NamedValue kBranchNames[] = {
    BIT(0, "PERF_SAMPLE_BRANCH_USER"),       BIT(1, "PERF_SAMPLE_BRANCH_KERNEL"),
    BIT(2, "PERF_SAMPLE_BRANCH_HV"),         BIT(3, "PERF_SAMPLE_BRANCH_ANY"),
    BIT(4, "PERF_SAMPLE_BRANCH_ANY_CALL"),   BIT(5, "PERF_SAMPLE_BRANCH_ANY_RETURN"),
    BIT(6, "PERF_SAMPLE_BRANCH_IND_CALL"),   BIT(7, "PERF_SAMPLE_BRANCH_ABORT_TX"),
    BIT(8, "PERF_SAMPLE_BRANCH_IN_TX"),      BIT(9, "PERF_SAMPLE_BRANCH_NO_TX"),
    BIT(10, "PERF_SAMPLE_BRANCH_COND"),      BIT(11, "PERF_SAMPLE_BRANCH_CALL_STACK"),
    BIT(12, "PERF_SAMPLE_BRANCH_IND_JUMP"),  BIT(13, "PERF_SAMPLE_BRANCH_CALL"),
    BIT(14, "PERF_SAMPLE_BRANCH_NO_FLAGS"),  BIT(15, "PERF_SAMPLE_BRANCH_NO_CYCLES"),
    BIT(16, "PERF_SAMPLE_BRANCH_TYPE_SAVE"), BIT(17, "PERF_SAMPLE_BRANCH_HW_INDEX"),
    BIT(18, "PERF_SAMPLE_BRANCH_PRIV_SAVE")};
constexpr NameTable kBranches{kBranchNames, "PERF_SAMPLE_BRANCH_???"};
#undef BIT

constexpr NamedValue kBreakpointNames[] = {{0, "HW_BREAKPOINT_EMPTY"},
                                           {1, "HW_BREAKPOINT_R"},
                                           {2, "HW_BREAKPOINT_W"},
                                           {3, "HW_BREAKPOINT_RW"},
                                           {4, "HW_BREAKPOINT_X"}};
constexpr std::uint64_t kAllBreakpoints = 7;  ///< HW_BREAKPOINT_RW | HW_BREAKPOINT_X, which no processor has

/// The bits, from the lowest on; precise_ip has two.
constexpr std::string_view kPrecise = "precise_ip";
constexpr std::string_view kBitNames[] = {"disabled",
                                          "inherit",
                                          "pinned",
                                          "exclusive",
                                          "exclude_user",
                                          "exclude_kernel",
                                          "exclude_hv",
                                          "exclude_idle",
                                          "mmap",
                                          "comm",
                                          "freq",
                                          "inherit_stat",
                                          "enable_on_exec",
                                          "task",
                                          "watermark",
                                          kPrecise,
                                          "mmap_data",
                                          "sample_id_all",
                                          "exclude_host",
                                          "exclude_guest",
                                          "exclude_callchain_kernel",
                                          "exclude_callchain_user",
                                          "mmap2",
                                          "comm_exec",
                                          "use_clockid",
                                          "context_switch",
                                          "write_backward",
                                          "namespaces",
                                          "ksymbol",
                                          "bpf_event",
                                          "aux_output",
                                          "cgroup",
                                          "text_poke",
                                          "build_id",
                                          "inherit_thread",
                                          "remove_on_exec",
                                          "sigtrap"};
constexpr std::string_view kSkids[] = {"arbitrary skid", "constant skid", "requested to have 0 skid",
                                       "must have 0 skid"};

struct EventAttributes : GivenBytes<kKnownSize> {
  std::uint32_t type() const { return at<std::uint32_t>(kTypeAt); }
  bool has_bit(std::uint64_t bit) const { return (at<std::uint64_t>(kBitsAt) & bit) != 0; }
  bool samples(std::uint64_t what) const { return (at<std::uint64_t>(kSamplesAt) & what) != 0; }
};

enum class As : std::uint8_t { decimal, hex, breakpoint, flags, clock, reserved };

/// A member behind the bits.
struct MemberRow {
  std::string_view name;
  std::uint8_t offset;
  std::uint8_t size;
  As as;
  bool (*present)(const EventAttributes& all) = nullptr;
  const NameTable* names = nullptr;
};

bool is_breakpoint(const EventAttributes& all) { return all.type() == kBreakpoint; }
bool is_no_breakpoint(const EventAttributes& all) { return all.type() != kBreakpoint; }
bool has_watermark(const EventAttributes& all) { return all.has_bit(kWatermarkBit); }
bool has_no_watermark(const EventAttributes& all) { return !all.has_bit(kWatermarkBit); }
bool has_clock(const EventAttributes& all) { return all.has_bit(kClockBit); }
bool samples_branches(const EventAttributes& all) { return all.samples(kBranchSamples); }
bool samples_stack(const EventAttributes& all) { return all.samples(kStackSamples); }

constexpr MemberRow kMembers[] = {
    {"wakeup_watermark", kMembersAt, 4, As::decimal, has_watermark},
    {"wakeup_events", kMembersAt, 4, As::decimal, has_no_watermark},
    {"bp_type", 52, 4, As::breakpoint, is_breakpoint},
    {"bp_addr", 56, 8, As::hex, is_breakpoint},
    {"config1", 56, 8, As::hex, is_no_breakpoint},
    {"bp_len", 64, 8, As::decimal, is_breakpoint},
    {"config2", 64, 8, As::hex, is_no_breakpoint},
    {"branch_sample_type", 72, 8, As::flags, samples_branches, &kBranches},
    {"sample_regs_user", 80, 8, As::hex},
    {"sample_stack_user", 88, 4, As::hex, samples_stack},
    {"clockid", 92, 4, As::clock, has_clock},
    {"sample_regs_intr", 96, 8, As::hex},
    {"aux_watermark", 104, 4, As::decimal},
    {"sample_max_stack", 108, 2, As::decimal},
    {"", 110, 2, As::reserved},
    {"aux_sample_size", 112, 4, As::decimal},
    {"", 116, 4, As::reserved},
    {"sig_data", 120, 8, As::hex},
};

void print_among(ArgContext& c, std::uint64_t value, const NameTable& names) {
  print_choice(c, value, names.values, names.unknown);
}

void print_member(ArgContext& c, const EventAttributes& all, const MemberRow& row) {
  const std::uint64_t value = all.number(row.offset, row.size);
  if (row.as == As::reserved) {
    if (value != 0) c.print(" /* bytes {}..{}: {:#x} */", row.offset, row.offset + row.size - 1, value);
    return;
  }
  c.print(", {}=", row.name);
  switch (row.as) {
    case As::hex: print_hex(c, value); break;
    case As::breakpoint:
      print_choice(c, value, kBreakpointNames,
                   value <= kAllBreakpoints ? "HW_BREAKPOINT_INVALID" : "HW_BREAKPOINT_???");
      break;
    case As::flags: print_flags(c, value, row.names->values, row.names->unknown); break;
    case As::clock: print_clock(c, static_cast<std::int32_t>(value)); break;
    default: c.put_number(value);
  }
}

void print_part(ArgContext& c, std::uint64_t part, unsigned shift) {
  if (part == 0) return;
  print_hex(c, part);
  c.print("<<{}|", shift);
}

void print_cache_event(ArgContext& c, std::uint64_t config) {
  constexpr std::uint64_t kByte = 0xff;
  print_part(c, config >> 32, 32);
  print_part(c, config >> 24 & kByte, 24);
  print_among(c, config >> 16 & kByte, kCacheResults);
  c.put("<<16|");
  print_among(c, config >> 8 & kByte, kCacheOperations);
  c.put("<<8|");
  print_among(c, config & kByte, kCaches);
}

void print_config(ArgContext& c, const EventAttributes& all) {
  constexpr std::uint64_t kLowHalf = 0xffff'ffff;
  const auto config = all.at<std::uint64_t>(kConfigAt);
  c.put(", config=");
  switch (all.type()) {
    case kHardware:
      print_part(c, config >> 32, 32);
      print_among(c, config & kLowHalf, kHardwareEvents);
      break;
    case kSoftware: print_among(c, config, kSoftwareEvents); break;
    case kTracepointEvent: c.put_number(config); break;
    case kCache: print_cache_event(c, config); break;
    default: print_hex(c, config);
  }
}

void print_bits(ArgContext& c, std::uint64_t bits) {
  for (const std::string_view name : kBitNames) {
    const bool precise = name == kPrecise;
    const std::uint64_t value = bits & (precise ? 3 : 1);
    bits >>= precise ? 2 : 1;
    if (precise) {
      c.print(", {}={} /* {} */", name, value, kSkids[value]);
    } else if (value != 0 || !c.abbreviated()) {
      c.print(", {}={}", name, value);
    }
  }
  if (bits != 0) c.print(", __reserved_1={:#x} /* Bits 63..38 */", bits);
}

void print_members(ArgContext& c, const EventAttributes& all) {
  for (const MemberRow& row : kMembers) {
    if (row.offset < all.given && (row.present == nullptr || row.present(all))) print_member(c, all, row);
  }
}

void print_size(ArgContext& c, const EventAttributes& all, std::uint64_t address) {
  const auto size = all.at<std::uint32_t>(kSizeAt);
  c.put(", size=");
  print_among(c, size, kAttributeSizes);
  // The kernel says how much it knows where it was given too much.
  const bool corrected = c.exiting() && c.call().error == E2BIG;
  const auto known = corrected ? c.memory().object<std::uint32_t>(address + kSizeAt) : std::nullopt;
  if (!known || *known == size) return;
  c.put(" => ");
  print_among(c, *known, kAttributeSizes);
}

void print_attributes(ArgContext& c, const EventAttributes& all, std::uint64_t address) {
  c.put("{type=");
  print_among(c, all.type(), kTypes);
  print_size(c, all, address);
  print_config(c, all);
  c.print(", {}={}", all.has_bit(kFrequencyBit) ? "sample_freq" : "sample_period", all.at<std::uint64_t>(kPeriodAt));
  c.put(", sample_type=");
  print_flags(c, all.at<std::uint64_t>(kSamplesAt), kSamples.values, kSamples.unknown);
  c.put(", read_format=");
  print_flags(c, all.at<std::uint64_t>(kReadFormatAt), kReadFormats.values, kReadFormats.unknown);
  print_bits(c, all.at<std::uint64_t>(kBitsAt));
  if (!c.abbreviated()) print_members(c, all);
  c.put(c.abbreviated() || all.given > kKnownSize ? ", ...}" : "}");
}

/// Every version of the structure is at least as long as the first; a length of zero means that one.
std::optional<EventAttributes> attributes_at(ArgContext& c, std::uint64_t address) {
  const auto size = address != 0 ? c.entry_memory().object<std::uint32_t>(address + kSizeAt) : std::nullopt;
  if (!size || (*size != 0 && *size < kFirstSize)) return std::nullopt;
  EventAttributes all;
  all.given = *size != 0 ? *size : kFirstSize;
  const auto wanted = std::span(all.bytes).first(std::min<std::size_t>(all.given, kKnownSize));
  if (c.entry_memory().read(address, wanted) != wanted.size()) return std::nullopt;
  return all;
}

void print_perf_event_attributes_arg(ArgContext& c) { print_perf_event_attributes_at(c, c.value()); }

}  // namespace

void print_perf_event_attributes_at(ArgContext& c, std::uint64_t address) {
  if (const auto all = attributes_at(c, address)) {
    print_attributes(c, *all, address);
  } else {
    print_address(c, address);
  }
}

const ArgKind kPerfEventAttributes{print_perf_event_attributes_arg, When::exit_and_entry};

}  // namespace vdsotrace
