// Attributes of traffic control, bridges' groups, data centers, namespaces and configuration.
#include <linux/gen_stats.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "model/syscalls/netlink/generated_names.hpp"
#include "model/syscalls/netlink/route.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::netlink {
namespace {

constexpr Kind kTicks{show_ticks};

// Traffic control.

constexpr Field kTrafficCountersFields[] = {
    {"bytes", 0, kWide}, {"packets", 8, kWord}, {"drops", 12, kWord}, {"overlimits", 16, kWord},
    {"bps", 20, kWord},  {"pps", 24, kWord},    {"qlen", 28, kWord},  {"backlog", 32, kWord}};
constexpr Structure kTrafficCounters{36, 36, kTrafficCountersFields};
constexpr Field kEstimatorFields[] = {{"interval", 0, {show_signed, 1}}, {"ewma_log", 1, kByte}};
constexpr Structure kEstimator{2, 2, kEstimatorFields};

constexpr Field kBasicFields[] = {{"bytes", 0, kWide}, {"packets", 8, kWord}};
constexpr Structure kBasic{16, 12, kBasicFields};
constexpr Field kRateFields[] = {{"bps", 0, kWord}, {"pps", 4, kWord}};
constexpr Structure kRate{8, 8, kRateFields};
constexpr Field kWideRateFields[] = {{"bps", 0, kWide}, {"pps", 8, kWide}};
constexpr Structure kWideRate{16, 16, kWideRateFields};
constexpr Field kQueueFields[] = {
    {"qlen", 0, kWord}, {"backlog", 4, kWord}, {"drops", 8, kWord}, {"requeues", 12, kWord}, {"overlimits", 16, kWord}};
constexpr Structure kQueue{20, 20, kQueueFields};
constexpr Attribute kStatsKinds[] = {
    {TCA_STATS_BASIC, structure(kBasic)},
    {TCA_STATS_RATE_EST, structure(kRate)},
    {TCA_STATS_QUEUE, structure(kQueue)},
    {TCA_STATS_RATE_EST64, structure(kWideRate)},
    {TCA_STATS_BASIC_HW, structure(kBasic)},
    {TCA_STATS_PKT64, kWide},
};
const AttributeSet kStatsSet{&kTrafficStats, kStatsKinds};

constexpr Field kSizeTableFields[] = {
    {"cell_log", 0, kByte},  {"size_log", 1, kByte},    {"cell_align", 2, {show_signed, 2}}, {"overhead", 4, kSigned},
    {"linklayer", 8, kWord}, {"mpu", 12, kWord},        {"mtu", 16, kWord},                  {"tsize", 20, kWord}};
constexpr Structure kSizeTable{24, 24, kSizeTableFields};
constexpr Attribute kSizeTableKinds[] = {{TCA_STAB_BASE, structure(kSizeTable)}, {TCA_STAB_DATA, array(kShort)}};
const AttributeSet kSizeTableSet{&kTrafficStab, kSizeTableKinds};

constexpr Attribute kTrafficKinds[] = {
    {TCA_KIND, kText},
    {TCA_STATS, structure(kTrafficCounters)},
    {TCA_RATE, structure(kEstimator)},
    {TCA_STATS2, nested(kStatsSet)},
    {TCA_STAB, nested(kSizeTableSet)},
    {TCA_CHAIN, kWord},
    {TCA_HW_OFFLOAD, kByte},
    {TCA_INGRESS_BLOCK, kWord},
    {TCA_EGRESS_BLOCK, kWord},
};

// Actions are numbered from 1 to 32.

constexpr NamedValue kActionFlagNames[] = {
    {1, "TCA_ACT_FLAGS_NO_PERCPU_STATS"}, {2, "TCA_ACT_FLAGS_SKIP_HW"}, {4, "TCA_ACT_FLAGS_SKIP_SW"}};
const NameTable kActionFlags{kActionFlagNames, "TCA_ACT_FLAGS_???"};
constexpr NamedValue kHardwareStatsNames[] = {{1, "TCA_ACT_HW_STATS_IMMEDIATE"}, {2, "TCA_ACT_HW_STATS_DELAYED"}};
const NameTable kHardwareStats{kHardwareStatsNames, "TCA_ACT_HW_STATS_???"};
constexpr Attribute kActionKinds[] = {
    {TCA_ACT_KIND, kText},
    {TCA_ACT_INDEX, kWord},
    {TCA_ACT_STATS, nested(kStatsSet)},
    {TCA_ACT_FLAGS, flags(4, kActionFlags)},
    {TCA_ACT_HW_STATS, flags(4, kHardwareStats)},
    {TCA_ACT_USED_HW_STATS, flags(4, kHardwareStats)},
    {TCA_ACT_IN_HW_COUNT, kWord},
};

// Groups of bridges.

/// The address of a group: its protocol, behind it, says of which family.
bool show_group_address(const Walk& walk, const Piece& piece, const Kind&) {
  constexpr std::size_t kProtocol = 16;
  ArgContext& c = walk.c;
  const auto protocol = piece.from(kProtocol).object<std::uint16_t>();
  if (!protocol) return false;
  const std::uint16_t type = __builtin_bswap16(*protocol);
  if (type == ETH_P_IP) {
    c.put("u.ip4=");
    show_inet(walk, piece, kInet);
  } else if (type == ETH_P_IPV6) {
    print_inet6_addr(c, *piece.object<in6_addr>(), "u.ip6");
  } else {
    c.put("u=");
    print_bytes(walk, piece.first(kProtocol));
  }
  return true;
}
/// None is AF_UNSPEC, as strace has it.
bool show_group_protocol(const Walk& walk, const Piece& piece, const Kind& kind) {
  const bool none = piece.object<std::uint16_t>() == 0;
  return show_network_choice(walk, piece, {kind.show, kind.size, none ? &kAddressFamilies : &kEthernetProtocols});
}
constexpr Field kGroupAddressFields[] = {{"", 0, {show_group_address}}, {"proto", 16, {show_group_protocol, 2}}};
constexpr Structure kGroupAddress{20, 20, kGroupAddressFields};
constexpr Field kGroupFields[] = {
    {"ifindex", 0, kInterface},
    {"state", 4, choice(1, kMulticastStates)},
    {"flags", 5, flags(1, kMulticastFlags)},
    {"vid", 6, kShort},
    {"addr", 8, structure(kGroupAddress)},
};
constexpr Structure kGroup{sizeof(br_mdb_entry), sizeof(br_mdb_entry), kGroupFields};

/// A structure with attributes behind it.
bool show_group(const Walk& walk, const Piece& piece, const Kind&) {
  constexpr std::uint64_t kSize = sizeof(br_mdb_entry);
  static constexpr Attribute kKinds[] = {{MDBA_MDB_EATTR_TIMER, kTicks}};
  static const AttributeSet kSet{&kMulticastEntryAttributes, kKinds};
  if (piece.size < kSize) return false;
  print_structure(walk, piece, kGroup);
  if (piece.size == kSize || !piece.is_readable(kSize)) return true;
  walk.c.put(", ");
  print_attributes(walk, piece.from(kSize), kSet);
  return true;
}
constexpr Attribute kEntryKinds[] = {{MDBA_MDB_ENTRY_INFO, {show_group}}};
const AttributeSet kEntrySet{&kMulticastEntryInfo, kEntryKinds};
constexpr Attribute kEntriesKinds[] = {{MDBA_MDB_ENTRY, nested(kEntrySet)}};
const AttributeSet kEntriesSet{&kMulticastEntries, kEntriesKinds};

constexpr Attribute kRouterPortKinds[] = {
    {MDBA_ROUTER_PATTR_TIMER, kTicks},
    {MDBA_ROUTER_PATTR_TYPE, choice(1, kMulticastRouterTypes)},
    {MDBA_ROUTER_PATTR_INET_TIMER, kTicks},
    {MDBA_ROUTER_PATTR_INET6_TIMER, kTicks},
    {MDBA_ROUTER_PATTR_VID, kShort},
};
const AttributeSet kRouterPortSet{&kMulticastRouterAttributes, kRouterPortKinds};
bool show_router_port(const Walk& walk, const Piece& piece, const Kind&) {
  constexpr std::uint64_t kSize = sizeof(std::uint32_t);
  if (!show_interface(walk, piece, kInterface)) return false;
  if (piece.size == kSize || !piece.is_readable(kSize)) return true;
  walk.c.put(", ");
  print_attributes(walk, piece.from(kSize), kRouterPortSet);
  return true;
}
constexpr Attribute kRouterKinds[] = {{MDBA_ROUTER_PORT, {show_router_port}}};
const AttributeSet kRouterSet{&kMulticastRouters, kRouterKinds};

constexpr Attribute kMulticastKinds[] = {{MDBA_MDB, nested(kEntriesSet)}, {MDBA_ROUTER, nested(kRouterSet)}};

// The rest.

constexpr Attribute kConfigurationKinds[] = {
    {NETCONFA_IFINDEX, kInterface},
    {NETCONFA_FORWARDING, kSigned},
    {NETCONFA_RP_FILTER, kSigned},
    {NETCONFA_MC_FORWARDING, kSigned},
    {NETCONFA_PROXY_NEIGH, kSigned},
    {NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, kSigned},
    {NETCONFA_INPUT, kSigned},
    {NETCONFA_BC_FORWARDING, kSigned},
};
constexpr Attribute kNamespaceKinds[] = {
    {NETNSA_NSID, kSigned}, {NETNSA_PID, kWord}, {NETNSA_FD, kDescriptor}, {NETNSA_TARGET_NSID, kSigned}, {NETNSA_CURRENT_NSID, kSigned}};

}  // namespace

const AttributeSet kTrafficSet{&kTrafficAttributes, kTrafficKinds};
const AttributeSet kActionSet{&kActions, kActionKinds};
const AttributeSet kDataCenterSet{&kDcbAttributes, {}};
const AttributeSet kConfigurationSet{&kConfigurationAttributes, kConfigurationKinds};
const AttributeSet kMulticastSet{&kMulticastAttributes, kMulticastKinds};
const AttributeSet kNamespaceSet{&kNamespaceAttributes, kNamespaceKinds};

}  // namespace vdsotrace::netlink
