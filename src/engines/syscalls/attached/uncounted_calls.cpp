#include "engines/syscalls/attached/uncounted_calls.hpp"

#include <bitset>
#include <string_view>

#include "arch/site_stub.hpp"
#include "engines/syscalls/stubs/stopping_calls.hpp"
#include "model/syscalls/spec.hpp"
#include "vdsotrace/vdso_service.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kHandlerReturn = "rt_sigreturn";

/// Made by trampolines of the kernel's.
bool is_of_probe(std::string_view name) { return name == "uretprobe" || name == "uprobe"; }

/// By events, by a count of their own, or by the trace points of direct calls.
bool is_known_otherwise(std::string_view name) {
  return begins_or_ends(name) || name == kHandlerReturn || service_of_syscall(name) != nullptr;
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
  static const Numbers kCounted =
      numbers_with_names([](std::string_view name) { return !is_known_otherwise(name) && !is_of_probe(name); });
  return nr >= 0 && static_cast<std::size_t>(nr) < kCounted.size() && kCounted[static_cast<std::size_t>(nr)];
}

std::vector<std::int64_t> numbers_known_otherwise() {
  static const Numbers kKnown = numbers_with_names(is_known_otherwise);
  std::vector<std::int64_t> numbers;
  for (std::size_t nr = 0; nr < kKnown.size(); ++nr) {
    if (kKnown[nr]) numbers.push_back(static_cast<std::int64_t>(nr));
  }
  return numbers;
}

}  // namespace vdsotrace
