// Attributes of network interfaces.
#include <array>
#include <iterator>
#include <string>
#include <string_view>

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "model/syscalls/netlink/generated_names.hpp"
#include "model/syscalls/netlink/route.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::netlink {
namespace {

constexpr Kind kTicks{show_ticks};

// struct rtnl_link_stats64 has all of them, of 8 bytes each, struct rtnl_link_stats all but the last, of 4.
constexpr std::string_view kCounters[] = {
    "rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped", "multicast",
    "collisions", "rx_length_errors", "rx_over_errors", "rx_crc_errors", "rx_frame_errors", "rx_fifo_errors",
    "rx_missed_errors", "tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors", "tx_heartbeat_errors",
    "tx_window_errors", "rx_compressed", "tx_compressed", "rx_nohandler", "rx_otherhost_dropped"};

template <std::size_t kCount>
constexpr std::array<Field, kCount> counters(const Kind& kind) {
  std::array<Field, kCount> fields{};
  for (std::size_t i = 0; i < kCount; ++i) fields[i] = {kCounters[i], static_cast<std::uint16_t>(i * kind.size), kind};
  return fields;
}

constexpr auto kCounterFields = counters<std::size(kCounters) - 1>(kWord);
constexpr auto kWideCounterFields = counters<std::size(kCounters)>(kWide);

constexpr Field kMapFields[] = {
    {"mem_start", 0, kHexWide}, {"mem_end", 8, kHexWide}, {"base_addr", 16, kHexWide},
    {"irq", 24, kShort}, {"dma", 26, kByte}, {"port", 27, kByte}};
constexpr Structure kMap{sizeof(rtnl_link_ifmap), 28, kMapFields};

// Kinds of links.

constexpr Field kBridgeIdFields[] = {{"prio", 0, array(kByte, 2)}, {"addr", 2, kHardwareAddress}};
constexpr Structure kBridgeId{8, 8, kBridgeIdFields};
constexpr Field kBooleansFields[] = {{"optval", 0, shifted(4, kBridgeBooleans)}, {"optmask", 4, shifted(4, kBridgeBooleans)}};
constexpr Structure kBooleans{8, 8, kBooleansFields};

constexpr Attribute kQuerierKinds[] = {
    {BRIDGE_QUERIER_IP_ADDRESS, kInet},
    {BRIDGE_QUERIER_IP_PORT, kInterface},
    {BRIDGE_QUERIER_IP_OTHER_TIMER, kTicks},
    {BRIDGE_QUERIER_IPV6_ADDRESS, kInet6},
    {BRIDGE_QUERIER_IPV6_PORT, kInterface},
    {BRIDGE_QUERIER_IPV6_OTHER_TIMER, kTicks},
};
const AttributeSet kQuerierSet{&kBridgeQuerier, kQuerierKinds};

constexpr Attribute kBridgeKinds[] = {
    {IFLA_BR_FORWARD_DELAY, kTicks},
    {IFLA_BR_HELLO_TIME, kTicks},
    {IFLA_BR_MAX_AGE, kTicks},
    {IFLA_BR_AGEING_TIME, kTicks},
    {IFLA_BR_STP_STATE, kWord},
    {IFLA_BR_PRIORITY, kShort},
    {IFLA_BR_VLAN_FILTERING, kByte},
    {IFLA_BR_VLAN_PROTOCOL, {show_network_choice, 2, &kEthernetProtocols}},
    {IFLA_BR_GROUP_FWD_MASK, kHexShort},
    {IFLA_BR_ROOT_ID, structure(kBridgeId)},
    {IFLA_BR_BRIDGE_ID, structure(kBridgeId)},
    {IFLA_BR_ROOT_PORT, kShort},
    {IFLA_BR_ROOT_PATH_COST, kWord},
    {IFLA_BR_TOPOLOGY_CHANGE, kByte},
    {IFLA_BR_TOPOLOGY_CHANGE_DETECTED, kByte},
    {IFLA_BR_HELLO_TIMER, kTicks},
    {IFLA_BR_TCN_TIMER, kTicks},
    {IFLA_BR_TOPOLOGY_CHANGE_TIMER, kTicks},
    {IFLA_BR_GC_TIMER, kTicks},
    {IFLA_BR_GROUP_ADDR, kHardwareAddress},
    {IFLA_BR_MCAST_ROUTER, kByte},
    {IFLA_BR_MCAST_SNOOPING, kByte},
    {IFLA_BR_MCAST_QUERY_USE_IFADDR, kByte},
    {IFLA_BR_MCAST_QUERIER, kByte},
    {IFLA_BR_MCAST_HASH_ELASTICITY, kWord},
    {IFLA_BR_MCAST_HASH_MAX, kWord},
    {IFLA_BR_MCAST_LAST_MEMBER_CNT, kWord},
    {IFLA_BR_MCAST_STARTUP_QUERY_CNT, kWord},
    {IFLA_BR_MCAST_LAST_MEMBER_INTVL, kTicks},
    {IFLA_BR_MCAST_MEMBERSHIP_INTVL, kTicks},
    {IFLA_BR_MCAST_QUERIER_INTVL, kTicks},
    {IFLA_BR_MCAST_QUERY_INTVL, kTicks},
    {IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, kTicks},
    {IFLA_BR_MCAST_STARTUP_QUERY_INTVL, kTicks},
    {IFLA_BR_NF_CALL_IPTABLES, kByte},
    {IFLA_BR_NF_CALL_IP6TABLES, kByte},
    {IFLA_BR_NF_CALL_ARPTABLES, kByte},
    {IFLA_BR_VLAN_DEFAULT_PVID, kShort},
    {IFLA_BR_VLAN_STATS_ENABLED, kByte},
    {IFLA_BR_MCAST_STATS_ENABLED, kByte},
    {IFLA_BR_MCAST_IGMP_VERSION, kByte},
    {IFLA_BR_MCAST_MLD_VERSION, kByte},
    {IFLA_BR_VLAN_STATS_PER_PORT, kByte},
    {IFLA_BR_MULTI_BOOLOPT, structure(kBooleans)},
    {IFLA_BR_MCAST_QUERIER_STATE, nested(kQuerierSet)},
};
const AttributeSet kBridgeSet{&kBridgeAttributes, kBridgeKinds};

constexpr Attribute kPortKinds[] = {
    {IFLA_BRPORT_STATE, kByte},
    {IFLA_BRPORT_PRIORITY, kShort},
    {IFLA_BRPORT_COST, kWord},
    {IFLA_BRPORT_MODE, kByte},
    {IFLA_BRPORT_GUARD, kByte},
    {IFLA_BRPORT_PROTECT, kByte},
    {IFLA_BRPORT_FAST_LEAVE, kByte},
    {IFLA_BRPORT_LEARNING, kByte},
    {IFLA_BRPORT_UNICAST_FLOOD, kByte},
    {IFLA_BRPORT_PROXYARP, kByte},
    {IFLA_BRPORT_LEARNING_SYNC, kByte},
    {IFLA_BRPORT_PROXYARP_WIFI, kByte},
    {IFLA_BRPORT_ROOT_ID, structure(kBridgeId)},
    {IFLA_BRPORT_BRIDGE_ID, structure(kBridgeId)},
    {IFLA_BRPORT_DESIGNATED_PORT, kShort},
    {IFLA_BRPORT_DESIGNATED_COST, kShort},
    {IFLA_BRPORT_ID, kShort},
    {IFLA_BRPORT_NO, kShort},
    {IFLA_BRPORT_TOPOLOGY_CHANGE_ACK, kByte},
    {IFLA_BRPORT_CONFIG_PENDING, kByte},
    {IFLA_BRPORT_MESSAGE_AGE_TIMER, kTicks},
    {IFLA_BRPORT_FORWARD_DELAY_TIMER, kTicks},
    {IFLA_BRPORT_HOLD_TIMER, kTicks},
    {IFLA_BRPORT_MULTICAST_ROUTER, kByte},
    {IFLA_BRPORT_MCAST_FLOOD, kByte},
    {IFLA_BRPORT_MCAST_TO_UCAST, kByte},
    {IFLA_BRPORT_VLAN_TUNNEL, kByte},
    {IFLA_BRPORT_BCAST_FLOOD, kByte},
    {IFLA_BRPORT_GROUP_FWD_MASK, kHexShort},
    {IFLA_BRPORT_NEIGH_SUPPRESS, kByte},
    {IFLA_BRPORT_ISOLATED, kByte},
    {IFLA_BRPORT_BACKUP_PORT, kInterface},
    {IFLA_BRPORT_MRP_RING_OPEN, kByte},
    {IFLA_BRPORT_MRP_IN_OPEN, kByte},
    {IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, kWord},
    {IFLA_BRPORT_MCAST_EHT_HOSTS_CNT, kWord},
    {IFLA_BRPORT_LOCKED, kByte},
};

constexpr Attribute kTunKinds[] = {
    {IFLA_TUN_OWNER, kUser},           {IFLA_TUN_GROUP, kUser},      {IFLA_TUN_TYPE, choice(1, kTunTypes)},
    {IFLA_TUN_PI, kByte},              {IFLA_TUN_VNET_HDR, kByte},   {IFLA_TUN_PERSIST, kByte},
    {IFLA_TUN_MULTI_QUEUE, kByte},     {IFLA_TUN_NUM_QUEUES, kWord}, {IFLA_TUN_NUM_DISABLED_QUEUES, kWord}};
const AttributeSet kTunSet{&kTunAttributes, kTunKinds};

constexpr Field kCanCountersFields[] = {
    {"bus_error", 0, kWord},        {"error_warning", 4, kWord},     {"error_passive", 8, kWord}, {"bus_off", 12, kWord},
    {"arbitration_lost", 16, kWord}, {"restarts", 20, kWord}};
constexpr Structure kCanCounters{24, 24, kCanCountersFields};

/// What more is said of links of a kind: IFLA_INFO_DATA, IFLA_INFO_XSTATS, and IFLA_INFO_SLAVE_DATA of their ports.
struct LinkKind {
  std::string_view name;
  const AttributeSet* data;
  const AttributeSet* port;
  const Structure* counters;
};
constexpr LinkKind kLinkKinds[] = {
    {"bridge", &kBridgeSet, &kLinkPortSet, nullptr}, {"tun", &kTunSet, nullptr, nullptr}, {"can", nullptr, nullptr, &kCanCounters}};

const LinkKind* find_kind(std::string_view name) {
  const auto* found = std::ranges::find(kLinkKinds, name, &LinkKind::name);
  return found != std::end(kLinkKinds) ? found : nullptr;
}

std::string_view text_in(const Piece& piece) {
  const std::string_view text(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  return text.substr(0, text.find('\0'));
}

bool show_link_kind(const Walk& walk, const Piece& piece, const Kind& kind) {
  if (walk.link_kinds != nullptr) walk.link_kinds->link = text_in(piece);
  return show_text(walk, piece, kind);
}

bool show_port_kind(const Walk& walk, const Piece& piece, const Kind& kind) {
  if (walk.link_kinds != nullptr) walk.link_kinds->port = text_in(piece);
  return show_text(walk, piece, kind);
}

bool show_link_data(const Walk& walk, const Piece& piece, const Kind&) {
  const LinkKind* kind = walk.link_kinds != nullptr ? find_kind(walk.link_kinds->link) : nullptr;
  if (kind == nullptr || kind->data == nullptr) return false;
  print_attributes(walk, piece, *kind->data);
  return true;
}

bool show_port_data(const Walk& walk, const Piece& piece, const Kind&) {
  const LinkKind* kind = walk.link_kinds != nullptr ? find_kind(walk.link_kinds->port) : nullptr;
  if (kind == nullptr || kind->port == nullptr) return false;
  print_attributes(walk, piece, *kind->port);
  return true;
}

bool show_link_counters(const Walk& walk, const Piece& piece, const Kind&) {
  const LinkKind* kind = walk.link_kinds != nullptr ? find_kind(walk.link_kinds->link) : nullptr;
  return kind != nullptr && kind->counters != nullptr && show_structure(walk, piece, structure(*kind->counters));
}

constexpr Attribute kLinkInfoKinds[] = {
    {IFLA_INFO_KIND, {show_link_kind}},
    {IFLA_INFO_DATA, {show_link_data}},
    {IFLA_INFO_XSTATS, {show_link_counters}},
    {IFLA_INFO_SLAVE_KIND, {show_port_kind}},
    {IFLA_INFO_SLAVE_DATA, {show_port_data}},
};
const AttributeSet kLinkInfoSet{&kLinkInfo, kLinkInfoKinds};

bool show_link_info(const Walk& walk, const Piece& piece, const Kind&) {
  LinkKinds kinds;
  Walk within = walk;
  within.link_kinds = &kinds;
  print_attributes(within, piece, kLinkInfoSet);
  return true;
}

// Virtual functions.

constexpr Field kVfMacFields[] = {{"vf", 0, kWord}, {"mac", 4, kHardwareAddress}};
constexpr Structure kVfMac{36, 36, kVfMacFields};
constexpr Field kVfBroadcastFields[] = {{"broadcast", 0, kHardwareAddress}};
constexpr Structure kVfBroadcast{32, 32, kVfBroadcastFields};
constexpr Field kVfVlanFields[] = {{"vf", 0, kWord}, {"vlan", 4, kWord}, {"qos", 8, kWord}};
constexpr Structure kVfVlan{12, 12, kVfVlanFields};
constexpr Field kVfTxRateFields[] = {{"vf", 0, kWord}, {"rate", 4, kWord}};
constexpr Structure kVfTxRate{8, 8, kVfTxRateFields};
constexpr Field kVfRateFields[] = {{"vf", 0, kWord}, {"min_tx_rate", 4, kWord}, {"max_tx_rate", 8, kWord}};
constexpr Structure kVfRate{12, 12, kVfRateFields};
constexpr Field kVfSettingFields[] = {{"vf", 0, kWord}, {"setting", 4, kWord}};
constexpr Structure kVfSetting{8, 8, kVfSettingFields};
constexpr Field kVfLinkStateFields[] = {{"vf", 0, kWord}, {"link_state", 4, choice(4, kVfLinkStates)}};
constexpr Structure kVfLinkState{8, 8, kVfLinkStateFields};
constexpr Field kVfGuidFields[] = {{"vf", 0, kWord}, {"guid", 8, kHexWide}};
constexpr Structure kVfGuid{16, 16, kVfGuidFields};
constexpr Field kVfVlanInfoFields[] = {
    {"vf", 0, kWord}, {"vlan", 4, kWord}, {"qos", 8, kWord}, {"vlan_proto", 12, {show_network_choice, 2, &kEthernetProtocols}}};
constexpr Structure kVfVlanInfo{16, 16, kVfVlanInfoFields};

constexpr Attribute kVfStatsKinds[] = {
    {IFLA_VF_STATS_RX_PACKETS, kWide}, {IFLA_VF_STATS_TX_PACKETS, kWide}, {IFLA_VF_STATS_RX_BYTES, kWide},
    {IFLA_VF_STATS_TX_BYTES, kWide},   {IFLA_VF_STATS_BROADCAST, kWide},  {IFLA_VF_STATS_MULTICAST, kWide},
    {IFLA_VF_STATS_RX_DROPPED, kWide}, {IFLA_VF_STATS_TX_DROPPED, kWide}};
const AttributeSet kVfStatsSet{&kVfStats, kVfStatsKinds};
constexpr Attribute kVfVlanKinds[] = {{IFLA_VF_VLAN_INFO, structure(kVfVlanInfo)}};
const AttributeSet kVfVlanSet{&kVfVlans, kVfVlanKinds};

constexpr Attribute kVfKinds[] = {
    {IFLA_VF_MAC, structure(kVfMac)},
    {IFLA_VF_VLAN, structure(kVfVlan)},
    {IFLA_VF_TX_RATE, structure(kVfTxRate)},
    {IFLA_VF_SPOOFCHK, structure(kVfSetting)},
    {IFLA_VF_LINK_STATE, structure(kVfLinkState)},
    {IFLA_VF_RATE, structure(kVfRate)},
    {IFLA_VF_RSS_QUERY_EN, structure(kVfSetting)},
    {IFLA_VF_STATS, nested(kVfStatsSet)},
    {IFLA_VF_TRUST, structure(kVfSetting)},
    {IFLA_VF_IB_NODE_GUID, structure(kVfGuid)},
    {IFLA_VF_IB_PORT_GUID, structure(kVfGuid)},
    {IFLA_VF_VLAN_LIST, nested(kVfVlanSet)},
    {IFLA_VF_BROADCAST, structure(kVfBroadcast)},
};
const AttributeSet kVfSet{&kVfInfo, kVfKinds};
constexpr Attribute kVfListKinds[] = {{IFLA_VF_INFO, nested(kVfSet)}};
const AttributeSet kVfListSet{&kVfInfoList, kVfListKinds};

bool show_bytes_unless_zero(const Walk& walk, const Piece& piece, const Kind& kind) {
  const auto bytes = piece.first(kind.size).bytes;
  if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; })) return false;
  return show_bytes(walk, piece, kind);
}
constexpr Field kVsiFields[] = {
    {"vsi_mgr_id", 0, kByte}, {"vsi_type_id", 1, bytes(3)}, {"vsi_type_version", 4, kByte}, {"pad", 5, {show_bytes_unless_zero, 3}}};
constexpr Structure kVsi{8, 8, kVsiFields};
constexpr Attribute kVfPortKinds[] = {
    {IFLA_PORT_VF, kWord},
    {IFLA_PORT_PROFILE, kText},
    {IFLA_PORT_VSI_TYPE, structure(kVsi)},
    {IFLA_PORT_REQUEST, kByte},
    {IFLA_PORT_RESPONSE, kShort},
};
const AttributeSet kVfPortSet{&kPortAttributes, kVfPortKinds};
constexpr Attribute kVfPortsKinds[] = {{IFLA_VF_PORT, nested(kVfPortSet)}};
const AttributeSet kVfPortsSet{&kVfPorts, kVfPortsKinds};

// By families.

constexpr Field kReachabilityFields[] = {
    {"max_reasm_len", 0, kWord}, {"tstamp", 4, kWord}, {"reachable_time", 8, kWord}, {"retrans_time", 12, kWord}};
constexpr Structure kReachability{16, 16, kReachabilityFields};
constexpr NamedValue kInet6LinkFlagNames[] = {
    {0x10, "IF_RS_SENT"}, {0x20, "IF_RA_RCVD"}, {0x40, "IF_RA_MANAGED"}, {0x80, "IF_RA_OTHERCONF"}, {0x80000000, "IF_READY"}};
const NameTable kInet6LinkFlags{kInet6LinkFlagNames, "IF_???"};
constexpr Kind kInet6SettingList = indexed(kSigned, kInet6Settings);
constexpr Kind kInetStatisticList = indexed(kWide, kInetStatistics);
constexpr Kind kIcmp6StatisticList = indexed(kWide, kIcmp6Statistics);
constexpr Attribute kInet6Kinds[] = {
    {IFLA_INET6_CONF, kInet6SettingList},
    {IFLA_INET6_STATS, kInetStatisticList},
    {IFLA_INET6_ICMP6STATS, kIcmp6StatisticList},
    {IFLA_INET6_FLAGS, flags(4, kInet6LinkFlags)},
    {IFLA_INET6_CACHEINFO, structure(kReachability)},
    {IFLA_INET6_TOKEN, kInet6},
    {IFLA_INET6_ADDR_GEN_MODE, choice(1, kInet6GenModes)},
    {IFLA_INET6_RA_MTU, kWord},
};
const AttributeSet kInet6Set{&kLinkInet6, kInet6Kinds};
constexpr Kind kInetSettingList = indexed(kSigned, kInetSettings, 0, 1);
constexpr Attribute kInetKinds[] = {{IFLA_INET_CONF, kInetSettingList}};
const AttributeSet kInetSet{&kLinkInet, kInetKinds};
constexpr Attribute kMctpKinds[] = {{IFLA_MCTP_NET, kWord}};
const AttributeSet kMctpSet{&kLinkMctp, kMctpKinds};
constexpr Attribute kFamilyKinds[] = {{AF_INET, nested(kInetSet)}, {AF_INET6, nested(kInet6Set)}, {45, nested(kMctpSet)}};
const AttributeSet kFamilySet{&kAddressFamilies, kFamilyKinds};

constexpr Field kBridgeVlanFields[] = {{"flags", 0, flags(2, kBridgeVlanFlags)}, {"vid", 2, kShort}};
constexpr Structure kBridgeVlan{4, 4, kBridgeVlanFields};
/// What lies behind it is shown too.
bool show_bridge_vlan(const Walk& walk, const Piece& piece, const Kind& kind) {
  if (!show_structure(walk, piece, kind)) return false;
  if (piece.size == kBridgeVlan.size || !piece.is_readable(kBridgeVlan.size)) return true;
  walk.c.put(", ");
  print_bytes(walk, piece.from(kBridgeVlan.size));
  return true;
}
constexpr Attribute kBridgeTunnelKinds[] = {
    {IFLA_BRIDGE_VLAN_TUNNEL_ID, kWord}, {IFLA_BRIDGE_VLAN_TUNNEL_VID, kShort}, {IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, flags(2, kBridgeVlanFlags)}};
const AttributeSet kBridgeTunnelSet{&kBridgeTunnels, kBridgeTunnelKinds};
constexpr Attribute kBridgeLinkKinds[] = {
    {IFLA_BRIDGE_FLAGS, flags(2, kBridgeLinkFlags)},
    {IFLA_BRIDGE_MODE, choice(2, kBridgeModes)},
    {IFLA_BRIDGE_VLAN_INFO, {show_bridge_vlan, 0, nullptr, &kBridgeVlan}},
    {IFLA_BRIDGE_VLAN_TUNNEL_INFO, nested(kBridgeTunnelSet)},
};
const AttributeSet kBridgeLinkSet{&kBridgeLink, kBridgeLinkKinds};

bool show_by_family(const Walk& walk, const Piece& piece, const Kind&) {
  print_attributes(walk, piece, walk.family == AF_BRIDGE ? kBridgeLinkSet : kFamilySet);
  return true;
}

bool show_protocol_info(const Walk& walk, const Piece& piece, const Kind&) {
  if (walk.family != AF_BRIDGE && walk.family != AF_INET6) return false;
  print_attributes(walk, piece, walk.family == AF_BRIDGE ? kLinkPortSet : kInet6Set);
  return true;
}

// XDP programs, reasons to be down, alternative names.

constexpr Attribute kXdpKinds[] = {
    {IFLA_XDP_FD, kDescriptor},   {IFLA_XDP_ATTACHED, choice(1, kXdpAttached)}, {IFLA_XDP_FLAGS, flags(4, kXdpFlags)},
    {IFLA_XDP_PROG_ID, kWord},    {IFLA_XDP_DRV_PROG_ID, kWord},                {IFLA_XDP_SKB_PROG_ID, kWord},
    {IFLA_XDP_HW_PROG_ID, kWord}, {IFLA_XDP_EXPECTED_FD, kDescriptor}};
const AttributeSet kXdpSet{&kXdpAttributes, kXdpKinds};
constexpr Attribute kDownReasonKinds[] = {{IFLA_PROTO_DOWN_REASON_MASK, kHexWord}, {IFLA_PROTO_DOWN_REASON_VALUE, kHexWord}};
const AttributeSet kDownReasonSet{&kProtoDownReason, kDownReasonKinds};
constexpr Attribute kPropertyKinds[] = {{IFLA_ALT_IFNAME, kText}};
const AttributeSet kPropertySet{&kLinkAttributes, kPropertyKinds};

constexpr Attribute kLinkAttributeKinds[] = {
    {IFLA_ADDRESS, kHardwareAddress},
    {IFLA_BROADCAST, kHardwareAddress},
    {IFLA_IFNAME, kText},
    {IFLA_MTU, kWord},
    {IFLA_LINK, kInterface},
    {IFLA_QDISC, kText},
    {IFLA_STATS, structure(kLinkCounters)},
    {IFLA_MASTER, kInterface},
    {IFLA_PROTINFO, {show_protocol_info}},
    {IFLA_TXQLEN, kWord},
    {IFLA_MAP, structure(kMap)},
    {IFLA_WEIGHT, kWord},
    {IFLA_OPERSTATE, kByte},
    {IFLA_LINKMODE, kByte},
    {IFLA_LINKINFO, {show_link_info}},
    {IFLA_NET_NS_PID, kWord},
    {IFLA_IFALIAS, kText},
    {IFLA_NUM_VF, kWord},
    {IFLA_VFINFO_LIST, nested(kVfListSet)},
    {IFLA_STATS64, structure(kWideLinkCounters)},
    {IFLA_VF_PORTS, nested(kVfPortsSet)},
    {IFLA_PORT_SELF, nested(kVfPortSet)},
    {IFLA_AF_SPEC, {show_by_family}},
    {IFLA_GROUP, kWord},
    {IFLA_NET_NS_FD, kDescriptor},
    {IFLA_EXT_MASK, flags(4, kLinkFilter)},
    {IFLA_PROMISCUITY, kWord},
    {IFLA_NUM_TX_QUEUES, kWord},
    {IFLA_NUM_RX_QUEUES, kWord},
    {IFLA_CARRIER, kByte},
    {IFLA_CARRIER_CHANGES, kWord},
    {IFLA_LINK_NETNSID, kSigned},
    {IFLA_PHYS_PORT_NAME, kText},
    {IFLA_PROTO_DOWN, kByte},
    {IFLA_GSO_MAX_SEGS, kWord},
    {IFLA_GSO_MAX_SIZE, kWord},
    {IFLA_XDP, nested(kXdpSet)},
    {IFLA_EVENT, choice(4, kLinkEvents)},
    {IFLA_NEW_NETNSID, kSigned},
    {IFLA_IF_NETNSID, kSigned},
    {IFLA_CARRIER_UP_COUNT, kWord},
    {IFLA_CARRIER_DOWN_COUNT, kWord},
    {IFLA_NEW_IFINDEX, kInterface},
    {IFLA_MIN_MTU, kWord},
    {IFLA_MAX_MTU, kWord},
    {IFLA_PROP_LIST, nested(kPropertySet)},
    {IFLA_ALT_IFNAME, kText},
    {IFLA_PERM_ADDRESS, kHardwareAddress},
    {IFLA_PROTO_DOWN_REASON, nested(kDownReasonSet)},
    {IFLA_PARENT_DEV_NAME, kText},
    {IFLA_PARENT_DEV_BUS_NAME, kText},
    {IFLA_GRO_MAX_SIZE, kWord},
    {IFLA_TSO_MAX_SIZE, kWord},
    {IFLA_TSO_MAX_SEGS, kWord},
    {IFLA_ALLMULTI, kWord},
};

}  // namespace

const Structure kLinkCounters{96, 92, kCounterFields};
const Structure kWideLinkCounters{200, 184, kWideCounterFields};
const AttributeSet kLinkPortSet{&kBridgePort, kPortKinds};
const AttributeSet kLinkSet{&kLinkAttributes, kLinkAttributeKinds};

}  // namespace vdsotrace::netlink
