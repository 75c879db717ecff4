#include "model/syscalls/network/sockaddr.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "model/syscalls/network/sockaddr_forms.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace {
namespace {

using Bytes = std::span<const std::byte>;

std::size_t length_to_nul(Bytes bytes) {
  return static_cast<std::size_t>(std::find(bytes.begin(), bytes.end(), std::byte{0}) - bytes.begin());
}

/// The bytes of a member as they lie, beside what they mean.
template <class T, class Meaning>
void print_in_network_order(ArgContext& c, const T& member, Meaning&& meaning) {
  print_meaning(
      c, [&] { append_quoted_hex(c.out(), std::as_bytes(std::span(&member, 1))); }, meaning);
}

void print_unix(ArgContext& c, Bytes bytes) {
  Bytes path = bytes.subspan(offsetof(sockaddr_un, sun_path));
  path = path.first(std::min(path.size(), sizeof(sockaddr_un::sun_path)));
  c.put("sun_path=");
  const bool is_abstract = path[0] == std::byte{0};
  if (is_abstract) c.put("@");
  const Bytes name = is_abstract ? path.subspan(1) : path.first(length_to_nul(path));
  print_quoted(c, name, name.size());
}

void print_netlink(ArgContext& c, Bytes bytes) {
  const auto address = front_of<sockaddr_nl>(bytes);
  if (address.nl_pad != 0) c.print("nl_pad={:#x}, ", address.nl_pad);
  c.put("nl_pid=");
  print_process(c, static_cast<pid_t>(address.nl_pid), ProcessKind::process);
  c.put(", nl_groups=");
  if (address.nl_groups == 0) {
    c.put("00000000");
  } else {
    c.print("{:#08x}", address.nl_groups);
  }
}

void print_packet(ArgContext& c, Bytes bytes) {
  const auto address = front_of<sockaddr_ll>(bytes);
  c.put("sll_protocol=");
  print_in_network_order(c, address.sll_protocol, [&] {
    c.put("htons(");
    print_choice(c, ntohs(address.sll_protocol), kEthernetProtocols.values, kEthernetProtocols.unknown);
    c.put(")");
  });
  c.put(", sll_ifindex=");
  print_interface(c, static_cast<std::uint32_t>(address.sll_ifindex));
  c.put(", sll_hatype=");
  print_choice(c, address.sll_hatype, kHardwareTypes.values, kHardwareTypes.unknown);
  c.put(", sll_pkttype=");
  print_choice(c, address.sll_pkttype, kPacketTypes.values, kPacketTypes.unknown);
  c.print(", sll_halen={}", address.sll_halen);
  if (address.sll_halen == 0) return;
  const Bytes hardware = bytes.subspan(std::min(bytes.size(), offsetof(sockaddr_ll, sll_addr)));
  const std::size_t shown = std::min<std::size_t>(hardware.size(), address.sll_halen);
  c.put(", sll_addr=[");
  for (std::size_t i = 0; i < shown; ++i) {
    if (i != 0) c.put(", ");
    print_hex(c, static_cast<std::uint64_t>(hardware[i]));
  }
  if (shown < address.sll_halen) c.put(", ...");
  c.put("]");
}

constexpr SockaddrForm kForms[] = {
    {AF_UNIX, sizeof(sa_family_t) + 1, print_unix},
    {AF_INET, sizeof(sockaddr_in), print_inet},
    {AF_INET6, offsetof(sockaddr_in6, sin6_scope_id), print_inet6},
    {AF_NETLINK, sizeof(sockaddr_nl), print_netlink},
    {AF_PACKET, sizeof(sockaddr_ll), print_packet},
};

const SockaddrForm* form_of(std::uint16_t family, std::size_t size) {
  const std::span<const SockaddrForm> tables[] = {kForms, special_sockaddr_forms()};
  for (const auto table : tables) {
    const auto found = std::ranges::find_if(
        table, [&](const SockaddrForm& form) { return form.family == family && size >= form.shortest; });
    if (found != table.end()) return &*found;
  }
  return nullptr;
}

/// An address in its usual spelling, quoted as strings are.
void print_spelled_address(ArgContext& c, const char* text) {
  print_quoted(c, std::as_bytes(std::span(text, std::strlen(text))), std::strlen(text));
}

}  // namespace

void print_inet(ArgContext& c, Bytes bytes) {
  const auto address = front_of<sockaddr_in>(bytes);
  c.put("sin_port=");
  print_in_network_order(c, address.sin_port, [&] { c.print("htons({})", ntohs(address.sin_port)); });
  c.put(", sin_addr=");
  print_inet_addr(c, address.sin_addr.s_addr);
}

void print_inet6(ArgContext& c, Bytes bytes) {
  const auto address = front_of<sockaddr_in6>(bytes);
  c.put("sin6_port=");
  print_in_network_order(c, address.sin6_port, [&] { c.print("htons({})", ntohs(address.sin6_port)); });
  c.put(", sin6_flowinfo=");
  print_in_network_order(c, address.sin6_flowinfo, [&] { c.print("htonl({})", ntohl(address.sin6_flowinfo)); });
  c.put(", ");
  print_inet6_addr(c, address.sin6_addr, "sin6_addr");
  if (bytes.size() <= offsetof(sockaddr_in6, sin6_scope_id)) return;
  c.put(", sin6_scope_id=");
  const bool is_link_local = IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&address.sin6_addr);
  if (is_link_local) {
    print_interface(c, address.sin6_scope_id);
  } else {
    c.print("{}", address.sin6_scope_id);
  }
}

void print_inet_addr(ArgContext& c, std::uint32_t address) {
  std::array<char, INET_ADDRSTRLEN> text;
  inet_ntop(AF_INET, &address, text.data(), text.size());
  print_in_network_order(c, address, [&] {
    c.put("inet_addr(");
    print_spelled_address(c, text.data());
    c.put(")");
  });
}

void print_inet6_addr(ArgContext& c, const in6_addr& address, std::string_view name) {
  std::array<char, INET6_ADDRSTRLEN> text;
  inet_ntop(AF_INET6, &address, text.data(), text.size());
  if (c.constants() == ConstantStyle::abbrev) {
    c.put("inet_pton(AF_INET6, ");
    print_spelled_address(c, text.data());
    c.print(", &{})", name);
    return;
  }
  c.print("{}=", name);
  print_in_network_order(c, address, [&] {
    c.put("inet_pton(AF_INET6, ");
    print_spelled_address(c, text.data());
    c.put(")");
  });
}

void print_interface(ArgContext& c, std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name;
  if (index == 0 || if_indextoname(index, name.data()) == nullptr) {
    c.print("{}", index);
    return;
  }
  const auto number = [&] { c.put_number(index); };
  print_meaning(c, number, [&] {
    c.put("if_nametoindex(");
    print_quoted(c, std::as_bytes(std::span(name.data(), std::strlen(name.data()))), name.size());
    c.put(")");
  });
}

void print_sockaddr(ArgContext& c, Bytes bytes) {
  const auto family = front_of<sa_family_t>(bytes);
  c.put("{sa_family=");
  print_choice(c, family, kAddressFamilies.values, kAddressFamilies.unknown);
  const Bytes rest = bytes.subspan(sizeof family);
  if (const SockaddrForm* form = form_of(family, bytes.size())) {
    c.put(", ");
    form->print(c, bytes);
  } else if (!rest.empty()) {
    c.put(", sa_data=");
    print_quoted(c, rest, rest.size());
  }
  c.put("}");
}

std::uint16_t print_sockaddr_at(ArgContext& c, std::uint64_t address, std::int64_t length) {
  std::array<std::byte, sizeof(sockaddr_storage)> storage;
  if (address != 0 && length >= static_cast<std::int64_t>(sizeof(sa_family_t))) {
    const auto size = std::min<std::uint64_t>(static_cast<std::uint64_t>(length), storage.size());
    const auto bytes = std::span(storage).first(static_cast<std::size_t>(size));
    if (c.memory().read(address, bytes) == bytes.size()) {
      print_sockaddr(c, bytes);
      return front_of<sa_family_t>(bytes);
    }
  }
  print_address(c, address);
  return AF_UNSPEC;
}

}  // namespace vdsotrace
