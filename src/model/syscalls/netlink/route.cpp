// NETLINK_ROUTE (rtnetlink(7)): what each type of message begins with, and its attributes.
#include "model/syscalls/netlink/route.hpp"

#include <linux/dcbnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "model/syscalls/netlink/generated_names.hpp"
#include "model/syscalls/netlink/protocols.hpp"
#include "model/syscalls/network/values.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::netlink {
namespace {

constexpr Field kLinkFields[] = {
    {"ifi_family", 0, kFamily},
    {"ifi_type", 2, choice(2, kHardwareTypes)},
    {"ifi_index", 4, kInterface},
    {"ifi_flags", 8, flags(4, kInterfaceFlags)},
    {"ifi_change", 12, kHexWord},
};
constexpr Structure kLink{sizeof(ifinfomsg), sizeof(ifinfomsg), kLinkFields};

constexpr Field kAddressFields[] = {
    {"ifa_family", 0, kFamily},
    {"ifa_prefixlen", 1, kByte},
    {"ifa_flags", 2, flags(1, kAddressFlags)},
    {"ifa_scope", 3, choice(1, kRouteScopes)},
    {"ifa_index", 4, kInterface},
};
constexpr Structure kAddressHead{sizeof(ifaddrmsg), sizeof(ifaddrmsg), kAddressFields};

constexpr Field kRouteFields[] = {
    {"rtm_family", 0, kFamily},
    {"rtm_dst_len", 1, kByte},
    {"rtm_src_len", 2, kByte},
    {"rtm_tos", 3, flags(1, kTypesOfService)},
    {"rtm_table", 4, choice(1, kRouteTables)},
    {"rtm_protocol", 5, choice(1, kRouteProtocols)},
    {"rtm_scope", 6, choice(1, kRouteScopes)},
    {"rtm_type", 7, choice(1, kRouteKinds)},
    {"rtm_flags", 8, flags(4, kRouteFlags)},
};
constexpr Structure kRoute{sizeof(rtmsg), sizeof(rtmsg), kRouteFields};

constexpr Field kRuleFields[] = {
    {"family", 0, kFamily},
    {"dst_len", 1, kByte},
    {"src_len", 2, kByte},
    {"tos", 3, flags(1, kTypesOfService)},
    {"table", 4, choice(1, kRouteTables)},
    {"action", 7, choice(1, kRuleActions)},
    {"flags", 8, flags(4, kRuleFlags)},
};
constexpr Structure kRule{sizeof(fib_rule_hdr), sizeof(fib_rule_hdr), kRuleFields};

constexpr Field kNeighbourFields[] = {
    {"ndm_family", 0, kFamily},
    {"ndm_ifindex", 4, kInterface},
    {"ndm_state", 8, flags(2, kNeighbourStates)},
    {"ndm_flags", 10, flags(1, kNeighbourFlags)},
    {"ndm_type", 11, choice(1, kRouteKinds)},
};
constexpr Structure kNeighbour{sizeof(ndmsg), sizeof(ndmsg), kNeighbourFields};

constexpr Field kNeighbourTableFields[] = {{"ndtm_family", 0, kFamily}};
constexpr Structure kNeighbourTable{sizeof(ndtmsg), sizeof(ndtmsg), kNeighbourTableFields};

constexpr Field kTrafficFields[] = {
    {"tcm_family", 0, kFamily},
    {"tcm_ifindex", 4, kInterface},
    {"tcm_handle", 8, kWord},
    {"tcm_parent", 12, kWord},
    {"tcm_info", 16, kWord},
};
constexpr Structure kTraffic{sizeof(tcmsg), sizeof(tcmsg), kTrafficFields};

constexpr Field kActionFields[] = {{"tca_family", 0, kFamily}};
constexpr Structure kAction{sizeof(tcamsg), sizeof(tcamsg), kActionFields};

constexpr Field kLabelFields[] = {
    {"ifal_family", 0, kFamily},
    {"ifal_prefixlen", 2, kByte},
    {"ifal_flags", 3, kByte},
    {"ifal_index", 4, kInterface},
    {"ifal_seq", 8, kWord},
};
constexpr Structure kLabel{sizeof(ifaddrlblmsg), sizeof(ifaddrlblmsg), kLabelFields};

constexpr Field kDataCenterFields[] = {{"dcb_family", 0, kFamily}, {"cmd", 1, choice(1, kDcbCommands)}};
constexpr Structure kDataCenter{sizeof(dcbmsg), sizeof(dcbmsg), kDataCenterFields};

constexpr Field kConfigurationFields[] = {{"ncm_family", 0, kFamily}};
constexpr Structure kConfiguration{sizeof(netconfmsg), sizeof(netconfmsg), kConfigurationFields};

constexpr Field kMulticastFields[] = {{"family", 0, kFamily}, {"ifindex", 4, kInterface}};
constexpr Structure kMulticast{sizeof(br_port_msg), sizeof(br_port_msg), kMulticastFields};

constexpr Field kFamilyFields[] = {{"rtgen_family", 0, kFamily}};
constexpr Structure kFamilyHead{sizeof(rtgenmsg), sizeof(rtgenmsg), kFamilyFields};

constexpr Field kStatisticsFields[] = {
    {"family", 0, kFamily},
    {"pad1", 1, reserved(1)},
    {"pad2", 2, reserved(2)},
    {"ifindex", 4, kInterface},
    {"filter_mask", 8, shifted(4, kLinkStats)},
};
constexpr Structure kStatistics{sizeof(if_stats_msg), sizeof(if_stats_msg), kStatisticsFields};

constexpr Field kNextHopFields[] = {
    {"nh_family", 0, kFamily},
    {"nh_scope", 1, choice(1, kRouteScopes)},
    {"nh_protocol", 2, choice(1, kRouteProtocols)},
    {"resvd", 3, reserved(1)},
    {"nh_flags", 4, flags(4, kNextHopFlags)},
};
constexpr Structure kNextHop{sizeof(nhmsg), sizeof(nhmsg), kNextHopFields};

/// The types of a subject are its four operations.
constexpr MessageForm kForms[] = {
    {RTM_NEWLINK, RTM_SETLINK, &kLink, &kLinkSet},
    {RTM_NEWADDR, RTM_GETADDR, &kAddressHead, &kAddressSet},
    {RTM_NEWROUTE, RTM_GETROUTE, &kRoute, &kRouteSet},
    {RTM_NEWNEIGH, RTM_GETNEIGH, &kNeighbour, &kNeighbourSet},
    {RTM_NEWRULE, RTM_GETRULE, &kRule, &kRuleSet},
    {RTM_NEWQDISC, RTM_GETQDISC, &kTraffic, &kTrafficSet},
    {RTM_NEWTCLASS, RTM_GETTCLASS, &kTraffic, &kTrafficSet},
    {RTM_NEWTFILTER, RTM_GETTFILTER, &kTraffic, &kTrafficSet},
    {RTM_NEWACTION, RTM_GETACTION, &kAction, &kActionSet},
    {RTM_GETMULTICAST, RTM_GETMULTICAST, &kAddressHead, &kAddressSet},
    {RTM_GETANYCAST, RTM_GETANYCAST, &kAddressHead, &kAddressSet},
    {RTM_NEWNEIGHTBL, RTM_NEWNEIGHTBL, &kNeighbourTable, &kNeighbourTableSet},
    {RTM_GETNEIGHTBL, RTM_SETNEIGHTBL, &kNeighbourTable, &kNeighbourTableSet},
    {RTM_NEWADDRLABEL, RTM_GETADDRLABEL, &kLabel, &kLabelSet},
    {RTM_GETDCB, RTM_SETDCB, &kDataCenter, &kDataCenterSet},
    {RTM_NEWNETCONF, RTM_GETNETCONF, &kConfiguration, &kConfigurationSet},
    {RTM_NEWMDB, RTM_GETMDB, &kMulticast, &kMulticastSet},
    {RTM_NEWNSID, RTM_GETNSID, &kFamilyHead, &kNamespaceSet},
    {RTM_NEWSTATS, RTM_NEWSTATS, &kStatistics, &kStatisticsSet},
    {RTM_GETSTATS, RTM_GETSTATS, &kStatistics, &kStatisticsSet},
    {RTM_NEWCHAIN, RTM_GETCHAIN, &kTraffic, &kTrafficSet},
    {RTM_NEWNEXTHOP, RTM_GETNEXTHOP, &kNextHop, &kNextHopSet},
};

}  // namespace

const MessageForm* route_form(std::uint16_t type) {
  const auto* found =
      std::ranges::find_if(kForms, [&](const MessageForm& form) { return form.first <= type && type <= form.last; });
  return found != std::end(kForms) ? found : nullptr;
}

FlagClass route_flags(std::uint16_t type) {
  if (type == RTM_DELACTION) return FlagClass::get;  // all of a kind, by NLM_F_ROOT
  constexpr FlagClass kOperations[] = {FlagClass::make, FlagClass::remove, FlagClass::get, FlagClass::none};
  return kOperations[(type - RTM_BASE) & 3];
}

void print_route_body(const Walk& walk, std::uint16_t type, std::uint16_t, const Piece& body) {
  const MessageForm* form = route_form(type);
  if (type == RTM_NEWCACHEREPORT) {
    print_cache_report(walk, body);
  } else if (form == nullptr) {
    print_family(walk, body);
  } else {
    print_headed(walk, body, *form->head, form->attributes);
  }
}

}  // namespace vdsotrace::netlink
