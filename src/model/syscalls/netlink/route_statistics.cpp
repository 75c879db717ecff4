// Statistics of interfaces (RTM_GETSTATS) and what multicast routing reports.
#include <linux/if_bonding.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/mpls.h>
#include <linux/mroute.h>
#include <linux/mroute6.h>
#include <linux/rtnetlink.h>

#include "model/syscalls/netlink/generated_names.hpp"
#include "model/syscalls/netlink/protocols.hpp"
#include "model/syscalls/netlink/route.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::netlink {
namespace {

constexpr NamedValue kDirectionNames[] = {{0, "BR_MCAST_DIR_RX"}, {1, "BR_MCAST_DIR_TX"}};
const NameTable kDirections{kDirectionNames, "BR_MCAST_DIR_???"};
constexpr Kind kBothWays = indexed(kWide, kDirections, 2);

constexpr Field kGroupCountersFields[] = {
    {"igmp_v1queries", 0, kBothWays},   {"igmp_v2queries", 16, kBothWays},  {"igmp_v3queries", 32, kBothWays},
    {"igmp_leaves", 48, kBothWays},     {"igmp_v1reports", 64, kBothWays},  {"igmp_v2reports", 80, kBothWays},
    {"igmp_v3reports", 96, kBothWays},  {"igmp_parse_errors", 112, kWide},  {"mld_v1queries", 120, kBothWays},
    {"mld_v2queries", 136, kBothWays},  {"mld_leaves", 152, kBothWays},     {"mld_v1reports", 168, kBothWays},
    {"mld_v2reports", 184, kBothWays},  {"mld_parse_errors", 200, kWide},   {"mcast_bytes", 208, kBothWays},
    {"mcast_packets", 224, kBothWays}};
constexpr Structure kGroupCounters{sizeof(br_mcast_stats), sizeof(br_mcast_stats), kGroupCountersFields};

constexpr Field kVlanCountersFields[] = {
    {"rx_bytes", 0, kWide}, {"rx_packets", 8, kWide}, {"tx_bytes", 16, kWide}, {"tx_packets", 24, kWide},
    {"vid", 32, kShort},    {"flags", 34, flags(2, kBridgeVlanFlags)},         {"pad2", 36, reserved(4)}};
constexpr Structure kVlanCounters{sizeof(bridge_vlan_xstats), sizeof(bridge_vlan_xstats), kVlanCountersFields};
constexpr Field kSpanningTreeFields[] = {
    {"transition_blk", 0, kWide}, {"transition_fwd", 8, kWide}, {"rx_bpdu", 16, kWide},
    {"tx_bpdu", 24, kWide},       {"rx_tcn", 32, kWide},        {"tx_tcn", 40, kWide}};
constexpr Structure kSpanningTree{48, 48, kSpanningTreeFields};

/// What newer kernels have added is shown as bytes.
bool show_with_rest(const Walk& walk, const Piece& piece, const Kind& kind) {
  if (!show_structure(walk, piece, kind)) return false;
  const Piece rest = piece.from(kind.structure->size);
  if (rest.size == 0 || !piece.is_readable(kind.structure->size)) return true;
  walk.c.put(", ");
  print_bytes(walk, rest);
  return true;
}
constexpr Kind with_rest(const Structure& structure) { return {show_with_rest, 0, nullptr, &structure}; }

constexpr Attribute kBridgeKinds[] = {
    {BRIDGE_XSTATS_VLAN, with_rest(kVlanCounters)}, {BRIDGE_XSTATS_MCAST, with_rest(kGroupCounters)}, {BRIDGE_XSTATS_STP, with_rest(kSpanningTree)}};
const AttributeSet kBridgeSet{&kBridgeStats, kBridgeKinds};

constexpr Attribute kLacpKinds[] = {
    {BOND_3AD_STAT_LACPDU_RX, kWide},         {BOND_3AD_STAT_LACPDU_TX, kWide},         {BOND_3AD_STAT_LACPDU_UNKNOWN_RX, kWide},
    {BOND_3AD_STAT_LACPDU_ILLEGAL_RX, kWide}, {BOND_3AD_STAT_MARKER_RX, kWide},         {BOND_3AD_STAT_MARKER_TX, kWide},
    {BOND_3AD_STAT_MARKER_RESP_RX, kWide},    {BOND_3AD_STAT_MARKER_RESP_TX, kWide},    {BOND_3AD_STAT_MARKER_UNKNOWN_RX, kWide}};
const AttributeSet kLacpSet{&kBondLacpStats, kLacpKinds};
constexpr Attribute kBondKinds[] = {{BOND_XSTATS_3AD, nested(kLacpSet)}};
const AttributeSet kBondSet{&kBondStats, kBondKinds};

constexpr Attribute kKindKinds[] = {{LINK_XSTATS_TYPE_BRIDGE, nested(kBridgeSet)}, {LINK_XSTATS_TYPE_BOND, nested(kBondSet)}};
const AttributeSet kKindSet{&kKindStats, kKindKinds};

constexpr Attribute kOffloadKinds[] = {{IFLA_OFFLOAD_XSTATS_CPU_HIT, structure(kWideLinkCounters)}};
const AttributeSet kOffloadSet{&kOffloadStats, kOffloadKinds};

constexpr Field kLabelCountersFields[] = {
    {"rx_packets", 0, kWide}, {"tx_packets", 8, kWide},  {"rx_bytes", 16, kWide},   {"tx_bytes", 24, kWide},  {"rx_errors", 32, kWide},
    {"tx_errors", 40, kWide}, {"rx_dropped", 48, kWide}, {"tx_dropped", 56, kWide}, {"rx_noroute", 64, kWide}};
constexpr Structure kLabelCounters{72, 72, kLabelCountersFields};
constexpr Attribute kLabelKinds[] = {{MPLS_STATS_LINK, with_rest(kLabelCounters)}};
const AttributeSet kLabelledSet{&kMplsStats, kLabelKinds};
constexpr Attribute kFamilyKinds[] = {{28, nested(kLabelledSet)}};  // AF_MPLS
const AttributeSet kFamilySet{&kAddressFamilies, kFamilyKinds};

constexpr Attribute kStatisticsKinds[] = {
    {IFLA_STATS_LINK_64, structure(kWideLinkCounters)},
    {IFLA_STATS_LINK_XSTATS, nested(kKindSet)},
    {IFLA_STATS_LINK_XSTATS_SLAVE, nested(kKindSet)},
    {IFLA_STATS_LINK_OFFLOAD_XSTATS, nested(kOffloadSet)},
    {IFLA_STATS_AF_SPEC, nested(kFamilySet)},
};

constexpr Attribute kReportKinds[] = {
    {IPMRA_CREPORT_MSGTYPE, choice(1, kCacheMessages)}, {IPMRA_CREPORT_VIF_ID, kWord}, {IPMRA_CREPORT_SRC_ADDR, kInet},
    {IPMRA_CREPORT_DST_ADDR, kInet},                    {IPMRA_CREPORT_TABLE, kWord}};
const AttributeSet kReportSet{&kCacheReports, kReportKinds};
constexpr Attribute kReport6Kinds[] = {
    {IP6MRA_CREPORT_MSGTYPE, choice(1, kCacheMessages6)}, {IP6MRA_CREPORT_MIF_ID, kWord}, {IP6MRA_CREPORT_SRC_ADDR, kInet6},
    {IP6MRA_CREPORT_DST_ADDR, kInet6}};
const AttributeSet kReport6Set{&kCacheReports6, kReport6Kinds};

/// Families of their own, beside those of addresses.
bool show_report_family(const Walk& walk, const Piece& piece, const Kind& kind) {
  const auto family = piece.object<std::uint8_t>();
  const auto& values = kAddressFamilies.values;
  const bool ordinary = family && std::ranges::find(values, *family, &NamedValue::value) != values.end();
  return show_choice(walk, piece, {kind.show, kind.size, ordinary ? &kAddressFamilies : &kRouteFamilies});
}
constexpr Field kReportFields[] = {{"rtgen_family", 0, {show_report_family, 1}}};
constexpr Structure kReport{sizeof(rtgenmsg), sizeof(rtgenmsg), kReportFields};

}  // namespace

const AttributeSet kStatisticsSet{&kLinkStats, kStatisticsKinds};

void print_cache_report(const Walk& walk, const Piece& body) {
  const auto family = body.object<std::uint8_t>();
  const AttributeSet* set = family == RTNL_FAMILY_IPMR ? &kReportSet : family == RTNL_FAMILY_IP6MR ? &kReport6Set : nullptr;
  print_headed(walk, body, kReport, set);
  const Piece rest = body.from(RTA_ALIGN(sizeof(rtgenmsg)));
  if (set != nullptr || !family || rest.size == 0) return;
  walk.c.put(", ");
  print_bytes(walk, rest);
}

}  // namespace vdsotrace::netlink
