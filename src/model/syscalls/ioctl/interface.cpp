// What ioctl requests of network interfaces take and fill.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <linux/sockios.h>
#include <net/if.h>
#include <sys/socket.h>

#include "model/syscalls/ioctl/kinds.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/network/values.hpp"

namespace vdsotrace {
namespace {

constexpr NamedValue kInterfaceFlags[] = {{1, "IFF_UP"},
                                          {2, "IFF_BROADCAST"},
                                          {4, "IFF_DEBUG"},
                                          {8, "IFF_LOOPBACK"},
                                          {0x10, "IFF_POINTOPOINT"},
                                          {0x20, "IFF_NOTRAILERS"},
                                          {0x40, "IFF_RUNNING"},
                                          {0x80, "IFF_NOARP"},
                                          {0x100, "IFF_PROMISC"},
                                          {0x200, "IFF_ALLMULTI"},
                                          {0x400, "IFF_MASTER"},
                                          {0x800, "IFF_SLAVE"},
                                          {0x1000, "IFF_MULTICAST"},
                                          {0x2000, "IFF_PORTSEL"},
                                          {0x4000, "IFF_AUTOMEDIA"},
                                          {0x8000, "IFF_DYNAMIC"}};

/// One that is not ended is cut, as the kernel cuts it.
void print_name(ArgContext& c, const char (&name)[IFNAMSIZ]) {
  const std::size_t length = strnlen(name, IFNAMSIZ);
  const bool ended = length < IFNAMSIZ;
  print_quoted(c, std::as_bytes(std::span(name, ended ? length : length - 1)), IFNAMSIZ, !ended);
}

/// Hardware addresses of AX.25 and the protocols built on it are one byte longer than those of the rest.
std::size_t hardware_length(unsigned type) {
  constexpr unsigned kNetrom = 0;
  constexpr unsigned kAx25 = 3;
  return type == kNetrom || type == kAx25 ? 7 : 6;
}

void print_address_member(ArgContext& c, const ifreq& request) {
  print_sockaddr(c, std::as_bytes(std::span(&request.ifr_addr, 1)));
}

void print_hardware_address(ArgContext& c, const ifreq& request) {
  const sockaddr& address = request.ifr_hwaddr;
  c.put("{sa_family=");
  print_choice(c, address.sa_family, kHardwareTypes.values, kHardwareTypes.unknown);
  c.put(", sa_data=");
  const std::size_t length = hardware_length(address.sa_family);
  for (std::size_t i = 0; i < length; ++i) {
    if (i != 0) c.put(":");
    c.print("{:02x}", static_cast<unsigned char>(address.sa_data[i]));
  }
  c.put("}");
}

void print_flag_bits(ArgContext& c, const ifreq& request) {
  print_flags(c, static_cast<std::uint16_t>(request.ifr_flags), kInterfaceFlags, "IFF_???");
}

void print_number(ArgContext& c, const ifreq& request) { c.print("{}", request.ifr_ifindex); }

void print_second_name(ArgContext& c, const ifreq& request) { print_name(c, request.ifr_newname); }

void print_map(ArgContext& c, const ifreq& request) {
  const ifmap& map = request.ifr_map;
  c.put("{mem_start=");
  print_hex(c, map.mem_start);
  c.put(", mem_end=");
  print_hex(c, map.mem_end);
  c.put(", base_addr=");
  print_hex(c, map.base_addr);
  c.put(", irq=");
  print_hex(c, map.irq);
  c.put(", dma=");
  print_hex(c, map.dma);
  c.put(", port=");
  print_hex(c, map.port);
  c.put("}");
}

/// A member of struct ifreq: what strace calls it and how it is shown.
struct Member {
  std::string_view name;
  void (*print)(ArgContext&, const ifreq&);
};

constexpr Member kAddress{"ifr_addr", print_address_member};
constexpr Member kDestination{"ifr_dstaddr", print_address_member};
constexpr Member kBroadcast{"ifr_broadaddr", print_address_member};
constexpr Member kNetmask{"ifr_netmask", print_address_member};
constexpr Member kHardware{"ifr_hwaddr", print_hardware_address};
constexpr Member kFlagBits{"ifr_flags", print_flag_bits};
constexpr Member kIndex{"ifr_ifindex", print_number};
constexpr Member kMetric{"ifr_metric", print_number};
constexpr Member kMtu{"ifr_mtu", print_number};
constexpr Member kQueueLength{"ifr_qlen", print_number};
constexpr Member kSlave{"ifr_slave", print_second_name};
constexpr Member kNewName{"ifr_newname", print_second_name};
constexpr Member kMap{"ifr_map", print_map};

void print_with_member(ArgContext& c, const ifreq& request, const Member& member) {
  c.put("{ifr_name=");
  print_name(c, request.ifr_name);
  c.print(", {}=", member.name);
  member.print(c, request);
  c.put("}");
}

template <const Member& kMember>
void print_set(ArgContext& c) {
  print_object_at<ifreq>(c, c.value(), [&](const ifreq& request) { print_with_member(c, request, kMember); });
}

/// A T that the argument pointed to when the call began.
template <class T>
std::optional<T> asked(ArgContext& c) {
  if (c.value() == 0 || !c.native_layout()) return std::nullopt;
  return c.entry_memory().object<T>(c.value());
}

/// The same when it has ended; nothing if it failed.
template <class T>
std::optional<T> result_of(ArgContext& c) {
  return c.failed() ? std::nullopt : c.memory().object<T>(c.value());
}

/// A request that failed shows at least which interface was meant.
template <const Member& kMember>
void print_get(ArgContext& c) {
  const auto before = asked<ifreq>(c);
  if (!before) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  if (const auto after = result_of<ifreq>(c)) {
    print_with_member(c, *after, kMember);
    return;
  }
  c.put("{ifr_name=");
  print_name(c, before->ifr_name);
  c.put("}");
}

void print_name_of_index(ArgContext& c) {
  const auto before = asked<ifreq>(c);
  if (!before) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  c.print("{{ifr_ifindex={}", before->ifr_ifindex);
  if (const auto after = result_of<ifreq>(c)) {
    c.put(", ifr_name=");
    print_name(c, after->ifr_name);
  }
  c.put("}");
}

void print_list_length(ArgContext& c, int length) {
  constexpr int kEach = sizeof(ifreq);
  c.print("{}", length);
  if (length > 0 && length % kEach == 0) {
    c.print(" /* {} * sizeof(struct ifreq) */", length / kEach);
  }
}

/// The interfaces that have an address; without a buffer only how much room they take.
void print_list(ArgContext& c) {
  const auto before = asked<ifconf>(c);
  if (!before) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  const auto after = result_of<ifconf>(c);
  const auto buffer = reinterpret_cast<std::uintptr_t>(before->ifc_buf);
  c.put("{ifc_len=");
  if (after && buffer != 0 && after->ifc_len != before->ifc_len) {
    print_list_length(c, before->ifc_len);
    c.put(" => ");
  }
  print_list_length(c, after ? after->ifc_len : before->ifc_len);
  c.put(", ifc_buf=");
  if (after && buffer != 0) {
    const auto count = static_cast<std::uint64_t>(std::clamp(after->ifc_len, 0, std::max(before->ifc_len, 0))) /
                       sizeof(ifreq);
    print_array_at<ifreq>(c, buffer, count, [&](const ifreq& request) { print_with_member(c, request, kAddress); });
  } else {
    print_address(c, buffer);
  }
  c.put("}");
}

/// A bridge's name: a string, of which the kernel reads no more than a name may have.
void print_bridge(ArgContext& c) {
  std::array<std::byte, IFNAMSIZ> bytes;
  const std::size_t count = c.value() != 0 ? c.memory().read(c.value(), bytes) : 0;
  const auto readable = std::span(bytes).first(count);
  const auto end = std::ranges::find(readable, std::byte{0});
  const bool ended = end != readable.end();
  if (ended || count == bytes.size()) {
    print_quoted(c, std::span(readable.begin(), end), IFNAMSIZ, !ended);
  } else {
    print_address(c, c.value());
  }
}

void print_bridge_port(ArgContext& c) {
  print_object_at<ifreq>(c, c.value(), [&](const ifreq& request) {
    c.put("{ifr_ifindex=");
    print_interface(c, static_cast<std::uint32_t>(request.ifr_ifindex));
    c.put("}");
  });
}

constexpr IoctlPrinter kInterfacePrinters[] = {
    {SIOCATMARK, print_ioctl_int_out},
    {SIOCSIFENCAP, print_ioctl_int},
    {SIOCBRADDBR, print_bridge},
    {SIOCBRDELBR, print_bridge},
    {SIOCBRADDIF, print_bridge_port},
    {SIOCBRDELIF, print_bridge_port},
    {SIOCSIFHWBROADCAST, print_set<kHardware>},
    {SIOCADDMULTI, print_set<kHardware>},
    {SIOCDELMULTI, print_set<kHardware>},
    {SIOCGIFNAME, print_name_of_index},
    {SIOCGIFCONF, print_list},
    {SIOCGIFADDR, print_get<kAddress>},
    {SIOCSIFADDR, print_set<kAddress>},
    {SIOCGIFDSTADDR, print_get<kDestination>},
    {SIOCSIFDSTADDR, print_set<kDestination>},
    {SIOCGIFBRDADDR, print_get<kBroadcast>},
    {SIOCSIFBRDADDR, print_set<kBroadcast>},
    {SIOCGIFNETMASK, print_get<kNetmask>},
    {SIOCSIFNETMASK, print_set<kNetmask>},
    {SIOCGIFHWADDR, print_get<kHardware>},
    {SIOCSIFHWADDR, print_set<kHardware>},
    {SIOCGIFFLAGS, print_get<kFlagBits>},
    {SIOCSIFFLAGS, print_set<kFlagBits>},
    {SIOCGIFINDEX, print_get<kIndex>},
    {SIOCGIFMETRIC, print_get<kMetric>},
    {SIOCSIFMETRIC, print_set<kMetric>},
    {SIOCGIFMTU, print_get<kMtu>},
    {SIOCSIFMTU, print_set<kMtu>},
    {SIOCGIFTXQLEN, print_get<kQueueLength>},
    {SIOCSIFTXQLEN, print_set<kQueueLength>},
    {SIOCGIFSLAVE, print_get<kSlave>},
    {SIOCSIFSLAVE, print_set<kSlave>},
    {SIOCSIFNAME, print_set<kNewName>},
    {SIOCGIFMAP, print_get<kMap>},
    {SIOCSIFMAP, print_set<kMap>},
};

}  // namespace

std::span<const IoctlPrinter> interface_ioctls() { return kInterfacePrinters; }

}  // namespace vdsotrace
