#include "engines/inline/plan/stub_plan.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "arch/stub_layout.h"
#include "base/check.hpp"
#include "base/page.hpp"
#include "engines/inline/plan/stub_assembly.hpp"
#include "engines/inline/plan/stub_windows.hpp"
#include "model/code/liveness.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

using arch::StubKind;

/// The stub that keeps a call with its values.
std::optional<StubKind> value_kind(const VdsoService& service) {
  switch (service.output) {
    case ServiceOutput::timespec: return StubKind::close_timespec;
    case ServiceOutput::timeval: return StubKind::close_timeval;
    case ServiceOutput::result: return StubKind::close_timed;
    case ServiceOutput::cpu: return StubKind::close_getcpu;
    case ServiceOutput::random: return StubKind::close_getrandom;
    case ServiceOutput::unknown: break;
  }
  return std::nullopt;
}

arch::StubShape shape_of(const VdsoService& service) {
  if (service.arguments > 2) return arch::StubShape::three;
  return service.first_is_clock ? arch::StubShape::clocked : arch::StubShape::plain;
}

/// The stub at a function's return.
StubKind close_kind(const VdsoService& service, StubDepth depth) {
  if (depth == StubDepth::callers) return StubKind::close;
  return depth == StubDepth::measured ? StubKind::close_timed : *value_kind(service);
}

/// What is done where padding is short: each takes less of it than the one before, and moves more code.
enum class Frugality : std::uint8_t {
  none,
  copies,       ///< no jumps behind system calls: they are made by copies
  wide_entries  ///< and the code at entries that gives way to more than a jump is as good as padding
};
constexpr Frugality kFrugalities[] = {Frugality::none, Frugality::copies, Frugality::wide_entries};

class Planner {
 public:
  Planner(const VdsoImage& image, const StubWishes& wishes, Frugality frugality)
      : image_(image), wishes_(wishes), frugality_(frugality), windows_(image), assembly_(image, plan_) {
    mapping_end_ = static_cast<std::uint32_t>(whole_pages(image.bytes().size()));
  }

  void add(const VdsoFunction& function, const VdsoService& service) {
    // Undone as a whole if any part of the function is refused.
    const StubPlan before = plan_;
    const auto taken = windows_.state();
    if (auto added = try_add(function, service); !added) {
      plan_ = before;
      windows_.restore(taken);
      plan_.refused.push_back({&function, added.error().message});
    }
  }

  StubPlan take() && {
    if (plan_.functions.empty() && !wishes_.rings_alone) {
      plan_.code.clear();
    } else {
      assembly_.write_journal();
    }
    return std::move(plan_);
  }

 private:
  /// What is known of the function that is being planned.
  struct Current {
    const VdsoFunction& function;
    const VdsoService& service;
    std::uint8_t number;
    std::optional<std::uint32_t> leave{};  ///< trampoline that stands for a return, where records are made
    std::vector<std::uint32_t> done{};     ///< returns that lie in a window
  };

  bool records() const { return wishes_.depth != StubDepth::count; }

  Result<void> try_add(const VdsoFunction& function, const VdsoService& service) {
    if (auto suits = check_suitable(function, service); !suits) return suits;
    Current current{function, service, static_cast<std::uint8_t>(plan_.functions.size())};
    plan_.functions.push_back({&function, &service, number_of(Abi::x86_64, service.syscall)});
    if (records()) current.leave = assembly_.add_trampoline(StubKind::leave, {stub_at(add_close(current))});
    if (auto sites = plan_sites(current); !sites) return sites;
    return check_room();
  }

  Result<void> check_suitable(const VdsoFunction& function, const VdsoService& service) const {
    if (!function.incomplete.empty()) return fail(function.incomplete);
    if (!value_kind(service) || plan_.functions.size() == FUNCTIONS_MAX) return fail("there is no stub for it");
    if (std::ranges::find(function.branch_targets, function.entry) != function.branch_targets.end())
      return fail("it jumps to its own entry");
    return refuse_shared(function);
  }

  Result<void> plan_sites(Current& current) {
    if (auto entry = plan_entry(current); !entry) return entry;
    for (const CodeSite& site : current.function.syscalls) {
      if (auto fallback = plan_fallback(current, site); !fallback) return fallback;
    }
    for (const CodeSite& site : current.function.returns) {
      if (auto exit = plan_return(current, site); !exit) return exit;
    }
    return {};
  }

  /// Whether what is planned can be written and undone.
  Result<void> check_room() const {
    if (plan_.patches.size() > StubJournal::kMostPatches || plan_.moved.size() > StubJournal::kMostMoved ||
        plan_.fallbacks.size() > StubJournal::kMostCopies)
      return fail("it takes too many jumps");
    if (assembly_.next_trampoline() > mapping_end_) return fail("no room is left in its last page");
    return {};
  }

  /// In code that two functions share, nothing shows which was called.
  Result<void> refuse_shared(const VdsoFunction& function) const {
    const auto has = [](const std::vector<CodeSite>& sites, std::uint32_t offset) {
      return std::ranges::find(sites, offset, &CodeSite::offset) != sites.end();
    };
    for (const VdsoFunction& other : image_.functions()) {
      if (other.entry == function.entry) continue;
      for (const CodeSite& site : function.syscalls) {
        if (has(other.syscalls, site.offset)) return fail("it shares a system call with another function");
      }
      for (const CodeSite& site : function.returns) {
        if (records() && has(other.returns, site.offset)) return fail("it shares a return with another function");
      }
    }
    return {};
  }

  // ---- stubs, in the code ----

  std::uint32_t add_open(const Current& current) {
    const auto row = word(BLOCK_ROWS + row_of(current.number));
    if (!records())
      return assembly_.add_stub(StubKind::count, shape_of(current.service),
                                {row, in_region(REGION_INDEX), in_region(REGION_SHARED)});
    const bool timed = wishes_.depth != StubDepth::callers;
    std::vector<Slot> slots{row, in_region(REGION_INDEX), in_region(REGION_SHARED), in_region(0),
                            word(commit_of(current))};
    if (timed) slots.push_back(word(1));
    return assembly_.add_stub(timed ? StubKind::open_timed : StubKind::open, shape_of(current.service), slots, timed);
  }

  /// What its records bear beside their position.
  std::uint64_t commit_of(const Current& current) const {
    const StubKind kind = close_kind(current.service, wishes_.depth);
    const bool is_short = kind == StubKind::close || kind == StubKind::close_timed;
    const bool is_long = wishes_.keep_stack && current.service.output == ServiceOutput::random;
    return current.number | (is_short ? RECORD_SHORT_FLAG : 0u) | (is_long ? RECORD_LONG_FLAG : 0u);
  }

  std::uint32_t add_close(const Current& current) {
    const StubKind kind = close_kind(current.service, wishes_.depth);
    const bool is_long = (commit_of(current) & RECORD_LONG_FLAG) != 0;
    const std::uint64_t words = is_long ? RECORD_LONG_WINDOW_WORDS : RECORD_WINDOW_WORDS;
    std::vector<Slot> slots{in_region(REGION_INDEX), in_region(REGION_SHARED), in_region(0),
                            word(wishes_.keep_stack ? words * sizeof(std::uint64_t) : 0)};
    const bool timed = kind != StubKind::close;
    if (kind == StubKind::close || kind == StubKind::close_timed) {
      slots.push_back(in_region(REGION_PATHS));
      slots.push_back(word(current.service.first_is_clock ? ~std::uint32_t{0} : 0u));
    }
    if (timed) slots.push_back(word(1));
    return assembly_.add_stub(kind, arch::StubShape::plain, slots, timed);
  }

  std::uint32_t add_note(const Current& current) {
    const arch::StubShape shape = shape_of(current.service);
    if (!records()) {
      return assembly_.add_stub(StubKind::count_fallback, shape,
                                {in_region(REGION_FALLBACKS + row_of(current.number)), in_region(0),
                                 word((std::uint64_t{current.number} + 1) << 32)});
    }
    // With its own arguments, and values, it would not fit where records are one cache line.
    const bool whole = wishes_.depth == StubDepth::values;
    return assembly_.add_stub(StubKind::note_fallback, whole ? shape : arch::StubShape::plain,
                              {in_region(REGION_INDEX), in_region(REGION_SHARED)});
  }

  static std::uint64_t row_of(std::uint8_t number) { return std::uint64_t{number} << ROW_LOG2; }

  /// What the window held from `from` on. A return in it, which can only be its last instruction, leads to the stub.
  Result<void> append_displaced(Current& current, std::uint32_t from, std::uint32_t to) {
    const auto exit = std::ranges::find_if(current.function.returns, [&](const CodeSite& site) {
      return site.offset >= from && site.offset + site.length == to;
    });
    if (exit == current.function.returns.end() || !current.leave) return assembly_.append_moved(from, to, true);
    if (auto moved = assembly_.append_moved(from, exit->offset, false); !moved) return moved;
    assembly_.append_instead(exit->offset, *current.leave);
    current.done.push_back(exit->offset);
    return {};
  }

  // ---- what leads there ----

  Result<void> jump_from(const Window& window, std::uint32_t to) {
    windows_.take(window);
    if (window.room >= arch::kJumpSize) {
      assembly_.patch_near(window.start, to);
      return {};
    }
    const auto hole = windows_.take_hole(window.start);
    if (!hole) return fail(fmt::format("no jump fits at {:#x}", window.start));
    assembly_.patch_near(*hole, to);
    assembly_.patch_short(window.start, *hole);
    return {};
  }

  Result<void> plan_entry(Current& current) {
    const std::uint32_t first = current.function.entry;
    const bool wide = frugality_ == Frugality::wide_entries;
    const auto window = wide ? windows_.wide_from(current.function, first) : windows_.from(current.function, first);
    if (!window || window->room < arch::kJumpSize) return fail("no jump fits at its entry");
    const std::uint32_t enter = assembly_.add_trampoline(StubKind::enter, {stub_at(add_open(current))});
    if (auto displaced = append_displaced(current, window->start, window->end); !displaced) return displaced;
    if (!wide) return jump_from(*window, enter);
    windows_.take_narrow(*window);
    assembly_.patch_near(window->start, enter);
    return {};
  }

  Result<void> plan_return(Current& current, const CodeSite& site) {
    if (!current.leave || std::ranges::find(current.done, site.offset) != current.done.end()) return {};
    const auto window = windows_.up_to(current.function, site);
    if (!window) return fail(fmt::format("no jump fits at its return at {:#x}", site.offset));
    if (window->start == site.offset) return jump_from(*window, *current.leave);
    const std::uint32_t start = assembly_.next_trampoline();
    if (auto displaced = append_displaced(current, window->start, window->end); !displaced) return displaced;
    return jump_from(*window, start);
  }

  Result<void> plan_fallback(Current& current, const CodeSite& site) {
    const std::uint32_t note = add_note(current);
    const StubPlan before = plan_;
    const auto taken = windows_.state();
    const auto done = current.done;
    if (call_in_place(current, site, note)) return {};
    plan_ = before;
    windows_.restore(taken);
    current.done = done;
    return call_from_copy(current, site, note);
  }

  /// The system call stays where it is.
  Result<void> call_in_place(Current& current, const CodeSite& site, std::uint32_t note) {
    const auto behind = static_cast<std::uint32_t>(site.offset + site.length);
    if (frugality_ != Frugality::none || windows_.is_target(behind)) return fail("no jump is to be behind it");
    if (auto marked = mark_in_front(current, site); !marked) return marked;
    const auto window = windows_.from(current.function, behind);
    if (!window) return fail("no jump fits behind it");
    const std::uint32_t called = assembly_.add_trampoline(StubKind::called, {stub_at(note)});
    if (auto displaced = append_displaced(current, window->start, window->end); !displaced) return displaced;
    return jump_from(*window, called);
  }

  Result<void> mark_in_front(Current& current, const CodeSite& site) {
    if (!wishes_.mark) return {};
    if (!ninth_register_is_dead(image_, current.function, site.offset + site.length))
      return fail("no register is free for the mark");
    const auto window = windows_.before(current.function, site.offset);
    if (!window) return fail("no jump fits in front of it");
    // The mark is there before they run.
    if (!ninth_register_is_untouched(image_, current.function, window->start, window->end))
      return fail("the mark's register is needed in front of it");
    const std::uint32_t mark = assembly_.add_trampoline(StubKind::mark, {word(*wishes_.mark)});
    if (auto moved = assembly_.append_moved(window->start, window->end, true); !moved) return moved;
    return jump_from(*window, mark);
  }

  /// A copy of the system call is made, with what is in front of it and behind it.
  Result<void> call_from_copy(Current& current, const CodeSite& site, std::uint32_t note) {
    const auto window = windows_.around(current.function, site);
    if (!window || window->room < arch::kJumpSize)
      return fail(fmt::format("no jump fits at its system call at {:#x}", site.offset));
    const std::uint32_t start = assembly_.next_trampoline();
    if (auto moved = assembly_.append_moved(window->start, site.offset, false); !moved) return moved;
    // The slots must not lie in the path of what runs.
    const auto code = static_cast<std::uint32_t>(assembly_.next_trampoline() + arch::kJumpSize +
                                                 arch::stub_template(StubKind::call).code);
    assembly_.append_jump(code);
    const std::uint32_t call =
        assembly_.add_trampoline(StubKind::call, {word(wishes_.mark.value_or(0)), stub_at(note)});
    CHECK(call == code);
    const auto behind = static_cast<std::uint32_t>(site.offset + site.length);
    assembly_.note_copy(call, behind, current.number);
    if (auto displaced = append_displaced(current, behind, window->end); !displaced) return displaced;
    return jump_from(*window, start);
  }

  const VdsoImage& image_;
  const StubWishes& wishes_;
  Frugality frugality_;
  StubWindows windows_;
  std::uint32_t mapping_end_ = 0;
  StubPlan plan_;
  StubAssembly assembly_;  ///< of it
};

using WantedFunctions = std::vector<std::pair<const VdsoFunction*, const VdsoService*>>;

/// Those that are to have stubs, in the order in which they are planned. Others that are wanted go to `unsuited`.
WantedFunctions wanted_functions(const VdsoImage& image, const StubWishes& wishes,
                                 std::vector<StubPlan::Refused>& unsuited) {
  WantedFunctions wanted;
  for (const VdsoFunction& function : image.functions()) {
    const VdsoService* service = service_for(function, wishes.services);
    if (service == nullptr || !wishes.wanted(*service)) continue;
    auto why = wishes.unsuited ? wishes.unsuited(*service) : std::string();
    if (why.empty()) {
      wanted.emplace_back(&function, service);
    } else {
      unsuited.push_back({&function, std::move(why)});
    }
  }
  // The last functions of an image are the short ones: they come first, while there is padding.
  std::ranges::reverse(wanted);
  return wanted;
}

/// Of all frugalities, the first by which the fewest functions are refused.
StubPlan best_plan(const VdsoImage& image, const StubWishes& wishes, const WantedFunctions& wanted) {
  StubPlan best;
  for (const Frugality frugality : kFrugalities) {
    Planner planner(image, wishes, frugality);
    for (const auto& [function, service] : wanted) planner.add(*function, *service);
    StubPlan plan = std::move(planner).take();
    if (frugality == Frugality::none || plan.refused.size() < best.refused.size()) best = std::move(plan);
    if (best.refused.empty()) break;
  }
  return best;
}

/// Nothing may lie where the trampolines are to go.
bool last_page_is_unused(const VdsoImage& image) {
  const auto bytes = image.bytes();
  const auto tail = bytes.subspan(std::min<std::size_t>(image.unused_from(), bytes.size()));
  return std::ranges::all_of(tail, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

bool StubPlan::covers(const VdsoFunction* function) const {
  return std::ranges::find(functions, function, &StubbedFunction::function) != functions.end();
}

StubPlan plan_stubs(const VdsoImage& image, const StubWishes& wishes) {
  std::vector<StubPlan::Refused> unsuited;
  const WantedFunctions wanted = wanted_functions(image, wishes, unsuited);
  StubPlan plan;
  if (last_page_is_unused(image)) {
    plan = best_plan(image, wishes, wanted);
    std::ranges::move(unsuited, std::back_inserter(plan.refused));
  } else {
    plan.refused = std::move(unsuited);
    for (const auto& [function, service] : wanted) plan.refused.push_back({function, "its last page is in use"});
  }
  return plan;
}

}  // namespace vdsotrace
