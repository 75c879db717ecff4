// The instruction by which 64-bit code makes a system call, in the program's own code. Its address is called a site.
#pragma once

#include <array>
#include <cstdint>

#include "arch/constants.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

constexpr std::uint64_t behind_site(std::uint64_t site) { return site + arch::kSystemCall.size(); }
/// The site, if there is one, that ends where a thread stands.
constexpr std::uint64_t site_before(std::uint64_t address) { return address - arch::kSystemCall.size(); }

inline bool is_site(StoppedThread& stopped, std::uint64_t address) {
  using Instruction = std::array<std::byte, arch::kSystemCall.size()>;
  return stopped.memory().object<Instruction>(address) == arch::kSystemCall;
}

}  // namespace vdsotrace
