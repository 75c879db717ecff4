// Structures that socket options take.
#pragma once

#include "model/syscalls/print.hpp"

namespace vdsotrace {

/// ICMP_FILTER of linux/icmp.h, which does not go with net/if.h.
inline constexpr std::uint32_t kIcmpFilter = 1;

/// Where an option's value lies and how much of it there is.
struct OptionPlace {
  std::uint64_t address;
  std::int32_t size;
};

void print_packet_membership(ArgContext& c, const OptionPlace& place);  ///< struct packet_mreq: packet(7)
void print_packet_ring(ArgContext& c, const OptionPlace& place);        ///< struct tpacket_req
void print_icmp_filter(ArgContext& c, const OptionPlace& place);        ///< struct icmp_filter: raw(7)
void print_group(ArgContext& c, const OptionPlace& place);              ///< struct group_req: ip(7)
/// struct sock_fprog: socket(7).
void print_filter_to_set(ArgContext& c, const OptionPlace& place);
/// Its statements; the length counts them.
void print_filter_got(ArgContext& c, const OptionPlace& place);

}  // namespace vdsotrace
