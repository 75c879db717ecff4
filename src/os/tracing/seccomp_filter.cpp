#include "os/tracing/seccomp_filter.hpp"

#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>

#include "arch/registers.hpp"

namespace vdsotrace {
namespace {

using Code = std::vector<sock_filter>;

constexpr std::uint8_t kFarthest = 255;  // of a conditional jump
constexpr std::uint32_t kArgument = offsetof(seccomp_data, args);
constexpr std::uint32_t kUpperHalf = 4;

sock_filter load(std::uint32_t offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}; }
sock_filter test(int condition, std::uint32_t operand, std::uint8_t if_true, std::uint8_t if_false) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | condition), if_true, if_false, operand};
}
sock_filter answer(std::uint32_t value) { return {BPF_RET | BPF_K, 0, 0, value}; }

constexpr std::uint32_t lower(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t upper(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

const sock_filter kStop = answer(SECCOMP_RET_TRACE | kFilterCookie);
const sock_filter kGoOn = answer(SECCOMP_RET_ALLOW);

Code code_of(const FilterRule& rule) {
  constexpr std::uint32_t kThird = kArgument + 2 * sizeof(std::uint64_t);
  constexpr std::uint32_t kSixth = kArgument + 5 * sizeof(std::uint64_t);
  constexpr std::uint32_t kPointer = offsetof(seccomp_data, instruction_pointer);
  switch (rule.when) {
    case FilterRule::When::always: return {kStop};
    case FilterRule::When::unless_marked:
      return {load(kSixth),
              test(BPF_JEQ, lower(rule.operand), 0, 3),
              load(kSixth + kUpperHalf),
              test(BPF_JEQ, upper(rule.operand), 0, 1),
              kGoOn,
              kStop};
    case FilterRule::When::first_has_bits:
      return {load(kArgument), test(BPF_JSET, lower(rule.operand), 0, 1), kStop, kGoOn};
    case FilterRule::When::first_is: return {load(kArgument), test(BPF_JEQ, lower(rule.operand), 0, 1), kStop, kGoOn};
    case FilterRule::When::first_is_above:
      return {load(kArgument + kUpperHalf), test(BPF_JGE, lower(rule.operand), 0, 1), kStop, kGoOn};
    case FilterRule::When::may_map_code:
      return {load(kArgument + kUpperHalf),
              test(BPF_JGE, lower(rule.operand), 2, 0),
              load(kThird),
              test(BPF_JSET, PROT_EXEC, 0, 1),
              kStop,
              kGoOn};
    case FilterRule::When::in_page:
      return {load(kPointer + kUpperHalf),
              test(BPF_JEQ, upper(arch::kVsyscallPage), 0, 4),
              load(kPointer),
              test(BPF_JGE, lower(arch::kVsyscallPage), 0, 2),
              test(BPF_JGE, lower(arch::kVsyscallPageEnd), 1, 0),
              kStop,
              kGoOn};
  }
  return {kGoOn};
}

/// All numbers from `first` to that of the next range are treated alike; no rule lets them go on.
struct Range {
  std::uint32_t first;
  std::optional<FilterRule> rule;
};

void append(Code& code, const Code& more) { code.insert(code.end(), more.begin(), more.end()); }

/// Jumps over `left` to `right` if the condition holds, however long `left` is.
Code choose(int condition, std::uint32_t operand, const Code& left, const Code& right) {
  Code code;
  if (left.size() <= kFarthest) {
    code.push_back(test(condition, operand, static_cast<std::uint8_t>(left.size()), 0));
  } else {
    code.push_back(test(condition, operand, 0, 1));
    code.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(left.size())});
  }
  append(code, left);
  append(code, right);
  return code;
}

Code search(std::span<const Range> ranges) {
  if (ranges.size() == 1) return ranges[0].rule ? code_of(*ranges[0].rule) : Code{kGoOn};
  const std::size_t middle = ranges.size() / 2;
  return choose(BPF_JGE, ranges[middle].first, search(ranges.first(middle)), search(ranges.subspan(middle)));
}

void add_ranges(const std::map<std::uint32_t, FilterRule>& rules, std::vector<Range>& ranges) {
  for (const auto& [number, rule] : rules) {
    if (ranges.back().first == number) {
      ranges.back().rule = rule;
    } else if (ranges.back().rule != rule) {
      ranges.push_back({number, rule});
    }
    if (!rules.contains(number + 1)) ranges.push_back({number + 1, std::nullopt});
  }
}

}  // namespace

Result<std::vector<sock_filter>> make_filter(const FilterPlan& plan) {
  // x32 calls come with the 64-bit machine's mark, and greater numbers.
  std::vector<Range> wide{{0, std::nullopt}};
  add_ranges(plan.of(Abi::x86_64), wide);
  add_ranges(plan.of(Abi::x32), wide);
  std::vector<Range> narrow{{0, std::nullopt}};
  add_ranges(plan.of(Abi::i386), narrow);

  const sock_filter number = load(offsetof(seccomp_data, nr));
  Code wide_code{number};
  append(wide_code, search(wide));
  Code narrow_code{number};
  append(narrow_code, search(narrow));

  Code code{load(offsetof(seccomp_data, arch))};
  const Code no_wide = choose(BPF_JEQ, arch::audit_machine(Abi::i386), {kGoOn}, narrow_code);
  append(code, choose(BPF_JEQ, arch::audit_machine(Abi::x86_64), no_wide, wide_code));
  if (code.size() > BPF_MAXINSNS) return fail("too many different calls for a seccomp filter");
  return code;
}

bool install_filter(const std::vector<sock_filter>& program) {
  const sock_fprog filter{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0) return true;
  if (errno != EACCES || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

}  // namespace vdsotrace
