// Joins the parts of the table and gives the rows their numbers.
#include <algorithm>
#include <array>
#include <bitset>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <seccomp.h>

#include "model/syscalls/spec.hpp"
#include "model/syscalls/tables.hpp"

namespace vdsotrace {
namespace {

/// From here on calls have the same number everywhere (linux 5.1).
constexpr int kFirstCommonNumber = 424;

bool by_name(const CallSpec& a, const CallSpec& b) { return a.name < b.name; }

const std::vector<CallSpec>& rows() {
  static const std::vector<CallSpec> kRows = [] {
    std::vector<CallSpec> all;
    for (const auto part : {file_calls(), memory_calls(), process_calls(), signal_calls(), network_calls(), ipc_calls(),
                            time_calls(), poll_calls(), ioctl_calls(), misc_calls()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    std::stable_sort(all.begin(), all.end(), by_name);
    return all;
  }();
  return kRows;
}

std::uint32_t seccomp_arch(Abi abi) {
  static const auto kArchs = [] {
    std::array<std::uint32_t, kAbis.size()> archs{};
    std::ranges::transform(kAbiRows, archs.begin(), [](const AbiRow& row) {
      return seccomp_arch_resolve_name(std::string(row.call_table).c_str());
    });
    return archs;
  }();
  return kArchs[static_cast<std::size_t>(abi)];
}

struct Freed {
  void operator()(char* text) const { std::free(text); }
};

std::int64_t first_number(Abi abi) { return static_cast<std::int64_t>(number_bit(abi)); }

/// The row of a number that libseccomp does not know, or that it knows by a name without a row.
const CallSpec* row_with_number(Abi abi, std::int64_t nr) {
  if (nr < kFirstCommonNumber && abi != Abi::x86_64) return nullptr;
  const auto found = std::ranges::find(rows(), nr, &CallSpec::number);
  return found != rows().end() ? &*found : nullptr;
}

/// `nr` without x32's bit.
const CallSpec* find_row(Abi abi, std::int64_t nr) {
  const std::unique_ptr<char, Freed> name(
      seccomp_syscall_resolve_num_arch(seccomp_arch(abi), static_cast<int>(first_number(abi) + nr)));
  const CallSpec* row = name != nullptr ? spec_named(name.get()) : nullptr;
  return row != nullptr ? row : row_with_number(abi, nr);
}

std::int64_t find_number(Abi abi, const CallSpec& spec) {
  const std::int64_t known = seccomp_syscall_resolve_name_arch(seccomp_arch(abi), std::string(spec.name).c_str());
  if (spec_of(abi, known) == &spec) return known;
  const std::int64_t common = first_number(abi) + spec.number;
  if (spec_of(abi, common) == &spec) return common;
  // i386's calls for sockets and IPC have a number of libseccomp's own, besides the kernel's.
  const bool named = known != __NR_SCMP_ERROR;
  for (std::int64_t nr = first_number(abi); named && nr < first_number(abi) + static_cast<std::int64_t>(kCallNumbers);
       ++nr) {
    if (spec_of(abi, nr) == &spec) return nr;
  }
  return -1;
}

/// Looks up once what is asked again and again: a short trace asks for few of them, and libseccomp searches long.
template <class T, std::size_t size>
class Remembered {
 public:
  template <class Find>
  T get(std::size_t index, Find find) {
    if (!known_[index]) {
      found_[index] = find();
      known_.set(index);
    }
    return found_[index];
  }

 private:
  std::array<T, size> found_{};
  std::bitset<size> known_;
};

constexpr std::size_t kMostRows = 1024;

}  // namespace

const CallSpec* spec_of(Abi abi, std::int64_t nr) {
  thread_local std::array<Remembered<const CallSpec*, kCallNumbers>, kAbis.size()> rows_of;
  // The program can ask for any number.
  const std::uint64_t index = static_cast<std::uint64_t>(nr) - static_cast<std::uint64_t>(first_number(abi));
  if (index >= kCallNumbers) return nullptr;
  return rows_of[static_cast<std::size_t>(abi)].get(index,
                                                    [&] { return find_row(abi, static_cast<std::int64_t>(index)); });
}

std::int64_t number_of(Abi abi, std::string_view name) {
  thread_local std::array<Remembered<std::int64_t, kMostRows>, kAbis.size()> numbers_of;
  const CallSpec* spec = spec_named(name);
  if (spec == nullptr) return -1;
  const auto index = static_cast<std::size_t>(spec - rows().data());
  return numbers_of[static_cast<std::size_t>(abi)].get(index, [&] { return find_number(abi, *spec); });
}

const CallSpec* spec_named(std::string_view name) {
  const std::span<const CallSpec> all = all_specs();
  const auto found = std::lower_bound(all.begin(), all.end(), name,
                                      [](const CallSpec& spec, std::string_view wanted) { return spec.name < wanted; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

std::span<const CallSpec> all_specs() { return rows(); }

}  // namespace vdsotrace
