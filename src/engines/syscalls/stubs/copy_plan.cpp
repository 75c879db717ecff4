#include "engines/syscalls/stubs/copy_plan.hpp"

#include <algorithm>
#include <array>

#include "model/syscalls/pointees.hpp"

namespace vdsotrace {
namespace {

using Extent = Pointee::Extent;

/// How many bytes of what is wanted as a whole: results are large where whole folders are read (getdents64(2)).
constexpr std::uint32_t kWholeAtEntry = 1024;
constexpr std::uint32_t kWholeResult = 32 * 1024;
/// Descriptors of a set; no less than select(2) of glibc has.
constexpr std::uint32_t kMostBits = 1024;
/// For vectors and what they lead to, beside what else a call points to.
constexpr std::uint32_t kRoomForVectors = 30 * 1024;

constexpr std::array<std::uint32_t, 6> kArguments{RECORD_ARG0,      RECORD_ARG1,      RECORD_ARG2,
                                                  RECORD_CALL_ARG3, RECORD_CALL_ARG4, RECORD_CALL_ARG5};

/// Sets how many of the elements that are counted are copied at most.
void limit_elements(const Pointee& pointee, const DecodeLimits& limits, arch::CopyStep& step) {
  if (const auto most = most_elements(pointee, limits)) {
    step.most = static_cast<std::uint32_t>(std::min<std::uint64_t>(*most, RECORD_MOST_BYTES));
    return;
  }
  step.most = (pointee.extent == Extent::resulted ? kWholeResult : kWholeAtEntry) / pointee.unit;
  step.flags |= STEP_WHOLE;
}

/// The word in which a step finds that argument, or that word of a structure, which is a piece of its own.
std::uint32_t word_of(const Pointee& pointee, std::uint8_t argument) {
  constexpr std::uint32_t kWord = sizeof(std::uint64_t);
  return pointee.within ? PIECE_BYTES + kWord * argument : kArguments[argument];
}

std::uint64_t piece_bytes(std::uint64_t bytes) {
  return PIECE_BYTES + (bytes + PIECE_BYTES - 1) / PIECE_BYTES * PIECE_BYTES;
}

/// A stub copies all vectors of a call that are shown, or does not make the call. False if there is no room for one
/// vector.
bool limit_vectors(const Pointee& pointee, const DecodeLimits& limits, arch::CopyStep& step) {
  constexpr std::uint64_t kMostVectors = 64;
  const std::uint64_t each = most_bytes_of_vector(limits);
  const std::uint64_t room = kRoomForVectors / (pointee.unit + piece_bytes(each));
  const auto wanted = most_elements(pointee, limits);
  step.each = static_cast<std::uint32_t>(each);
  step.most = static_cast<std::uint32_t>(std::min({wanted.value_or(UINT64_MAX), kMostVectors, room}));
  if (step.most != wanted) step.flags |= STEP_WHOLE;
  return step.most != 0;
}

/// Copies as many elements as an argument or the call's result says. False if that is not known yet when they are
/// copied.
bool count_elements(const Pointee& pointee, const DecodeLimits& limits, arch::CopyStep& step) {
  if (pointee.extent == Extent::resulted && pointee.when == Pointee::When::entry) return false;
  if (pointee.part == Pointee::Part::data) step.flags |= STEP_DATA;
  if (pointee.part == Pointee::Part::address) step.flags |= STEP_FAMILY;
  step.count = word_of(pointee, pointee.of);
  step.unit = pointee.unit;
  if (pointee.narrow) step.flags |= STEP_NARROW;
  if (pointee.extent == Extent::resulted) step.flags |= STEP_RESULT;
  limit_elements(pointee, limits, step);
  return true;
}

std::optional<arch::CopyStep> step_for(const Pointee& pointee, const DecodeLimits& limits) {
  arch::CopyStep step{word_of(pointee, pointee.argument)};
  if (pointee.when == Pointee::When::success) step.flags |= STEP_ON_SUCCESS;
  switch (pointee.extent) {
    case Extent::structure: step.flags |= STEP_STRUCTURE; [[fallthrough]];
    case Extent::fixed: step.most = pointee.unit; return step;
    case Extent::bits:
      step.count = kArguments[pointee.of];
      step.most = kMostBits;
      step.unit = sizeof(std::uint64_t);
      step.flags |= STEP_BITS | STEP_NARROW | STEP_WHOLE;
      return step;
    case Extent::path:
    case Extent::string: {
      const auto most = most_elements(pointee, limits);
      step.most = static_cast<std::uint32_t>(std::min<std::uint64_t>(most.value_or(0), RECORD_MOST_BYTES));
      step.flags |= STEP_TO_NUL;
      return step;
    }
    case Extent::counted:
    case Extent::resulted: return count_elements(pointee, limits, step) ? std::optional(step) : std::nullopt;
    case Extent::vectors:
      step.count = word_of(pointee, pointee.of);
      step.unit = pointee.unit;
      step.flags |= STEP_VECTORS;
      return limit_vectors(pointee, limits, step) ? std::optional(step) : std::nullopt;
    case Extent::sized_at:
      step.count = kArguments[pointee.of];
      step.most = pointee.unit == 0 ? kWholeAtEntry : pointee.unit;
      step.flags |= pointee.unit == 0 ? STEP_AT | STEP_WHOLE : STEP_AT;
      return step;
    default: return std::nullopt;
  }
}

/// Before the call is made, the stub checks whether it can copy all, as far as that is known then.
void add_check(arch::CopyPlan& copies, const Pointee& pointee, arch::CopyStep& step) {
  if ((step.flags & STEP_WHOLE) == 0 || pointee.within) return;
  step.flags &= ~std::uint32_t{STEP_WHOLE};
  const bool is_checked = std::ranges::any_of(copies.entry, [&](const arch::CopyStep& other) {
    const bool same_size = other.count == step.count && ((other.flags ^ step.flags) & STEP_AT) == 0;
    return (other.flags & STEP_WHOLE) != 0 && same_size && other.most == step.most;
  });
  if (is_checked) return;
  arch::CopyStep check = step;
  check.flags = (step.flags & (STEP_NARROW | STEP_AT)) | STEP_WHOLE | STEP_CHECKS;
  copies.entry.push_back(check);
}

std::uint64_t bytes_of_step(const arch::CopyStep& step) {
  if ((step.flags & STEP_BITS) != 0) return piece_bytes(step.most / 8);
  const std::uint64_t of_vectors = (step.flags & STEP_VECTORS) != 0 ? step.most * piece_bytes(step.each) : 0;
  return piece_bytes(std::uint64_t{step.most} * step.unit) + of_vectors;
}

/// False if a stub cannot copy all of that.
bool add_pointees(const PointeePlan& plan, std::uint32_t of_case, const DecodeLimits& limits, arch::CopyPlan& copies) {
  std::uint64_t bytes = RECORD_POINTEES;
  for (const Pointee& pointee : plan.pointees) {
    if (pointee.extent == Extent::none) continue;
    auto step = step_for(pointee, limits);
    if (!step) return false;
    step->of_case = of_case;
    bytes += bytes_of_step(*step);
    if (pointee.when != Pointee::When::entry) add_check(copies, pointee, *step);
    (pointee.when == Pointee::When::entry ? copies.entry : copies.exit).push_back(*step);
  }
  copies.most_bytes = std::max(copies.most_bytes, bytes);
  return true;
}

void add_cases(const PointeeChoice& choice, std::uint32_t number, arch::CopyPlan& copies) {
  copies.case_word = kArguments[choice.argument];
  copies.case_bits = choice.mask;
  copies.further_case_word = choice.further != 0 ? kArguments[choice.further] : 0;
  const std::uint32_t of_values = choice.is_for_others ? CASE_UNSUITED : number;
  for (std::size_t i = 0; i < choice.count; ++i) copies.cases.push_back({choice.values[i], of_values});
  if (choice.is_for_others) copies.case_of_others = number;
}

/// What calls write there is not what they were given. Of descriptors that are polled they write what they do not read.
bool is_overwritten(const PointeePlan& plan, const Pointee& given) {
  if (given.within || given.extent == Extent::structure || plan.name == "poll" || plan.name == "ppoll") return false;
  return std::ranges::any_of(plan.pointees, [&](const Pointee& other) {
    return other.extent != Extent::none && other.when != Pointee::When::entry && !other.within &&
           other.argument == given.argument;
  });
}

/// Whether a call that has failed in looking for something has read all that it was given: paths, and nothing else.
/// Where there are two, the first must not be looked for before the second has been read.
bool reads_paths_alone(const PointeePlan& plan) {
  constexpr std::string_view kReadBoth[] = {"rename", "link", "symlink"};
  std::size_t paths = 0;
  for (const Pointee& pointee : plan.pointees) {
    if (pointee.extent == Extent::none || pointee.when != Pointee::When::entry) continue;
    if (pointee.extent != Extent::path) return false;
    ++paths;
  }
  const auto begins = [&](std::string_view with) { return plan.name.starts_with(with); };
  return paths == 1 || (paths == 2 && std::ranges::any_of(kReadBoth, begins));
}

/// Steps that copy nothing stand for what was overwritten: each pointee has its piece.
void leave_out_overwritten(std::span<const PointeePlan> plans, std::vector<arch::CopyStep>& entry) {
  auto step = entry.begin();
  for (const PointeePlan& plan : plans) {
    for (const Pointee& pointee : plan.pointees) {
      if (pointee.extent == Extent::none || pointee.when != Pointee::When::entry) continue;
      if (is_overwritten(plan, pointee)) *step = {step->pointer, 0, 0, 1, 0, step->of_case, 0};
      ++step;
    }
  }
}

/// What is copied of a call's pointers takes up no more.
constexpr std::uint64_t kMostBytes = RECORD_MOST_BYTES - KEPT_MOST_BYTES;

}  // namespace

arch::CopyPlan with_stack(arch::CopyPlan copies) {
  copies.keeps_stack = true;
  copies.most_bytes += KEPT_MOST_BYTES;
  return copies;
}

LatePlan late_copy_plan(std::int64_t number, const DecodeLimits& limits) {
  auto copies = copy_plan(number, limits);
  if (!copies) return {};
  const auto plans = pointee_plans(number);
  std::erase_if(copies->entry, [](const arch::CopyStep& step) { return (step.flags & STEP_CHECKS) != 0; });
  leave_out_overwritten(plans, copies->entry);
  constexpr std::uint32_t kLooks = STEP_DATA | STEP_FAMILY;
  for (arch::CopyStep& step : copies->entry) step.flags &= ~kLooks;
  for (arch::CopyStep& step : copies->exit) step.flags = (step.flags & ~kLooks) | STEP_ON_SUCCESS;
  if (copies->entry.empty() && copies->exit.empty()) return {std::move(*copies), arch::CopiedCalls::none};
  const bool by_paths = std::ranges::all_of(plans, reads_paths_alone);
  return {std::move(*copies), by_paths ? arch::CopiedCalls::succeeded_or_looked : arch::CopiedCalls::succeeded};
}

std::optional<arch::CopyPlan> copy_plan(std::int64_t number, const DecodeLimits& limits) {
  const auto plans = pointee_plans(number);
  if (plans.empty()) return std::nullopt;
  arch::CopyPlan copies;
  for (const PointeePlan& plan : plans) {
    const bool is_case = plan.choice.mask != 0;
    const auto of_case = is_case ? static_cast<std::uint32_t>(&plan - plans.data()) + 1 : 0;
    if (!add_pointees(plan, of_case, limits, copies)) return std::nullopt;
    if (is_case) add_cases(plan.choice, of_case, copies);
  }
  const bool fits = copies.most_bytes <= kMostBytes && copies.entry.size() < STEPS_MOST &&
                    copies.exit.size() < STEPS_MOST && copies.cases.size() < CASES_MOST;
  return fits ? std::optional(copies) : std::nullopt;
}

}  // namespace vdsotrace
