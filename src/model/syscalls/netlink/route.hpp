// The attributes of NETLINK_ROUTE's messages, by what these are about.
#pragma once

#include "model/syscalls/netlink/schema.hpp"

namespace vdsotrace::netlink {

extern const AttributeSet kLinkSet;
extern const AttributeSet kLinkPortSet;  ///< of a bridge
extern const AttributeSet kAddressSet;
extern const AttributeSet kLabelSet;
extern const AttributeSet kRouteSet;
extern const AttributeSet kNextHopSet;
extern const AttributeSet kNeighbourSet;
extern const AttributeSet kNeighbourTableSet;
extern const AttributeSet kRuleSet;
extern const AttributeSet kTrafficSet;
extern const AttributeSet kActionSet;
extern const AttributeSet kDataCenterSet;
extern const AttributeSet kConfigurationSet;
extern const AttributeSet kMulticastSet;
extern const AttributeSet kNamespaceSet;
extern const AttributeSet kStatisticsSet;

extern const Structure kLinkCounters;      ///< struct rtnl_link_stats
extern const Structure kWideLinkCounters;  ///< struct rtnl_link_stats64

/// A span of time in hundredths of a second (USER_HZ), in up to eight bytes: 300 /* 3.00 s */.
bool show_ticks(const Walk& walk, const Piece& piece, const Kind& kind);

/// RTM_NEWCACHEREPORT.
void print_cache_report(const Walk& walk, const Piece& body);

/// The form of messages of that type, or null.
const MessageForm* route_form(std::uint16_t type);

}  // namespace vdsotrace::netlink
