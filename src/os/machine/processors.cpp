#include "os/machine/processors.hpp"

#include <sched.h>

#include <array>
#include <climits>
#include <csignal>
#include <functional>
#include <thread>

#include "base/number.hpp"
#include "os/kernel_file.hpp"

namespace vdsotrace {
namespace {

constexpr int kMost = 8192;  // NR_CPUS
constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;
using Mask = std::array<unsigned long, kMost / kWordBits>;

cpu_set_t* set_of(Mask& mask) { return reinterpret_cast<cpu_set_t*>(mask.data()); }

/// Asks for all and looks what it got. In a thread of its own, so that what was allowed to us stays as it is.
void find_allowed(std::vector<int>& processors) {
  Mask mask;
  mask.fill(~0ul);
  ::sched_setaffinity(0, sizeof mask, set_of(mask));
  mask.fill(0);
  if (::sched_getaffinity(0, sizeof mask, set_of(mask)) != 0) return;
  for (std::size_t one = 0; one < kMost; ++one) {
    if ((mask[one / kWordBits] >> (one % kWordBits) & 1) != 0) processors.push_back(static_cast<int>(one));
  }
}

std::vector<int> allowed_processors() {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::vector<int> processors;
  std::thread(find_allowed, std::ref(processors)).join();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return processors;
}

}  // namespace

std::vector<int> parse_processors(std::string_view list) {
  std::vector<int> processors;
  while (!list.empty()) {
    const auto first = take_number<int>(list);
    auto last = first;
    if (first && list.starts_with('-')) {
      list.remove_prefix(1);
      last = take_number<int>(list);
    }
    const bool sound = first && last && *first >= 0 && *first <= *last && *last < kMost &&
                       processors.size() + static_cast<std::size_t>(*last - *first) < kMost;
    if (!sound || (!list.empty() && list.front() != ',')) return {};
    for (int one = *first; one <= *last; ++one) processors.push_back(one);
    list.remove_prefix(std::min<std::size_t>(1, list.size()));
  }
  return processors;
}

Result<std::vector<int>> online_processors() {
  const auto list = kernel_line(KernelFileSystem::sys, "/sys/devices/system/cpu/online");
  auto processors = parse_processors(list.value_or(""));
  if (processors.empty()) processors = allowed_processors();
  if (processors.empty()) return fail("which processors are online is not known: /sys is not mounted");
  return processors;
}

}  // namespace vdsotrace
