#include "engines/stub_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "arch/stub_layout.h"
#include "base/check.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kStubAlignment = 64;
/// Where the image is imagined: only distances count, and none may wrap around.
constexpr std::uint64_t kImage = std::uint64_t{1} << 40;

constexpr std::byte kSystemCallCode[] = {std::byte{0x0f}, std::byte{0x05}, std::byte{0xcc}};

using arch::StubKind;

/// What the values of each service look like to a stub.
struct ValueKind {
  std::string_view service;
  StubKind kind;
};
constexpr ValueKind kValueKinds[] = {
    {"clock_gettime", StubKind::timespec}, {"clock_getres", StubKind::timespec}, {"gettimeofday", StubKind::timeval},
    {"time", StubKind::measured},          {"getcpu", StubKind::getcpu},         {"getrandom", StubKind::getrandom},
};

/// Whether the depth has a stub for a service, and which.
std::optional<StubKind> kind_for(const VdsoService& service, StubDepth depth) {
  const auto* row = std::ranges::find(kValueKinds, service.syscall, &ValueKind::service);
  if (row == std::end(kValueKinds)) return std::nullopt;
  switch (depth) {
    case StubDepth::count: return StubKind::count;
    case StubDepth::callers: return StubKind::caller;
    case StubDepth::measured: return StubKind::measured;
    case StubDepth::values: return row->kind;
  }
  return std::nullopt;
}

arch::StubShape shape_of(const VdsoService& service) {
  if (service.arguments > 2) return arch::StubShape::three;
  return service.first_is_clock ? arch::StubShape::clocked : arch::StubShape::plain;
}

/// A run of whole instructions that gives way to a jump.
struct Window {
  std::uint32_t start = 0;
  std::uint32_t end = 0;
  bool overlaps(const Window& other) const { return start < other.end && other.start < end; }
};

class Planner {
 public:
  Planner(const VdsoImage& image, std::int64_t code_distance, StubDepth depth, std::uint64_t mark, bool keep_stack)
      : image_(image), code_(kImage + code_distance), depth_(depth), mark_(mark), keep_stack_(keep_stack) {
    plan_.code.resize(sizeof(StubJournal));
  }

  void add(const VdsoFunction& function, const VdsoService& service) {
    // Undone as a whole if any part of the function is refused.
    const StubPlan before = plan_;
    const auto taken = taken_;
    if (auto added = try_add(function, service); !added) {
      plan_ = before;
      taken_ = taken;
      plan_.refused.push_back({&function, added.error().message});
    }
  }
  StubPlan take() && {
    if (plan_.functions.empty()) plan_.code.clear();
    if (!plan_.code.empty()) write_journal();
    return std::move(plan_);
  }

 private:
  Result<void> try_add(const VdsoFunction& function, const VdsoService& service) {
    if (!function.incomplete.empty()) return fail(function.incomplete);
    const auto kind = kind_for(service, depth_);
    if (!kind || plan_.functions.size() == FUNCTIONS_MAX) return fail("there is no stub for it");
    if (plan_.patches.size() + 1 + function.syscalls.size() > StubJournal::kMostPatches)
      return fail("it makes too many system calls");
    if (std::ranges::find(function.branch_targets, function.entry) != function.branch_targets.end())
      return fail("it jumps to its own entry");
    const auto number = static_cast<std::uint8_t>(plan_.functions.size());
    plan_.functions.push_back({&function, &service, number_of(Abi::x86_64, service.syscall)});
    if (auto entry = plan_entry(function, service, *kind, number); !entry) return entry;
    for (const CodeSite& site : function.syscalls) {
      if (auto fallback = plan_fallback(function, service, site, number); !fallback) return fallback;
    }
    return {};
  }

  void write_journal() {
    StubJournal journal{};
    std::memcpy(journal.magic, kStubMagic, sizeof journal.magic);
    for (const StubPatch& patch : plan_.patches) {
      StubJournal::Patch& entry = journal.patches[journal.patch_count++];
      entry.offset = patch.offset;
      entry.size = static_cast<std::uint32_t>(patch.bytes.size());
      std::memcpy(entry.before, image_.bytes().data() + patch.offset, patch.bytes.size());
    }
    for (const RegionWord& word : plan_.region_words) {
      if (word.ends_recording) journal.words[journal.word_count++] = word.offset;
    }
    std::memcpy(journal.system_call, kSystemCallCode, sizeof kSystemCallCode);
    std::memcpy(plan_.code.data(), &journal, sizeof journal);
  }

  Result<void> plan_entry(const VdsoFunction& function, const VdsoService& service, StubKind kind,
                          std::uint8_t number) {
    const auto window = window_for(function, function.entry, function.entry);
    if (!window) return fail("no jump fits at its entry");
    std::vector<Slot> slots{word(row_of(number, 0)), kRegionItself};
    const bool is_short = kind == StubKind::caller || kind == StubKind::measured;
    if (kind != StubKind::count) {
      slots.push_back(word(is_short ? number | RECORD_SHORT_FLAG : number));
      slots.push_back(word(keep_stack_ ? 1 : 0));
    }
    const bool timed = kind != StubKind::count && kind != StubKind::caller;
    if (timed) slots.push_back(word(1));
    const auto start = append(kind, shape_of(service), slots);
    if (timed) plan_.counter_words.push_back(start.block + static_cast<std::uint32_t>((slots.size() - 1) * sizeof(std::uint64_t)));
    plan_.stubs.push_back({start.block, size(), start.back, number});
    if (auto body = append_moved(*window, true); !body) return body;
    return jump_from(*window, start.code);
  }

  /// Code in front of the system call, the stub in its place, and what comes behind.
  Result<void> plan_fallback(const VdsoFunction& function, const VdsoService& service, const CodeSite& site,
                             std::uint8_t number) {
    for (const VdsoFunction& other : image_.functions()) {
      const bool shared = &other != &function && std::ranges::find(other.syscalls, site.offset, &CodeSite::offset) !=
                                                     other.syscalls.end();
      if (shared && other.entry != function.entry) return fail("it shares a system call with another function");
    }
    const auto window = window_for(function, site.offset, window_start(function, site));
    if (!window) return fail(fmt::format("no jump fits at its system call at {:#x}", site.offset));
    align();
    const std::uint32_t before = size();
    if (auto moved = append_moved({window->start, site.offset}, false); !moved) return moved;
    const bool counts = depth_ == StubDepth::count;
    const StubKind kind = counts ? StubKind::count_fallback : StubKind::record_fallback;
    // The slots must not lie in the path of what runs: they come behind a jump.
    const std::size_t jump = plan_.code.size();
    plan_.code.resize(jump + arch::kJumpSize);
    const std::vector<Slot> slots =
        counts ? std::vector<Slot>{in_region(REGION_COUNTERS + row_of(number, 1)), word(mark_), in_region(0),
                                        word((std::uint64_t{number} + 1) << 32)}
               : std::vector<Slot>{word(mark_), kRegionItself, word(std::uint64_t{number} | RECORD_FALLBACK_FLAG)};
    // With its own arguments, and values, it would not fit where records are one cache line.
    const bool whole = counts || depth_ == StubDepth::values;
    const auto stub = append(kind, whole ? shape_of(service) : arch::StubShape::plain, slots);
    std::ranges::copy(*arch::jump(code_ + jump, code_ + stub.code), plan_.code.begin() + static_cast<std::ptrdiff_t>(jump));
    if (!note_system_call(stub, number)) return fail("its stub has no system call");
    if (auto moved = append_moved({site.offset + site.length, window->end}, true); !moved) return moved;
    return jump_from(*window, before);
  }

  /// A window of at least a jump's size from `first` on that holds the instruction at `at`.
  std::optional<Window> window_for(const VdsoFunction& function, std::uint32_t at, std::uint32_t first) {
    Window window{first, first};
    for (const CodeSite& site : function.instructions) {
      if (site.offset != window.end) continue;
      window.end = site.offset + site.length;
      if (window.end > at && window.end - window.start >= arch::kJumpSize) break;
    }
    if (window.end <= at || window.end - window.start < arch::kJumpSize || !is_free(window)) return std::nullopt;
    taken_.push_back(window);
    return window;
  }

  /// The instruction in front of a system call, usually the one that loads its number, if nothing jumps between.
  std::uint32_t window_start(const VdsoFunction& function, const CodeSite& call) const {
    if (is_target(call.offset)) return call.offset;
    for (const CodeSite& site : function.instructions) {
      if (site.offset + site.length == call.offset) return site.offset;
    }
    return call.offset;
  }

  bool is_target(std::uint32_t offset) const {
    return std::ranges::any_of(image_.functions(), [&](const VdsoFunction& function) {
      const auto has = [&](const auto& list) { return std::ranges::find(list, offset) != list.end(); };
      return function.entry == offset || has(function.branch_targets) || has(function.helpers);
    });
  }

  bool is_free(const Window& window) const {
    for (std::uint32_t offset = window.start + 1; offset < window.end; ++offset) {
      if (is_target(offset)) return false;
    }
    return std::ranges::none_of(taken_, [&](const Window& other) { return other.overlaps(window); });
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(plan_.code.size()); }
  void align() { plan_.code.resize((plan_.code.size() + kStubAlignment - 1) / kStubAlignment * kStubAlignment); }
  static std::uint64_t row_of(std::uint8_t number, unsigned row_kind) {
    return (std::uint64_t{row_kind} << KIND_LOG2) + (std::uint64_t{number} << ROW_LOG2);
  }

  /// What goes into a slot of a template.
  struct Slot {
    enum class Kind : std::uint8_t { word, in_region, region_itself };
    Kind kind;
    std::uint64_t value;
  };
  static constexpr Slot kRegionItself{Slot::Kind::region_itself, 0};
  static Slot word(std::uint64_t value) { return {Slot::Kind::word, value}; }
  static Slot in_region(std::uint64_t offset) { return {Slot::Kind::in_region, offset}; }

  struct Placed {
    std::uint32_t block;
    std::uint32_t code;
    std::uint32_t back;
    std::span<const std::byte> bytes;
  };
  Placed append(StubKind kind, arch::StubShape shape, const std::vector<Slot>& slots) {
    align();
    const arch::StubTemplate stub = arch::stub_template(kind, shape);
    const std::uint32_t block = size();
    plan_.code.insert(plan_.code.end(), stub.bytes.begin(), stub.bytes.end());
    CHECK(slots.size() == stub.slots());
    for (std::uint32_t i = 0; i < slots.size(); ++i) fill(block + i * 8, slots[i]);
    const auto back = static_cast<std::uint32_t>(stub.back == 0 ? 0 : block + stub.back);
    return {block, static_cast<std::uint32_t>(block + stub.code), back, stub.bytes};
  }

  void fill(std::uint32_t offset, const Slot& slot) {
    if (slot.kind == Slot::Kind::word) {
      std::memcpy(plan_.code.data() + offset, &slot.value, sizeof slot.value);
    } else {
      plan_.region_words.push_back({offset, slot.value, slot.kind == Slot::Kind::region_itself});
    }
  }

  /// Copies the window's instructions to the end of the code; with a jump back behind them, if asked.
  Result<void> append_moved(const Window& window, bool back) {
    const auto run = image_.bytes().subspan(window.start, window.end - window.start);
    const std::uint32_t start = size();
    auto moved = relocate(image_.machine(), run, kImage + window.start, code_ + start);
    if (!moved) return tl::unexpected(moved.error());
    if (!back) moved->bytes.resize(moved->map.back().moved);
    for (std::size_t i = 0; i + 1 < moved->map.size(); ++i)
      plan_.moved.push_back({window.start + moved->map[i].original, start + moved->map[i].moved});
    plan_.code.insert(plan_.code.end(), moved->bytes.begin(), moved->bytes.end());
    return {};
  }

  Result<void> jump_from(const Window& window, std::uint32_t code) {
    const std::uint64_t from = kImage + window.start;
    const std::uint64_t to = code_ + code;
    const auto jump = arch::jump(from, to);
    if (!jump) return fail("the stubs are out of a jump's reach");
    plan_.patches.push_back({window.start, {jump->begin(), jump->end()}});
    return {};
  }

  bool note_system_call(const Placed& stub, std::uint8_t number) {
    const auto code = stub.bytes.subspan(stub.code - stub.block);
    const auto found = std::search(code.begin(), code.end(), kSystemCallCode, kSystemCallCode + 2);
    if (found == code.end()) return false;
    const auto after = static_cast<std::uint32_t>(found - code.begin()) + 2;
    plan_.fallbacks.push_back({stub.code + after, number});
    plan_.stubs.push_back({stub.code + after, size(), 0, number});
    return true;
  }

  const VdsoImage& image_;
  std::uint64_t code_;
  StubDepth depth_;
  std::uint64_t mark_;
  bool keep_stack_;
  std::vector<Window> taken_;
  StubPlan plan_;
};

}  // namespace

bool StubPlan::covers(const VdsoFunction* function) const {
  return std::ranges::find(functions, function, &StubbedFunction::function) != functions.end();
}

StubPlan plan_stubs(const VdsoImage& image, std::int64_t code_distance, StubDepth depth, std::uint64_t mark,
                    const std::function<bool(const VdsoService&)>& wanted, bool keep_stack) {
  Planner planner(image, code_distance, depth, mark, keep_stack);
  for (const VdsoFunction& function : image.functions()) {
    const VdsoService* service = service_for(function);
    if (service != nullptr && wanted(*service)) planner.add(function, *service);
  }
  return std::move(planner).take();
}

}  // namespace vdsotrace
