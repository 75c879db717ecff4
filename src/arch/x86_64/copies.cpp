#include "arch/x86_64/copies.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace vdsotrace::arch {
namespace {

/// In front of what says that there are no more. Answers where that ends.
template <class T>
std::byte* write_list(std::byte* at, const std::vector<T>& list, std::size_t room) {
  CHECK(list.size() < room);
  if (!list.empty()) std::memcpy(at, list.data(), list.size() * sizeof(T));
  return at + room * sizeof(T);
}

}  // namespace

std::optional<Registers> beyond_load(Registers r, const std::byte* instruction, std::span<const CopyLoad> loads) {
  const auto load = std::ranges::find(loads, instruction, &CopyLoad::at);
  if (load == loads.end()) return std::nullopt;
  r.rip += static_cast<unsigned long long>(load->without - load->at);
  return r;
}

void write_copies(std::byte* at, const CopyPlan& copies) {
  at = write_list(at, copies.entry, STEPS_MOST);
  at = write_list(at, copies.exit, STEPS_MOST);
  const std::uint32_t which[] = {copies.case_word, copies.case_bits, copies.further_case_word, copies.case_of_others};
  std::memcpy(at, which, sizeof which);
  write_list(at + sizeof which, copies.cases, CASES_MOST);
}

}  // namespace vdsotrace::arch
