// Attributes of addresses, routes, next hops, neighbours and rules.
#include <cstring>

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
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

// Addresses.

constexpr Field kAddressCacheFields[] = {
    {"ifa_prefered", 0, kWord}, {"ifa_valid", 4, kWord}, {"cstamp", 8, kWord}, {"tstamp", 12, kWord}};
constexpr Structure kAddressCache{sizeof(ifa_cacheinfo), sizeof(ifa_cacheinfo), kAddressCacheFields};

constexpr Attribute kAddressKinds[] = {
    {IFA_ADDRESS, kAddress},
    {IFA_LOCAL, kAddress},
    {IFA_LABEL, kText},
    {IFA_BROADCAST, kAddress},
    {IFA_ANYCAST, kAddress},
    {IFA_CACHEINFO, structure(kAddressCache)},
    {IFA_MULTICAST, kAddress},
    {IFA_FLAGS, flags(4, kAddressFlags)},
    {IFA_RT_PRIORITY, kWord},
    {IFA_TARGET_NETNSID, kSigned},
    {IFA_PROTO, choice(1, kAddressProtocols)},
};

constexpr Attribute kLabelKinds[] = {{IFAL_ADDRESS, kAddress}, {IFAL_LABEL, kWord}};

// Routes.

constexpr Field kRouteCacheFields[] = {
    {"rta_clntref", 0, kWord}, {"rta_lastuse", 4, kWord}, {"rta_expires", 8, kWord}, {"rta_error", 12, kWord},
    {"rta_used", 16, kWord},   {"rta_id", 20, kHexWord},  {"rta_ts", 24, kWord},       {"rta_tsage", 28, kWord}};
constexpr Structure kRouteCache{sizeof(rta_cacheinfo), sizeof(rta_cacheinfo), kRouteCacheFields};

constexpr Field kMulticastCacheFields[] = {{"mfcs_packets", 0, kWide}, {"mfcs_bytes", 8, kWide}, {"mfcs_wrong_if", 16, kWide}};
constexpr Structure kMulticastCache{sizeof(rta_mfc_stats), sizeof(rta_mfc_stats), kMulticastCacheFields};

constexpr Attribute kMetricKinds[] = {
    {RTAX_LOCK, kWord},      {RTAX_MTU, kWord},        {RTAX_WINDOW, kWord},      {RTAX_RTT, kWord},
    {RTAX_RTTVAR, kWord},    {RTAX_SSTHRESH, kWord},   {RTAX_CWND, kWord},        {RTAX_ADVMSS, kWord},
    {RTAX_REORDERING, kWord}, {RTAX_HOPLIMIT, kWord},  {RTAX_INITCWND, kWord},    {RTAX_FEATURES, kWord},
    {RTAX_RTO_MIN, kWord},   {RTAX_INITRWND, kWord},   {RTAX_QUICKACK, kWord},    {RTAX_CC_ALGO, kText},
    {RTAX_FASTOPEN_NO_COOKIE, kWord}};
const AttributeSet kMetricSet{&kRouteMetrics, kMetricKinds};

constexpr Field kHopFields[] = {
    {"rtnh_len", 0, kShort}, {"rtnh_flags", 2, flags(1, kNextHopFlags)}, {"rtnh_hops", 3, kByte}, {"rtnh_ifindex", 4, kInterface}};
constexpr Structure kHop{sizeof(rtnexthop), sizeof(rtnexthop), kHopFields};

/// One or several next hops, each with attributes: like messages, they begin with their length.
std::uint64_t hop_length(const Piece& header) { return header.object<rtnexthop>()->rtnh_len; }
void print_hop(const Walk& walk, const Piece& header, const void*) { print_structure(walk, header, kHop); }
void print_hop_attributes(const Walk& walk, const Piece&, const Piece& payload, const void*) {
  print_attributes(walk, payload, kRouteSet);
}
constexpr Sequence kHops{sizeof(rtnexthop), hop_length, print_hop, print_hop_attributes, true};
bool show_hops(const Walk& walk, const Piece& piece, const Kind&) {
  if (piece.size < sizeof(rtnexthop)) return false;
  print_sequence(walk, piece, kHops, nullptr);
  return true;
}

/// struct rtvia: an address of a family of its own.
bool show_via(const Walk& walk, const Piece& piece, const Kind&) {
  const auto family = piece.object<std::uint16_t>();
  if (piece.size < sizeof *family) return false;
  if (!family) {
    print_address(walk.c, piece.address);
    return true;
  }
  walk.c.put("{rtvia_family=");
  print_choice(walk.c, *family, kAddressFamilies.values, kAddressFamilies.unknown);
  Walk of_family = walk;
  of_family.family = static_cast<std::uint8_t>(*family);
  const Piece address = piece.from(sizeof *family);
  const auto wide = *family == AF_INET6 ? address.object<in6_addr>() : std::nullopt;
  if (wide) {
    walk.c.put(", ");
    print_inet6_addr(walk.c, *wide, "rtvia_addr");
  } else if (address.size != 0) {
    walk.c.put(", rtvia_addr=");
    print_payload(of_family, address, kAddress);
  }
  walk.c.put("}");
  return true;
}


constexpr Attribute kRouteKindsOf[] = {
    {RTA_DST, kAddress},
    {RTA_SRC, kAddress},
    {RTA_IIF, kInterface},
    {RTA_OIF, kInterface},
    {RTA_GATEWAY, kAddress},
    {RTA_PRIORITY, kWord},
    {RTA_PREFSRC, kAddress},
    {RTA_METRICS, nested(kMetricSet)},
    {RTA_MULTIPATH, {show_hops}},
    {RTA_PROTOINFO, kWord},
    {RTA_FLOW, kWord},
    {RTA_CACHEINFO, structure(kRouteCache)},
    {RTA_TABLE, choice(4, kRouteTables)},
    {RTA_MARK, kWord},
    {RTA_MFC_STATS, structure(kMulticastCache)},
    {RTA_VIA, {show_via}},
    {RTA_NEWDST, kAddress},
    {RTA_PREF, kByte},
    {RTA_ENCAP_TYPE, choice(2, kLightweightTunnels)},
    {RTA_EXPIRES, kWord},
    {RTA_UID, kUser},
    {RTA_TTL_PROPAGATE, kByte},
    {RTA_IP_PROTO, choice(1, kInetProtocols)},
    {RTA_SPORT, kPort},
    {RTA_DPORT, kPort},
    {RTA_NH_ID, kWord},
};

// Next hops.

constexpr Field kHopGroupFields[] = {
    {"id", 0, kWord}, {"weight", 4, kByte}, {"resvd1", 5, reserved(1)}, {"resvd2", 6, reserved(2)}};
constexpr Structure kHopGroup{sizeof(nexthop_grp), sizeof(nexthop_grp), kHopGroupFields};
constexpr Kind kOneOfGroup = structure(kHopGroup);

constexpr Attribute kResilientGroupKinds[] = {
    {NHA_RES_GROUP_BUCKETS, kShort},
    {NHA_RES_GROUP_IDLE_TIMER, kTicks},
    {NHA_RES_GROUP_UNBALANCED_TIMER, kTicks},
    {NHA_RES_GROUP_UNBALANCED_TIME, kTicks},
};
const AttributeSet kResilientGroupSet{&kNextHopGroups, kResilientGroupKinds};
constexpr Attribute kResilientBucketKinds[] = {
    {NHA_RES_BUCKET_INDEX, kShort}, {NHA_RES_BUCKET_IDLE_TIME, kTicks}, {NHA_RES_BUCKET_NH_ID, kWord}};
const AttributeSet kResilientBucketSet{&kNextHopBuckets, kResilientBucketKinds};

constexpr Attribute kNextHopKinds[] = {
    {NHA_ID, kWord},
    {NHA_GROUP, array(kOneOfGroup)},
    {NHA_GROUP_TYPE, choice(2, kNextHopGroupTypes)},
    {NHA_BLACKHOLE, kWord},
    {NHA_GROUPS, kWord},
    {NHA_FDB, kWord},
    {NHA_OIF, kInterface},
    {NHA_GATEWAY, kAddress},
    {NHA_ENCAP_TYPE, choice(2, kLightweightTunnels)},
    {NHA_MASTER, kInterface},
    {NHA_RES_GROUP, nested(kResilientGroupSet)},
    {NHA_RES_BUCKET, nested(kResilientBucketSet)},
};

// Neighbours.

constexpr Field kNeighbourCacheFields[] = {
    {"ndm_confirmed", 0, kWord}, {"ndm_used", 4, kWord}, {"ndm_updated", 8, kWord}, {"ndm_refcnt", 12, kWord}};
constexpr Structure kNeighbourCache{sizeof(nda_cacheinfo), sizeof(nda_cacheinfo), kNeighbourCacheFields};

constexpr Attribute kFdbKinds[] = {{NFEA_ACTIVITY_NOTIFY, flags(1, kNeighbourFdbBits)}};
const AttributeSet kFdbSet{&kNeighbourFdb, kFdbKinds};

constexpr Attribute kNeighbourKinds[] = {
    {NDA_DST, kAddress},
    {NDA_LLADDR, kHardwareAddress},
    {NDA_CACHEINFO, structure(kNeighbourCache)},
    {NDA_PROBES, kWord},
    {NDA_VLAN, kShort},
    {NDA_PORT, kPort},
    {NDA_VNI, kWord},
    {NDA_IFINDEX, kInterface},
    {NDA_MASTER, kInterface},
    {NDA_LINK_NETNSID, kWord},
    {NDA_SRC_VNI, kWord},
    {NDA_PROTOCOL, choice(1, kRouteProtocols)},
    {NDA_NH_ID, kWord},
    {NDA_FDB_EXT_ATTRS, nested(kFdbSet)},
    {NDA_FLAGS_EXT, flags(4, kNeighbourExtFlags)},
    {NDA_NDM_STATE_MASK, flags(2, kNeighbourStates)},
    {NDA_NDM_FLAGS_MASK, flags(1, kNeighbourFlags)},
};

constexpr Field kTableConfigFields[] = {
    {"ndtc_key_len", 0, kShort},    {"ndtc_entry_size", 2, kShort}, {"ndtc_entries", 4, kWord},
    {"ndtc_last_flush", 8, kWord},  {"ndtc_last_rand", 12, kWord},  {"ndtc_hash_rnd", 16, kWord},
    {"ndtc_hash_mask", 20, kHexWord}, {"ndtc_hash_chain_gc", 24, kWord}, {"ndtc_proxy_qlen", 28, kWord}};
constexpr Structure kTableConfig{sizeof(ndt_config), sizeof(ndt_config), kTableConfigFields};
constexpr Field kTableStatsFields[] = {
    {"ndts_allocs", 0, kWide},           {"ndts_destroys", 8, kWide},          {"ndts_hash_grows", 16, kWide},
    {"ndts_res_failed", 24, kWide},      {"ndts_lookups", 32, kWide},          {"ndts_hits", 40, kWide},
    {"ndts_rcv_probes_mcast", 48, kWide}, {"ndts_rcv_probes_ucast", 56, kWide}, {"ndts_periodic_gc_runs", 64, kWide},
    {"ndts_forced_gc_runs", 72, kWide},  {"ndts_table_fulls", 80, kWide}};
constexpr Structure kTableStats{sizeof(ndt_stats), 80, kTableStatsFields};

constexpr Attribute kTableParameterKinds[] = {
    {NDTPA_IFINDEX, kInterface},      {NDTPA_REFCNT, kWord},          {NDTPA_REACHABLE_TIME, kWide},
    {NDTPA_BASE_REACHABLE_TIME, kWide}, {NDTPA_RETRANS_TIME, kWide},  {NDTPA_GC_STALETIME, kWide},
    {NDTPA_DELAY_PROBE_TIME, kWide},  {NDTPA_QUEUE_LEN, kWord},       {NDTPA_APP_PROBES, kWord},
    {NDTPA_UCAST_PROBES, kWord},      {NDTPA_MCAST_PROBES, kWord},    {NDTPA_ANYCAST_DELAY, kWide},
    {NDTPA_PROXY_DELAY, kWide},       {NDTPA_PROXY_QLEN, kWord},      {NDTPA_LOCKTIME, kWide},
    {NDTPA_QUEUE_LENBYTES, kWord},    {NDTPA_MCAST_REPROBES, kWord}};
const AttributeSet kTableParameterSet{&kNeighbourParameters, kTableParameterKinds};

constexpr Attribute kNeighbourTableKinds[] = {
    {NDTA_NAME, kText},
    {NDTA_THRESH1, kWord},
    {NDTA_THRESH2, kWord},
    {NDTA_THRESH3, kWord},
    {NDTA_CONFIG, structure(kTableConfig)},
    {NDTA_PARMS, nested(kTableParameterSet)},
    {NDTA_STATS, structure(kTableStats)},
    {NDTA_GC_INTERVAL, kWide},
};

// Rules.

constexpr Field kUserRangeFields[] = {{"start", 0, kUser}, {"end", 4, kUser}};
constexpr Structure kUserRange{8, 8, kUserRangeFields};
constexpr Field kPortRangeFields[] = {{"start", 0, kShort}, {"end", 2, kShort}};
constexpr Structure kPortRange{4, 4, kPortRangeFields};

constexpr Attribute kRuleKinds[] = {
    {FRA_DST, kAddress},
    {FRA_SRC, kAddress},
    {FRA_IIFNAME, kText},
    {FRA_GOTO, kWord},
    {FRA_PRIORITY, kWord},
    {FRA_FWMARK, kWord},
    {FRA_FLOW, kWord},
    {FRA_TUN_ID, {show_network_order, 8}},
    {FRA_SUPPRESS_IFGROUP, kWord},
    {FRA_SUPPRESS_PREFIXLEN, kWord},
    {FRA_TABLE, choice(4, kRouteTables)},
    {FRA_FWMASK, kWord},
    {FRA_OIFNAME, kText},
    {FRA_L3MDEV, kByte},
    {FRA_UID_RANGE, structure(kUserRange)},
    {FRA_PROTOCOL, choice(1, kRouteProtocols)},
    {FRA_IP_PROTO, choice(1, kInetProtocols)},
    {FRA_SPORT_RANGE, structure(kPortRange)},
    {FRA_DPORT_RANGE, structure(kPortRange)},
};

}  // namespace

bool show_ticks(const Walk& walk, const Piece& piece, const Kind&) {
  if (piece.size > sizeof(std::uint64_t)) return false;
  if (!piece.is_readable(piece.size)) {
    print_address(walk.c, piece.address);
    return true;
  }
  std::uint64_t ticks = 0;
  std::memcpy(&ticks, piece.bytes.data(), piece.bytes.size());
  walk.c.put_number(ticks);
  if (ticks == 0 || walk.c.constants() == ConstantStyle::raw) return true;
  constexpr std::uint64_t kTicksInSecond = 100;
  walk.c.print(" /* {}.{:02} s */", ticks / kTicksInSecond, ticks % kTicksInSecond);
  return true;
}

const AttributeSet kAddressSet{&kAddressAttributes, kAddressKinds};
const AttributeSet kLabelSet{&kLabelAttributes, kLabelKinds};
const AttributeSet kRouteSet{&kRouteAttributes, kRouteKindsOf};
const AttributeSet kNextHopSet{&kNextHopAttributes, kNextHopKinds};
const AttributeSet kNeighbourSet{&kNeighbourAttributes, kNeighbourKinds};
const AttributeSet kNeighbourTableSet{&kNeighbourTables, kNeighbourTableKinds};
const AttributeSet kRuleSet{&kRuleAttributes, kRuleKinds};

}  // namespace vdsotrace::netlink
