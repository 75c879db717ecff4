#include "model/syscalls/network/options.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/network/option_structures.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace {
namespace {

/// Options of SOL_SOCKET that are a C int whatever length the program gives, sorted.
constexpr std::array<std::uint8_t, 43> kIntOptions{1,  2,  5,  6,  7,  8,  9,  10, 11, 12, 14, 15, 16, 18, 19,
                                                   27, 29, 30, 32, 33, 34, 35, 36, 37, 40, 41, 42, 43, 44, 45,
                                                   46, 49, 53, 56, 60, 63, 64, 65, 68, 69, 70, 73, 75};

using Place = OptionPlace;

bool is_int_option(std::uint32_t level, std::uint32_t option) {
  return level == SOL_SOCKET && std::binary_search(kIntOptions.begin(), kIntOptions.end(), option);
}

void print_int_at(ArgContext& c, std::uint64_t address) {
  if (const auto value = c.memory().object<std::int32_t>(address)) {
    c.print("[{}]", *value);
  } else {
    print_address(c, address);
  }
}

/// The value's first bytes as \x escapes: strace shows an int of less than four bytes so.
void print_short_int(ArgContext& c, const Place& place) {
  std::array<std::byte, 4> bytes;
  const auto some = std::span(bytes).first(static_cast<std::size_t>(place.size));
  if (c.memory().read(place.address, some) != some.size()) {
    print_address(c, place.address);
    return;
  }
  c.put("\"");
  for (const std::byte byte : some) c.print("\\x{:02x}", static_cast<unsigned>(byte));
  c.put("\"");
}

constexpr std::string_view kPeerProcess = "pid";

/// A structure of C ints, as much of it as there is; of one that is cut, its bytes.
template <class Int = std::int32_t, std::size_t kCount>
void print_int_members(ArgContext& c, const Place& place, const std::array<std::string_view, kCount>& names) {
  std::array<Int, kCount> values{};
  const auto size = std::min<std::size_t>(static_cast<std::size_t>(place.size), sizeof values);
  const auto bytes = std::as_writable_bytes(std::span(values)).first(size);
  if (c.memory().read(place.address, bytes) != size) {
    print_address(c, place.address);
    return;
  }
  for (std::size_t i = 0; i * sizeof(std::int32_t) < size; ++i) {
    c.print("{}{}=", i == 0 ? "{" : ", ", names[i]);
    const auto rest = bytes.subspan(i * sizeof(std::int32_t));
    if (rest.size() < sizeof(std::int32_t)) {
      append_quoted_hex(c.out(), rest);
    } else {
      c.print("{}", values[i]);
      if (names[i] == kPeerProcess) print_process_facts(c, static_cast<pid_t>(values[i]), ProcessKind::process);
    }
  }
  c.put("}");
}

constexpr std::array<std::string_view, 2> kLinger{"l_onoff", "l_linger"};
constexpr std::array<std::string_view, 3> kPeer{kPeerProcess, "uid", "gid"};

constexpr std::array<std::string_view, 3> kStatistics{"tp_packets", "tp_drops", "tp_freeze_q_cnt"};
void print_statistics(ArgContext& c, const Place& place) { print_int_members<std::uint32_t>(c, place, kStatistics); }
void print_linger(ArgContext& c, const Place& place) { print_int_members(c, place, kLinger); }
void print_whole_linger(ArgContext& c, const Place& place) {
  if (place.size < static_cast<std::int32_t>(sizeof(linger))) {
    print_address(c, place.address);
  } else {
    print_linger(c, place);
  }
}
void print_peer(ArgContext& c, const Place& place) { print_int_members(c, place, kPeer); }

void print_pending_error(ArgContext& c, const Place& place) {
  if (place.size < static_cast<std::int32_t>(sizeof(std::int32_t))) {
    print_short_int(c, place);
    return;
  }
  const auto error = c.memory().object<std::int32_t>(place.address);
  if (!error) {
    print_address(c, place.address);
    return;
  }
  const std::string_view name = *error > 0 ? errno_name(*error) : std::string_view();
  if (name.empty()) {
    c.print("[{}]", *error);
  } else {
    c.print("[{}]", name);
  }
}

/// Linux 6.0: newer than the headers that we may be compiled with.
constexpr std::uint32_t kTxRehash = 74;

void print_rehash(ArgContext& c, const Place& place) {
  static constexpr std::array kModes{NamedValue{0, "SOCK_TXREHASH_DISABLED"}, NamedValue{1, "SOCK_TXREHASH_ENABLED"},
                                     NamedValue{255, "SOCK_TXREHASH_DEFAULT"}};
  const bool whole = place.size >= static_cast<std::int32_t>(sizeof(std::int32_t));
  const auto mode = whole ? c.memory().object<std::uint32_t>(place.address) : std::nullopt;
  if (!mode) {
    print_address(c, place.address);
    return;
  }
  c.put("[");
  print_choice(c, *mode, kModes, "SOCK_TXREHASH_???", Digits::decimal);
  c.put("]");
}

void print_rehash_got(ArgContext& c, const Place& place) {
  if (place.size < static_cast<std::int32_t>(sizeof(std::int32_t))) {
    print_short_int(c, place);
  } else {
    print_rehash(c, place);
  }
}

void print_membership(ArgContext& c, const Place& place) {
  const auto request = c.memory().object<ip_mreq>(place.address);
  if (place.size < static_cast<std::int32_t>(sizeof(ip_mreq)) || !request) {
    print_address(c, place.address);
    return;
  }
  c.put("{imr_multiaddr=");
  print_inet_addr(c, request->imr_multiaddr.s_addr);
  c.put(", imr_interface=");
  print_inet_addr(c, request->imr_interface.s_addr);
  c.put("}");
}

void print_membership6(ArgContext& c, const Place& place) {
  const auto request = c.memory().object<ipv6_mreq>(place.address);
  if (place.size < static_cast<std::int32_t>(sizeof(ipv6_mreq)) || !request) {
    print_address(c, place.address);
    return;
  }
  c.put("{");
  print_inet6_addr(c, request->ipv6mr_multiaddr, "ipv6mr_multiaddr");
  c.put(", ipv6mr_interface=");
  print_interface(c, request->ipv6mr_interface);
  c.put("}");
}

struct OptionForm {
  std::uint32_t level;
  std::uint32_t option;
  void (*print)(ArgContext&, const Place&);
};

/// Values that setsockopt takes and that are neither an int nor bytes.
constexpr OptionForm kSetForms[] = {
    {SOL_SOCKET, SO_LINGER, print_whole_linger},
    {SOL_SOCKET, kTxRehash, print_rehash},
    {SOL_PACKET, PACKET_ADD_MEMBERSHIP, print_packet_membership},
    {SOL_PACKET, PACKET_DROP_MEMBERSHIP, print_packet_membership},
    {SOL_PACKET, PACKET_RX_RING, print_packet_ring},
    {SOL_PACKET, PACKET_TX_RING, print_packet_ring},
    {SOL_RAW, kIcmpFilter, print_icmp_filter},
    {SOL_IP, MCAST_JOIN_GROUP, print_group},
    {SOL_IP, MCAST_LEAVE_GROUP, print_group},
    {SOL_IPV6, MCAST_JOIN_GROUP, print_group},
    {SOL_IPV6, MCAST_LEAVE_GROUP, print_group},
    {SOL_SOCKET, SO_ATTACH_FILTER, print_filter_to_set},
    {SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, print_filter_to_set},
    {SOL_IP, IP_ADD_MEMBERSHIP, print_membership},
    {SOL_IP, IP_DROP_MEMBERSHIP, print_membership},
    {SOL_IPV6, IPV6_JOIN_GROUP, print_membership6},
    {SOL_IPV6, IPV6_LEAVE_GROUP, print_membership6},
    {SOL_IPV6, IPV6_JOIN_ANYCAST, print_membership6},
    {SOL_IPV6, IPV6_LEAVE_ANYCAST, print_membership6},
};

/// The same for getsockopt.
constexpr OptionForm kGetForms[] = {
    {SOL_SOCKET, SO_LINGER, print_linger},       {SOL_SOCKET, kTxRehash, print_rehash_got},
    {SOL_SOCKET, SO_PEERCRED, print_peer},       {SOL_SOCKET, SO_GET_FILTER, print_filter_got},
    {SOL_RAW, kIcmpFilter, print_icmp_filter},   {SOL_PACKET, PACKET_STATISTICS, print_statistics},
    {SOL_SOCKET, SO_ERROR, print_pending_error},
};

const OptionForm* form_in(std::span<const OptionForm> forms, const ArgContext& c) {
  const auto found = std::find_if(forms.begin(), forms.end(), [&](const OptionForm& form) {
    return form.level == static_cast<std::uint32_t>(c.arg(1)) && form.option == static_cast<std::uint32_t>(c.arg(2));
  });
  return found != forms.end() ? &*found : nullptr;
}

/// What strace prints where it knows nothing of the option: four bytes are an int.
void print_plain(ArgContext& c, const Place& place) {
  if (place.size == sizeof(std::int32_t)) {
    print_int_at(c, place.address);
  } else if (place.size < 0) {
    print_address(c, place.address);
  } else {
    print_buffer_at(c, place.address, static_cast<std::uint64_t>(place.size));
  }
}

bool is_int_option(const ArgContext& c) {
  return is_int_option(static_cast<std::uint32_t>(c.arg(1)), static_cast<std::uint32_t>(c.arg(2))) ||
         static_cast<std::uint32_t>(c.arg(1)) == SOL_NETLINK;
}

/// One number means the filter that is set and the one that is got.
bool is_filter_to_set(const ArgContext& c) {
  return static_cast<std::uint32_t>(c.arg(1)) == SOL_SOCKET && c.as_uint() == SO_ATTACH_FILTER &&
         c.call().name == "setsockopt";
}

void print_option(ArgContext& c) {
  const NameTable* options = socket_options(static_cast<std::uint32_t>(c.arg(1)));
  if (options == nullptr) {
    c.print("{}", c.as_uint());
  } else if (is_filter_to_set(c)) {
    print_constant(c, SO_ATTACH_FILTER, "SO_ATTACH_FILTER");
  } else {
    print_choice(c, c.as_uint(), options->values, options->unknown);
  }
}

void print_set(ArgContext& c) {
  const Place place{c.value(), static_cast<std::int32_t>(c.arg(c.index() + 1))};
  const OptionForm* form = form_in(kSetForms, c);
  const bool is_int = form == nullptr && is_int_option(c);
  const bool is_cut = is_int && place.size < static_cast<std::int32_t>(sizeof(std::int32_t));
  if (place.address == 0 || is_cut) {
    print_address(c, place.address);
  } else if (form != nullptr) {
    form->print(c, place);
  } else if (is_int) {
    print_int_at(c, place.address);
  } else {
    print_plain(c, place);
  }
}

std::optional<std::int32_t> size_in(Memory& memory, std::uint64_t address) {
  return address == 0 ? std::nullopt : memory.object<std::int32_t>(address);
}

void print_got(ArgContext& c) {
  const auto asked = size_in(c.entry_memory(), c.arg(4));
  if (asked && c.wait_for_exit()) return;
  const auto size = asked && !c.failed() ? size_in(c.memory(), c.arg(4)) : std::nullopt;
  const Place place{c.value(), std::min(size.value_or(0), asked.value_or(0))};
  const OptionForm* form = form_in(kGetForms, c);
  if (place.address == 0 || place.size <= 0) {
    print_address(c, place.address);
  } else if (form != nullptr) {
    form->print(c, place);
  } else if (!is_int_option(c)) {
    print_plain(c, place);
  } else if (place.size < static_cast<std::int32_t>(sizeof(std::int32_t))) {
    print_short_int(c, place);
  } else {
    print_int_at(c, place.address);
  }
}

void print_got_size(ArgContext& c) {
  const auto asked = size_in(c.entry_memory(), c.value());
  if (!asked) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  const auto size = c.failed() ? std::nullopt : size_in(c.memory(), c.value());
  if (size && *size != *asked) {
    c.print("[{} => {}]", *asked, *size);
  } else {
    c.print("[{}]", *asked);
  }
}

}  // namespace

const ArgKind kSocketOption{print_option};
const ArgKind kSocketOptionSet{print_set};
const ArgKind kSocketOptionGot{print_got, When::either};
const ArgKind kSocketOptionSize{print_got_size, When::either};

}  // namespace vdsotrace
