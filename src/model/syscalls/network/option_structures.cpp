#include "model/syscalls/network/option_structures.hpp"

#include <array>
#include <bit>

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/process/filter_program.hpp"

namespace vdsotrace {
namespace {

/// Reads a T, which the option's length must be enough for; prints the address without.
template <class T, class Body>
void with_option(ArgContext& c, const OptionPlace& place, Body&& body) {
  const bool whole = place.size >= static_cast<std::int32_t>(sizeof(T));
  const auto value = whole ? c.memory().object<T>(place.address) : std::nullopt;
  if (value) {
    body(*value);
  } else {
    print_address(c, place.address);
  }
}

/// The same where it must be that long.
template <class T, class Body>
void with_exact_option(ArgContext& c, const OptionPlace& place, Body&& body) {
  if (place.size == static_cast<std::int32_t>(sizeof(T))) {
    with_option<T>(c, place, body);
  } else {
    print_address(c, place.address);
  }
}

void print_hardware_address(ArgContext& c, std::span<const std::byte> bytes) {
  const auto parts = [&] {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      c.print("{}{:02x}", i == 0 ? "" : ":", static_cast<unsigned>(bytes[i]));
  };
  print_meaning(
      c, [&] { append_quoted_hex(c.out(), bytes); }, parts);
}

}  // namespace

void print_packet_membership(ArgContext& c, const OptionPlace& place) {
  static constexpr std::array kTypes{NAMED(PACKET_MR_MULTICAST), NAMED(PACKET_MR_PROMISC), NAMED(PACKET_MR_ALLMULTI),
                                     NAMED(PACKET_MR_UNICAST)};
  with_exact_option<packet_mreq>(c, place, [&](const packet_mreq& request) {
    c.put("{mr_ifindex=");
    print_interface(c, static_cast<std::uint32_t>(request.mr_ifindex));
    c.put(", mr_type=");
    print_choice(c, request.mr_type, kTypes, "PACKET_MR_???");
    c.print(", mr_alen={}, mr_address=", request.mr_alen);
    const auto address = std::as_bytes(std::span(request.mr_address));
    print_hardware_address(c, address.first(std::min<std::size_t>(address.size(), request.mr_alen)));
    c.put("}");
  });
}

void print_packet_ring(ArgContext& c, const OptionPlace& place) {
  with_exact_option<tpacket_req>(c, place, [&](const tpacket_req& ring) {
    c.print("{{tp_block_size={}, tp_block_nr={}, tp_frame_size={}, tp_frame_nr={}}}", ring.tp_block_size,
            ring.tp_block_nr, ring.tp_frame_size, ring.tp_frame_nr);
  });
}

void print_icmp_filter(ArgContext& c, const OptionPlace& place) {
  static constexpr std::array kTypes{NAMED(ICMP_ECHOREPLY),     NAMED(ICMP_DEST_UNREACH), NAMED(ICMP_SOURCE_QUENCH),
                                     NAMED(ICMP_REDIRECT),      NAMED(ICMP_ECHO),         NAMED(ICMP_TIME_EXCEEDED),
                                     NAMED(ICMP_PARAMETERPROB), NAMED(ICMP_TIMESTAMP),    NAMED(ICMP_TIMESTAMPREPLY),
                                     NAMED(ICMP_INFO_REQUEST),  NAMED(ICMP_INFO_REPLY),   NAMED(ICMP_ADDRESS),
                                     NAMED(ICMP_ADDRESSREPLY)};
  // As with sets of signals: with most of them in it, a set is shown by what it lacks.
  constexpr int kMany = 32 * 2 / 3;
  with_option<std::uint32_t>(c, place, [&](std::uint32_t types) {
    const bool inverted = std::popcount(types) >= kMany;
    c.put(inverted ? "~[" : "[");
    const std::uint32_t shown = inverted ? ~types : types;
    for (std::uint32_t rest = shown; rest != 0; rest &= rest - 1) {
      if (rest != shown) c.put(" ");
      print_choice(c, static_cast<std::uint64_t>(std::countr_zero(rest)), kTypes, "", Digits::decimal);
    }
    c.put("]");
  });
}

void print_group(ArgContext& c, const OptionPlace& place) {
  with_option<group_req>(c, place, [&](const group_req& request) {
    c.put("{gr_interface=");
    print_interface(c, request.gr_interface);
    c.put(", gr_group=");
    print_sockaddr(c, std::as_bytes(std::span(&request.gr_group, 1)));
    c.put("}");
  });
}

void print_filter_to_set(ArgContext& c, const OptionPlace& place) {
  constexpr std::int32_t kProgram = 16;  // struct sock_fprog
  if (place.size < kProgram) {
    print_address(c, place.address);
  } else {
    print_filter_program_at(c, place.address, FilterUse::packets);
  }
}

void print_filter_got(ArgContext& c, const OptionPlace& place) {
  print_filter_at(c, place.address, static_cast<std::uint64_t>(place.size), FilterUse::packets);
}

}  // namespace vdsotrace
