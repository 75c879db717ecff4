// Joins the parts of the table and gives the rows their numbers.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include <seccomp.h>

#include "model/syscalls/spec.hpp"
#include "model/syscalls/tables.hpp"

namespace vdsotrace {
namespace {

/// Larger than any number in use (x32's own begin at 512).
constexpr std::size_t kNumbers = 640;
/// From here on calls have the same number everywhere (linux 5.1).
constexpr int kFirstCommonNumber = 424;
constexpr std::int64_t kX32Bit = 0x40000000;

bool by_name(const CallSpec& a, const CallSpec& b) { return a.name < b.name; }

const std::vector<CallSpec>& rows() {
  static const std::vector<CallSpec> kRows = [] {
    std::vector<CallSpec> all;
    for (const auto part :
         {file_calls(), memory_calls(), process_calls(), signal_calls(), network_calls(),
          ipc_calls(), time_calls(), poll_calls(), ioctl_calls(), misc_calls()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    std::stable_sort(all.begin(), all.end(), by_name);
    return all;
  }();
  return kRows;
}

std::uint32_t seccomp_arch(Abi abi) {
  switch (abi) {
    case Abi::x86_64: return SCMP_ARCH_X86_64;
    case Abi::i386: return SCMP_ARCH_X86;
    case Abi::x32: return SCMP_ARCH_X32;
  }
  return SCMP_ARCH_X86_64;
}

struct Freed {
  void operator()(char* text) const { std::free(text); }
};

using Numbers = std::array<const CallSpec*, kNumbers>;

Numbers numbers_known_to_libseccomp(Abi abi) {
  Numbers numbers{};
  const std::int64_t base = abi == Abi::x32 ? kX32Bit : 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const int nr = static_cast<int>(base + static_cast<std::int64_t>(i));
    const std::unique_ptr<char, Freed> name(
        seccomp_syscall_resolve_num_arch(seccomp_arch(abi), nr));
    if (name != nullptr) numbers[i] = spec_named(name.get());
  }
  return numbers;
}

Numbers make_numbers(Abi abi) {
  Numbers numbers = numbers_known_to_libseccomp(abi);
  for (const CallSpec& spec : rows()) {
    if (spec.number < 0 || spec.number >= static_cast<int>(kNumbers)) continue;
    if (spec.number < kFirstCommonNumber && abi != Abi::x86_64) continue;
    const CallSpec*& row = numbers[static_cast<std::size_t>(spec.number)];
    if (row == nullptr) row = &spec;
  }
  return numbers;
}

/// Made when an ABI is first asked for: a 64-bit program never pays for the others.
template <Abi kAbi>
const Numbers& numbers_for() {
  static const Numbers kTable = make_numbers(kAbi);
  return kTable;
}

const Numbers& numbers_of(Abi abi) {
  switch (abi) {
    case Abi::x86_64: return numbers_for<Abi::x86_64>();
    case Abi::i386: return numbers_for<Abi::i386>();
    case Abi::x32: return numbers_for<Abi::x32>();
  }
  return numbers_for<Abi::x86_64>();
}

}  // namespace

const CallSpec* spec_of(Abi abi, std::int64_t nr) {
  const std::int64_t first = abi == Abi::x32 ? kX32Bit : 0;
  if (nr < first || nr >= first + static_cast<std::int64_t>(kNumbers)) return nullptr;
  return numbers_of(abi)[static_cast<std::size_t>(nr - first)];
}

std::int64_t number_of(Abi abi, std::string_view name) {
  const CallSpec* spec = spec_named(name);
  if (spec == nullptr) return -1;
  const Numbers& numbers = numbers_of(abi);
  const auto* found = std::find(numbers.begin(), numbers.end(), spec);
  if (found == numbers.end()) return -1;
  return (found - numbers.begin()) + (abi == Abi::x32 ? kX32Bit : 0);
}

const CallSpec* spec_named(std::string_view name) {
  const std::span<const CallSpec> all = all_specs();
  const auto found = std::lower_bound(
      all.begin(), all.end(), name,
      [](const CallSpec& spec, std::string_view wanted) { return spec.name < wanted; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

std::span<const CallSpec> all_specs() { return rows(); }

}  // namespace vdsotrace
