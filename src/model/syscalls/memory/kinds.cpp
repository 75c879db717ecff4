#include "model/syscalls/memory/kinds.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>

#include "base/page.hpp"
#include "model/syscalls/errno.hpp"
#include "model/syscalls/files/iovec.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint32_t kMapTypeMask = MAP_TYPE;
constexpr std::array kMapTypes{
    NAMED(MAP_FILE),      NAMED(MAP_SHARED), NAMED(MAP_PRIVATE), NAMED(MAP_SHARED_VALIDATE),
#ifdef MAP_DROPPABLE  // Linux 6.11; strace knows it where the system's headers do
    NAMED(MAP_DROPPABLE),
#endif
};
constexpr std::array kMapBits{
    NAMED(MAP_FIXED),    NAMED(MAP_ANONYMOUS), NAMED(MAP_32BIT),     NAMED(MAP_NORESERVE),      NAMED(MAP_POPULATE),
    NAMED(MAP_NONBLOCK), NAMED(MAP_GROWSDOWN), NAMED(MAP_DENYWRITE), NAMED(MAP_EXECUTABLE),     NAMED(MAP_LOCKED),
    NAMED(MAP_STACK),    NAMED(MAP_HUGETLB),   NAMED(MAP_SYNC),      NAMED(MAP_FIXED_NOREPLACE)};

// include/uapi/linux/membarrier.h; the newest is not in every libc's header.
constexpr std::array kMembarrierCommands{NAMED(MEMBARRIER_CMD_GLOBAL),
                                         NAMED(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
                                         NAMED(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
                                         NAMED(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
                                         NAMED(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
                                         NAMED(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
                                         NAMED(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
                                         NAMED(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ),
                                         NAMED(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)};

constexpr std::array kPolicies{NAMED(MPOL_DEFAULT),    NAMED(MPOL_PREFERRED), NAMED(MPOL_BIND),
                               NAMED(MPOL_INTERLEAVE), NAMED(MPOL_LOCAL),     NamedValue{5, "MPOL_PREFERRED_MANY"}};
constexpr std::array kPolicyBits{NAMED(MPOL_F_STATIC_NODES), NAMED(MPOL_F_RELATIVE_NODES),
                                 NamedValue{1 << 13, "MPOL_F_NUMA_BALANCING"}};
constexpr std::uint64_t kPolicyBitMask = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | (1u << 13);

void print_policy(ArgContext& c, std::uint64_t mode) {
  const std::uint64_t policy = mode & ~kPolicyBitMask;
  if (std::ranges::find(kPolicies, policy, &NamedValue::value) == kPolicies.end()) {
    print_flags(c, mode, kPolicyBits, "MPOL_???");
    return;
  }
  print_meaning_of(c, mode, [&] {
    print_choice(c, policy, kPolicies, "");
    if ((mode & kPolicyBitMask) == 0) return;
    c.put("|");
    print_flags(c, mode & kPolicyBitMask, kPolicyBits, "");
  });
}

/// The kernel reads one bit less than `maxnode` says. strace shows none as an empty list, and that of one as an
/// address.
void print_node_mask(ArgContext& c, std::uint64_t address, std::uint64_t bits) {
  constexpr std::uint64_t kMostBits = 1u << 20;
  constexpr std::uint64_t kBitsPerWord = 64;
  const std::uint64_t words = bits == 0 ? 0 : (bits - 1 + kBitsPerWord - 1) / kBitsPerWord;
  if (bits == 1 || bits > kMostBits) {
    print_address(c, address);
    return;
  }
  print_array_at<std::uint64_t>(c, address, words, [&](std::uint64_t word) {
    if (word == 0) {
      c.print("{:016x}", word);  // as C's %#016lx: no 0x before a zero
    } else {
      c.print("{:#016x}", word);
    }
  });
}

std::uint64_t list_length(ArgContext& c) { return c.arg(1); }

}  // namespace

void print_map_flags_arg(ArgContext& c) {
  const std::uint32_t flags = c.as_uint();
  print_meaning_of(c, flags, [&] {
    print_choice(c, flags & kMapTypeMask, kMapTypes, "MAP_???");
    const std::uint32_t rest = flags & ~kMapTypeMask;
    if (rest == 0) return;
    c.put("|");
    print_flags_with_huge_size(c, rest, kMapBits, "MAP");
  });
}

void print_remap_address_arg(ArgContext& c) {
  if ((c.arg(3) & MREMAP_FIXED) != 0) print_address(c, c.value());
}

void print_resident_pages_arg(ArgContext& c) {
  const std::uint64_t pages = c.arg(1) / kPage + (c.arg(1) % kPage != 0 ? 1 : 0);
  print_array_at<std::uint8_t>(c, c.value(), pages, [&](std::uint8_t page) { c.print("{}", page & 1); });
}

void print_membarrier_cpu_arg(ArgContext& c) {
  if ((c.arg(1) & MEMBARRIER_CMD_FLAG_CPU) != 0) c.print("{}", c.as_int());
}

void result_membarrier(ArgContext& c) {
  if (static_cast<std::uint32_t>(c.arg(0)) != MEMBARRIER_CMD_QUERY) {
    c.print("{}", c.call().result);
    return;
  }
  result_hex(c);
  if (c.call().result == 0) return;
  c.put(" (");
  print_flags(c, static_cast<std::uint64_t>(c.call().result), kMembarrierCommands, "");
  c.put(")");
}

void print_policy_mode_arg(ArgContext& c) { print_policy(c, c.as_uint()); }

void print_long_policy_mode_arg(ArgContext& c) { print_policy(c, c.value()); }

void print_policy_mode_at_arg(ArgContext& c) {
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t mode) {
    c.put("[");
    print_policy(c, mode);
    c.put("]");
  });
}

void print_node_mask_before_size_arg(ArgContext& c) { print_node_mask(c, c.value(), c.arg(c.index() + 1)); }

void print_node_mask_after_size_arg(ArgContext& c) { print_node_mask(c, c.value(), c.arg(1)); }

void print_page_list_arg(ArgContext& c) {
  print_array_at<std::uint64_t>(c, c.value(), list_length(c), [&](std::uint64_t page) { print_address(c, page); });
}

void print_node_list_arg(ArgContext& c) {
  print_array_at<std::int32_t>(c, c.value(), list_length(c), [&](std::int32_t node) { c.print("{}", node); });
}

void print_page_status_arg(ArgContext& c) {
  if (list_length(c) == 0 && c.value() != 0) {
    c.put("[]");
    return;
  }
  print_array_at<std::int32_t>(c, c.value(), list_length(c), [&](std::int32_t status) {
    const std::string_view name = errno_name(-status);
    const auto number = [&] { c.print("{}", status); };
    if (name.empty()) {
      number();
    } else {
      print_meaning(c, number, [&] { c.print("-{}", name); });
    }
  });
}

void print_iovec_addresses_arg(ArgContext& c) { print_iovec_addresses_at(c, c.value(), c.arg(c.index() + 1)); }

void print_process_read_arg(ArgContext& c) {
  const std::uint64_t count = c.arg(c.index() + 1);
  if (c.failed()) {
    print_iovec_addresses_at(c, c.value(), count);
  } else {
    print_iovecs_at(c, c.value(), count, c.filled(UINT64_MAX));
  }
}

void print_process_write_arg(ArgContext& c) { print_iovecs_at(c, c.value(), c.arg(c.index() + 1)); }

}  // namespace vdsotrace
