#include "engines/syscalls/uncounted_calls.hpp"

#include <algorithm>
#include <bitset>
#include <string_view>

#include "arch/site_stub.hpp"
#include "model/syscalls/spec.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kShownByEvents[] = {"clone",  "clone3",   "fork", "vfork",
                                               "execve", "execveat", "exit", "exit_group"};
constexpr std::string_view kHandlerReturn = "rt_sigreturn";
constexpr std::string_view kNeedOwnInstruction[] = {kHandlerReturn, "uretprobe", "uprobe"};

bool is_in(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_known_otherwise(std::string_view name) {
  return is_in(kShownByEvents, name) || name == kHandlerReturn || service_of_syscall(name) != nullptr;
}

using Numbers = std::bitset<arch::kCountedNumbers>;

template <class Predicate>
Numbers numbers_with_names(const Predicate& wanted) {
  Numbers numbers;
  for (std::size_t nr = 0; nr < numbers.size(); ++nr) {
    const CallSpec* spec = spec_of(Abi::x86_64, static_cast<std::int64_t>(nr));
    numbers[nr] = spec != nullptr && wanted(spec->name);
  }
  return numbers;
}

}  // namespace

bool is_counted_by_number(std::int64_t nr) {
  static const Numbers counted = numbers_with_names(
      [](std::string_view name) { return !is_known_otherwise(name) && !is_in(kNeedOwnInstruction, name); });
  return nr >= 0 && static_cast<std::size_t>(nr) < counted.size() && counted[static_cast<std::size_t>(nr)];
}

std::vector<std::int64_t> numbers_known_otherwise() {
  const Numbers known = numbers_with_names(is_known_otherwise);
  std::vector<std::int64_t> numbers;
  for (std::size_t nr = 0; nr < known.size(); ++nr) {
    if (known[nr]) numbers.push_back(static_cast<std::int64_t>(nr));
  }
  return numbers;
}

}  // namespace vdsotrace
