#!/usr/bin/env python3
"""Writes generated_names.hpp and generated_names.cpp beside it: the constants of netlink's messages, as the kernel's headers of
this machine (linux-libc-dev) have them. Run it by hand where those headers have become newer or a table is to be added:

    src/model/syscalls/netlink/generate_names.py /usr/include

The tables are committed, not made by the build: every build of one source tree knows the same names."""

import re
import subprocess
import sys
from pathlib import Path

# table: (headers, the names that belong to it, what an unknown value is, names that do not belong to it).
TABLES = {
    "ControlTypes": ("linux/netlink.h", "NLMSG_(?:NOOP|ERROR|DONE|OVERRUN)", "NLMSG_???", ""),
    "ErrorAttributes": ("linux/netlink.h", "NLMSGERR_ATTR_[A-Z_]+", "NLMSGERR_ATTR_???", ""),
    "PolicyTypes": ("linux/netlink.h", "NL_POLICY_TYPE_ATTR_[A-Z0-9_]+", "NL_POLICY_TYPE_ATTR_???", ""),
    "PolicyKinds": ("linux/netlink.h", "NL_ATTR_TYPE_[A-Z0-9_]+", "NL_ATTR_TYPE_???", ""),
    "RouteTypes": ("linux/rtnetlink.h", "RTM_(?:NEW|DEL|GET|SET)[A-Z0-9]+", "RTM_???", ""),
    "XfrmTypes": ("linux/xfrm.h", "XFRM_MSG_[A-Z]+", "XFRM_MSG_???", "XFRM_MSG_BASE"),
    "AuditTypes": ("linux/audit.h", "AUDIT_(?:GET|SET|LIST|ADD|DEL|USER|(?:FIRST|LAST)_USER_MSG2?|LOGIN|WATCH_[A-Z]+|SIGNAL_INFO|[A-Z]+_RULES?|TRIM|MAKE_EQUIV|TTY_GET|"
                   "TTY_SET|SET_FEATURE|GET_FEATURE|USER_AVC|USER_TTY|DAEMON_[A-Z]+|SYSCALL|PATH|IPC|SOCKETCALL|CONFIG_CHANGE|SOCKADDR|"
                   "CWD|EXECVE|IPC_SET_PERM|MQ_[A-Z]+|KERNEL_OTHER|FD_PAIR|OBJ_PID|TTY|EOE|BPRM_FCAPS|CAPSET|MMAP|NETFILTER_PKT|"
                   "NETFILTER_CFG|SECCOMP|PROCTITLE|FEATURE_CHANGE|REPLACE|KERN_MODULE|FANOTIFY|TIME_[A-Z]+|BPF|EVENT_LISTENER|URINGOP|"
                   "OPENAT2|DM_[A-Z]+|AVC|SELINUX_ERR|AVC_PATH|MAC_[A-Z0-9_]+|ANOM_[A-Z_]+|INTEGRITY_[A-Z_]+|KERNEL)", "AUDIT_???",
                   "AUDIT_BPF_.*"),
    "CryptoTypes": ("linux/cryptouser.h", "CRYPTO_MSG_[A-Z]+", "CRYPTO_MSG_???", "CRYPTO_MSG_BASE"),
    "SelinuxTypes": ("linux/selinux_netlink.h", "SELNL_MSG_[A-Z]+", "SELNL_MSG_???", "SELNL_MSG_BASE"),
    "SockDiagTypes": ("linux/inet_diag.h linux/sock_diag.h", "TCPDIAG_GETSOCK|DCCPDIAG_GETSOCK|SOCK_DIAG_BY_FAMILY|SOCK_DESTROY",
                      "SOCK_DIAG_???", ""),
    "NetfilterSubsystems": ("linux/netfilter/nfnetlink.h", "NFNL_SUBSYS_[A-Z0-9_]+", "NFNL_SUBSYS_???", "NFNL_SUBSYS_COUNT"),
    "NetfilterBatch": ("linux/netfilter/nfnetlink.h", "NFNL_MSG_BATCH_(?:BEGIN|END)", "NFNL_MSG_???", ""),
    "NetfilterVersions": ("linux/netfilter/nfnetlink.h", "NFNETLINK_V0", "NFNETLINK_???", ""),
    "ConntrackMessages": ("linux/netfilter/nfnetlink_conntrack.h", "IPCTNL_MSG_CT_[A-Z_]+", "IPCTNL_MSG_CT_???", ""),
    "ExpectMessages": ("linux/netfilter/nfnetlink_conntrack.h", "IPCTNL_MSG_EXP_[A-Z_]+", "IPCTNL_MSG_EXP_???", ""),
    "QueueMessages": ("linux/netfilter/nfnetlink_queue.h", "NFQNL_MSG_[A-Z_]+", "NFQNL_MSG_???", ""),
    "LogMessages": ("linux/netfilter/nfnetlink_log.h", "NFULNL_MSG_[A-Z_]+", "NFULNL_MSG_???", ""),
    "OsfMessages": ("linux/netfilter/nfnetlink_osf.h", "OSF_MSG_[A-Z_]+", "OSF_MSG_???", ""),
    "IpsetMessages": ("linux/netfilter/ipset/ip_set.h", "IPSET_CMD_[A-Z_]+", "IPSET_CMD_???", ""),
    "AcctMessages": ("linux/netfilter/nfnetlink_acct.h", "NFNL_MSG_ACCT_[A-Z_]+", "NFNL_MSG_ACCT_???", ""),
    "TimeoutMessages": ("linux/netfilter/nfnetlink_cttimeout.h", "IPCTNL_MSG_TIMEOUT_[A-Z_]+", "IPCTNL_MSG_TIMEOUT_???", ""),
    "HelperMessages": ("linux/netfilter/nfnetlink_cthelper.h", "NFNL_MSG_CTHELPER_[A-Z_]+", "NFNL_MSG_CTHELPER_???", ""),
    "TablesMessages": ("linux/netfilter/nf_tables.h", "NFT_MSG_[A-Z_]+", "NFT_MSG_???", ""),
    "CompatMessages": ("linux/netfilter/nf_tables_compat.h", "NFNL_MSG_COMPAT_[A-Z_]+", "NFNL_MSG_COMPAT_???", ""),
    # NETLINK_ROUTE: links.
    "LinkAttributes": ("linux/if_link.h", "IFLA_[A-Z0-9_]+", "IFLA_???", r"IFLA_(?!VF_PORTS|PORT_SELF)(?:INET|INET6|BR|BRPORT|INFO|VLAN|MACVLAN|VRF|MACSEC|XFRM|"
                       r"IPVLAN|VXLAN|GENEVE|BAREUDP|PPP|GTP|BOND|VF|PORT|IPOIB|HSR|STATS|XDP|TUN|RMNET|MCTP|DSA|EVENT|OFFLOAD|NETKIT)_.*"
                       "|IFLA_AMT_.*|IFLA_BRIDGE_.*|IFLA_HW_.*"),
    "InterfaceFlags": ("linux/if.h", "IFF_[A-Z_0-9]+", "IFF_???", "IFF_VOLATILE"),
    "TypesOfService": ("linux/ip.h", "IPTOS_(?:LOWDELAY|THROUGHPUT|RELIABILITY|MINCOST)", "IPTOS_TOS_???", ""),
    "LinkEvents": ("linux/if_link.h", "IFLA_EVENT_[A-Z_]+", "IFLA_EVENT_???", ""),
    "LinkFilter": ("linux/rtnetlink.h", "RTEXT_FILTER_[A-Z_]+", "RTEXT_FILTER_???", ""),
    "LinkInfo": ("linux/if_link.h", "IFLA_INFO_[A-Z_]+", "IFLA_INFO_???", ""),
    "BridgeAttributes": ("linux/if_link.h", "IFLA_BR_[A-Z0-9_]+", "IFLA_BR_???", ""),
    "BridgeQuerier": ("linux/if_bridge.h", "BRIDGE_QUERIER_[A-Z0-9_]+", "BRIDGE_QUERIER_???", ""),
    "BridgeLink": ("linux/if_bridge.h", "IFLA_BRIDGE_[A-Z_]+", "IFLA_BRIDGE_???", "IFLA_BRIDGE_(?:(?:MRP|CFM|MST)_.*|VLAN_TUNNEL_(?!INFO).*)"),
    "BridgeTunnels": ("linux/if_bridge.h", "IFLA_BRIDGE_VLAN_TUNNEL_[A-Z_]+", "IFLA_BRIDGE_VLAN_TUNNEL_???", "IFLA_BRIDGE_VLAN_TUNNEL_INFO"),
    "BridgeModes": ("linux/if_bridge.h", "BRIDGE_MODE_[A-Z_]+", "BRIDGE_MODE_???", ""),
    "BridgeLinkFlags": ("linux/if_bridge.h", "BRIDGE_FLAGS_[A-Z_]+", "BRIDGE_FLAGS_???", ""),
    "BridgeVlanFlags": ("linux/if_bridge.h", "BRIDGE_VLAN_INFO_[A-Z_]+", "BRIDGE_VLAN_INFO_???", ""),
    "BridgePort": ("linux/if_link.h", "IFLA_BRPORT_[A-Z0-9_]+", "IFLA_BRPORT_???", ""),
    "BridgeBooleans": ("linux/if_bridge.h", "BR_BOOLOPT_[A-Z0-9_]+", "BR_BOOLOPT_???", ""),
    "TunTypes": ("linux/if_tun.h", "IFF_TUN|IFF_TAP", "IFF_???", ""),
    "Inet6Settings": ("linux/ipv6.h", "DEVCONF_[A-Z0-9_]+", "DEVCONF_???", ""),
    "InetStatistics": ("linux/snmp.h", "IPSTATS_MIB_[A-Z0-9_]+", "IPSTATS_MIB_???", ""),
    "Icmp6Statistics": ("linux/snmp.h", "ICMP6_MIB_[A-Z0-9_]+", "ICMP6_MIB_???", ""),
    "InetSettings": ("linux/ip.h", "IPV4_DEVCONF_[A-Z0-9_]+", "IPV4_DEVCONF_???", ""),
    "RouteFamilies": ("linux/rtnetlink.h", "RTNL_FAMILY_IP6?MR", "RTNL_FAMILY_???", ""),
    "CacheReports": ("linux/mroute.h", "IPMRA_CREPORT_[A-Z_]+", "IPMRA_CREPORT_???", ""),
    "CacheReports6": ("linux/mroute6.h", "IP6MRA_CREPORT_[A-Z_]+", "IP6MRA_CREPORT_???", ""),
    "CacheMessages": ("linux/mroute.h", "IGMPMSG_[A-Z]+", "IGMPMSG_???", ""),
    "CacheMessages6": ("linux/mroute6.h", "MRT6MSG_[A-Z]+", "MRT6MSG_???", ""),
    "OffloadStats": ("linux/if_link.h", "IFLA_OFFLOAD_XSTATS_(?:UNSPEC|CPU_HIT)", "IFLA_OFFLOAD_XSTATS_???", ""),
    "KindStats": ("linux/if_link.h", "LINK_XSTATS_TYPE_[A-Z]+", "LINK_XSTATS_TYPE_???", ""),
    "BridgeStats": ("linux/if_bridge.h", "BRIDGE_XSTATS_[A-Z]+", "BRIDGE_XSTATS_???", ""),
    "BondStats": ("linux/if_bonding.h", "BOND_XSTATS_[A-Z0-9]+", "BOND_XSTATS_???", ""),
    "BondLacpStats": ("linux/if_bonding.h", "BOND_3AD_STAT_[A-Z_]+", "BOND_XSTATS_???", ""),
    "MplsStats": ("linux/mpls.h", "MPLS_STATS_[A-Z]+", "MPLS_STATS_???", ""),
    "TunAttributes": ("linux/if_link.h", "IFLA_TUN_[A-Z_]+", "IFLA_TUN_???", ""),
    "XdpAttributes": ("linux/if_link.h", "IFLA_XDP_[A-Z_]+", "IFLA_XDP_???", ""),
    "XdpAttached": ("linux/if_link.h", "XDP_ATTACHED_[A-Z]+", "XDP_ATTACHED_???", ""),
    "XdpFlags": ("linux/if_link.h", "XDP_FLAGS_[A-Z_]+", "XDP_FLAGS_???", "XDP_FLAGS_(?:MODES|MASK)"),
    "PortAttributes": ("linux/if_link.h", "IFLA_PORT_[A-Z0-9_]+", "IFLA_PORT_???", ""),
    "VfPorts": ("linux/if_link.h", "IFLA_VF_PORT(?:_UNSPEC)?", "IFLA_VF_PORT_???", ""),
    "VfInfoList": ("linux/if_link.h", "IFLA_VF_INFO(?:_UNSPEC)?", "IFLA_VF_INFO_???", ""),
    "VfInfo": ("linux/if_link.h", "IFLA_VF_[A-Z0-9_]+", "IFLA_VF_???",
               "IFLA_VF_(?:INFO|PORT|STATS_.*|LINK_STATE_.*|VLAN_INFO.*|INFO_.*|PORT_.*)"),
    "VfStats": ("linux/if_link.h", "IFLA_VF_STATS_[A-Z0-9_]+", "IFLA_VF_STATS_???", ""),
    "VfVlans": ("linux/if_link.h", "IFLA_VF_VLAN_INFO(?:_UNSPEC)?", "IFLA_VF_VLAN_INFO_???", ""),
    "VfLinkStates": ("linux/if_link.h", "IFLA_VF_LINK_STATE_[A-Z]+", "IFLA_VF_LINK_STATE_???", ""),
    "ProtoDownReason": ("linux/if_link.h", "IFLA_PROTO_DOWN_REASON_[A-Z]+", "IFLA_PROTO_DOWN_REASON_???", ""),
    "LinkInet": ("linux/if_link.h", "IFLA_INET_[A-Z0-9]+", "IFLA_INET_???", ""),
    "LinkInet6": ("linux/if_link.h", "IFLA_INET6_[A-Z0-9_]+", "IFLA_INET6_???", "IFLA_INET6_FLAGS_.*"),
    "LinkMctp": ("linux/if_link.h", "IFLA_MCTP_[A-Z_]+", "IFLA_MCTP_???", ""),
    "Inet6GenModes": ("linux/if_link.h", "IN6_ADDR_GEN_MODE_[A-Z0-9_]+", "IN6_ADDR_GEN_MODE_???", ""),
    "OperStates": ("linux/if.h", "IF_OPER_[A-Z]+", "IF_OPER_???", ""),
    "LinkModes": ("linux/if.h", "IF_LINK_MODE_[A-Z]+", "IF_LINK_MODE_???", ""),
    "LinkStats": ("linux/if_link.h", "IFLA_STATS_[A-Z0-9_]+", "IFLA_STATS_???", "IFLA_STATS_(?:GETSET_|GET_|SET_|.*_MASK).*"),
    "VlanAttributes": ("linux/if_link.h", "IFLA_VLAN_[A-Z_]+", "IFLA_VLAN_???", "IFLA_VLAN_QOS_.+"),
    "VlanFlags": ("linux/if_vlan.h", "VLAN_FLAG_[A-Z_]+", "VLAN_FLAG_???", ""),
    # NETLINK_ROUTE: addresses, routes, neighbours, rules.
    "AddressAttributes": ("linux/if_addr.h", "IFA_[A-Z_]+", "IFA_???", "IFA_F_.*"),
    "AddressFlags": ("linux/if_addr.h", "IFA_F_[A-Z_]+", "IFA_F_???", "IFA_F_TEMPORARY"),
    "AddressProtocols": ("linux/if_addr.h", "IFAPROT_[A-Z_]+", "IFAPROT_???", ""),
    "LabelAttributes": ("linux/if_addrlabel.h", "IFAL_[A-Z]+", "IFAL_???", ""),
    "RouteAttributes": ("linux/rtnetlink.h", "RTA_[A-Z0-9_]+", "RTA_???", "RTA_(?:ALIGNTO|ALIGN|OK|NEXT|LENGTH|SPACE|DATA|PAYLOAD)"),
    "RouteTables": ("linux/rtnetlink.h", "RT_TABLE_[A-Z]+", "RT_TABLE_???", ""),
    "RouteProtocols": ("linux/rtnetlink.h", "RTPROT_[A-Z_]+", "RTPROT_???", ""),
    "RouteScopes": ("linux/rtnetlink.h", "RT_SCOPE_[A-Z]+", "", ""),
    "RouteKinds": ("linux/rtnetlink.h", "RTN_[A-Z]+", "RTN_???", ""),
    "RouteFlags": ("linux/rtnetlink.h", "RTM_F_[A-Z_]+", "RTM_F_???", ""),
    "RouteMetrics": ("linux/rtnetlink.h", "RTAX_[A-Z_0-9]+", "RTAX_???", "RTAX_FEATURE.+"),
    "LightweightTunnels": ("linux/lwtunnel.h", "LWTUNNEL_ENCAP_[A-Z0-9_]+", "LWTUNNEL_ENCAP_???", ""),
    "NextHopFlags": ("linux/rtnetlink.h", "RTNH_F_[A-Z_]+", "RTNH_F_???", ""),
    "NextHopAttributes": ("linux/nexthop.h", "NHA_[A-Z0-9_]+", "NHA_???", "NHA_(?:RES_GROUP|RES_BUCKET)_.+"),
    "NextHopGroupTypes": ("linux/nexthop.h", "NEXTHOP_GRP_TYPE_[A-Z]+", "NEXTHOP_GRP_TYPE_???", ""),
    "NextHopGroups": ("linux/nexthop.h", "NHA_RES_GROUP_[A-Z_0-9]+", "NHA_RES_GROUP_???", "NHA_RES_GROUP_UNSPEC"),
    "NextHopBuckets": ("linux/nexthop.h", "NHA_RES_BUCKET_[A-Z_0-9]+", "NHA_RES_BUCKET_???", "NHA_RES_BUCKET_UNSPEC"),
    "NeighbourAttributes": ("linux/neighbour.h", "NDA_[A-Z_]+", "NDA_???", ""),
    "NeighbourStates": ("linux/neighbour.h", "NUD_[A-Z]+", "NUD_???", ""),
    "NeighbourFlags": ("linux/neighbour.h", "NTF_[A-Z_]+", "NTF_???", "NTF_EXT_(?!LEARNED).*"),
    "NeighbourExtFlags": ("linux/neighbour.h", "NTF_EXT_[A-Z]+", "NTF_EXT_???", "NTF_EXT_(?:SHIFT|MASK|LEARNED)"),
    "NeighbourFdb": ("linux/neighbour.h", "NFEA_[A-Z_]+", "NFEA_???", ""),
    "NeighbourFdbBits": ("linux/neighbour.h", "FDB_NOTIFY_(?:INACTIVE_)?BIT", "FDB_NOTIFY_???", ""),
    "NeighbourTables": ("linux/neighbour.h", "NDTA_[A-Z0-9_]+", "NDTA_???", ""),
    "NeighbourParameters": ("linux/neighbour.h", "NDTPA_[A-Z0-9_]+", "NDTPA_???", ""),
    "RuleAttributes": ("linux/fib_rules.h", "FRA_[A-Z0-9_]+", "FRA_???", ""),
    "RuleActions": ("linux/fib_rules.h", "FR_ACT_[A-Z0-9_]+", "FR_ACT_???", ""),
    "RuleFlags": ("linux/fib_rules.h", "FIB_RULE_[A-Z_]+", "FIB_RULE_???", ""),
    "NamespaceAttributes": ("linux/net_namespace.h", "NETNSA_[A-Z_]+", "NETNSA_???", "NETNSA_NSID_NOT_ASSIGNED"),
    "ConfigurationAttributes": ("linux/netconf.h", "NETCONFA_[A-Z_]+", "NETCONFA_???", "NETCONFA_(?:ALL|IFINDEX_.*)"),
    # NETLINK_ROUTE: traffic control, bridges, data centers.
    "TrafficAttributes": ("linux/rtnetlink.h", "TCA_[A-Z_0-9]+", "TCA_???", "TCA_(?:ROOT|ACT|DUMP|FLAG)_.*"),
    "TrafficStab": ("linux/pkt_sched.h", "TCA_STAB_[A-Z]+", "TCA_STAB_???", ""),
    "TrafficStats": ("linux/gen_stats.h", "TCA_STATS_[A-Z0-9_]+", "TCA_STATS_???", ""),
    "ActionRoot": ("linux/rtnetlink.h", "TCA_ROOT_[A-Z_]+", "TCA_ROOT_???", ""),
    "ActionRootFlags": ("linux/rtnetlink.h", "TCA_ACT_FLAG_[A-Z_]+", "TCA_ACT_FLAG_???", ""),
    "Actions": ("linux/pkt_cls.h", "TCA_ACT_[A-Z0-9_]+", "TCA_ACT_???", "TCA_ACT_(?:FLAGS_.*|MAX.*|HW_STATS_.*|BIND|NOBIND|UNBIND|NOUNBIND|REPLACE|"
                "NOREPLACE|GACT|IPT|PEDIT|MIRRED|NAT|XT|SKBEDIT|VLAN|BPF|CONNMARK|SKBMOD|CSUM|TUNNEL_KEY|SIMP|IFE|SAMPLE|MPLS|CT|GATE)"),
    "MulticastAttributes": ("linux/if_bridge.h", "MDBA_(?:UNSPEC|MDB|ROUTER)", "MDBA_???", ""),
    "MulticastEntries": ("linux/if_bridge.h", "MDBA_MDB_(?:UNSPEC|ENTRY)", "MDBA_MDB_???", ""),
    "MulticastEntryInfo": ("linux/if_bridge.h", "MDBA_MDB_ENTRY_[A-Z_]+", "MDBA_MDB_ENTRY_???", ""),
    "MulticastEntryAttributes": ("linux/if_bridge.h", "MDBA_MDB_EATTR_[A-Z_]+", "MDBA_MDB_EATTR_???", ""),
    "MulticastRouters": ("linux/if_bridge.h", "MDBA_ROUTER_(?:UNSPEC|PORT)", "MDBA_ROUTER_???", ""),
    "MulticastRouterAttributes": ("linux/if_bridge.h", "MDBA_ROUTER_PATTR_[A-Z0-9_]+", "MDBA_ROUTER_PATTR_???", ""),
    "MulticastRouterTypes": ("linux/if_bridge.h", "MDB_RTR_TYPE_[A-Z_]+", "MDB_RTR_TYPE_???", ""),
    "MulticastStates": ("linux/if_bridge.h", "MDB_TEMPORARY|MDB_PERMANENT", "MDB_???", ""),
    "MulticastFlags": ("linux/if_bridge.h", "MDB_FLAGS_[A-Z_]+", "MDB_FLAGS_???", ""),
    "DcbAttributes": ("linux/dcbnl.h", "DCB_ATTR_[A-Z_0-9]+", "DCB_ATTR_???", "DCB_ATTR_(?:IEEE|DCB|CEE|VALUE)_.*"),
    "DcbCommands": ("linux/dcbnl.h", "DCB_CMD_[A-Z_0-9]+", "DCB_CMD_???", ""),
    # NETLINK_SOCK_DIAG.
    "TcpStates": ("netinet/tcp.h", "TCP_(?:ESTABLISHED|SYN_SENT|SYN_RECV|FIN_WAIT1|FIN_WAIT2|TIME_WAIT|CLOSE|CLOSE_WAIT|LAST_ACK|LISTEN|CLOSING)",
                  "TCP_???", ""),
    "UnixDiag": ("linux/unix_diag.h", "UNIX_DIAG_[A-Z]+", "UNIX_DIAG_???", ""),
    "UnixDiagShow": ("linux/unix_diag.h", "UDIAG_SHOW_[A-Z]+", "UDIAG_SHOW_???", ""),
    "InetDiag": ("linux/inet_diag.h", "INET_DIAG_[A-Z_0-9]+", "INET_DIAG_???",
                 "INET_DIAG_(?:REQ_.*|BC_.*|GETSOCK_MAX|NOCOOKIE|ULP_INFO_.*)"),
    "InetDiagRequests": ("linux/inet_diag.h", "INET_DIAG_REQ_[A-Z_]+", "INET_DIAG_REQ_???", ""),
    "InetDiagCode": ("linux/inet_diag.h", "INET_DIAG_BC_[A-Z_]+", "INET_DIAG_BC_???", ""),
    "NetlinkDiag": ("linux/netlink_diag.h", "NETLINK_DIAG_[A-Z_]+", "NETLINK_DIAG_???", ""),
    "NetlinkDiagShow": ("linux/netlink_diag.h", "NDIAG_SHOW_[A-Z_]+", "NDIAG_SHOW_???", ""),
    "NetlinkDiagFlags": ("linux/netlink_diag.h", "NDIAG_FLAG_[A-Z_]+", "NDIAG_FLAG_???", ""),
    "PacketDiag": ("linux/packet_diag.h", "PACKET_DIAG_[A-Z_]+", "PACKET_DIAG_???", ""),
    "PacketDiagShow": ("linux/packet_diag.h", "PACKET_SHOW_[A-Z_]+", "PACKET_SHOW_???", ""),
    "PacketDiagFlags": ("linux/packet_diag.h", "PDI_[A-Z]+", "PDI_???", ""),
    "PacketVersions": ("linux/if_packet.h", "TPACKET_V[123]", "TPACKET_???", ""),
    "BpfStorages": ("linux/sock_diag.h", "SK_DIAG_BPF_STORAGE_(?:REP_NONE|REP)|SK_DIAG_BPF_STORAGE", "SK_DIAG_BPF_STORAGE_???", ""),
    "BpfStorage": ("linux/sock_diag.h", "SK_DIAG_BPF_STORAGE_[A-Z_]+", "SK_DIAG_BPF_STORAGE_???", "SK_DIAG_BPF_STORAGE_RE[PQ].*"),
    "UlpInfo": ("linux/inet_diag.h", "INET_ULP_INFO_[A-Z]+", "INET_ULP_INFO_???", ""),
    "TlsInfo": ("linux/tls.h", "TLS_INFO_[A-Z_]+", "TLS_INFO_???", ""),
    "TlsModes": ("linux/tls.h", "TLS_CONF_[A-Z]+", "TLS_CONF_???", ""),
    "TlsCiphers": ("linux/tls.h", "TLS_CIPHER_[A-Z0-9_]+", "TLS_CIPHER_???", "TLS_CIPHER_.*_(?:SIZE)"),
    "MptcpFlow": ("linux/mptcp.h", "MPTCP_SUBFLOW_ATTR_[A-Z_]+", "MPTCP_SUBFLOW_ATTR_???", ""),
    "MptcpFlags": ("linux/mptcp.h", "MPTCP_SUBFLOW_FLAG_[A-Z_]+", "MPTCP_SUBFLOW_FLAG_???", ""),
    "SmcDiag": ("linux/smc_diag.h", "SMC_DIAG_[A-Z]+", "SMC_DIAG_???", "SMC_DIAG_MODE_.*|SMC_DIAG_GET_.*"),
    "SmcDiagModes": ("linux/smc_diag.h", "SMC_DIAG_MODE_[A-Z_]+", "SMC_DIAG_MODE_???", ""),
}
# strace 6.1, whose spelling ours is, shows these as numbers.
NEWER = "RTM_SETSTATS|RTM_(?:NEW|DEL|GET)TUNNEL|RTEXT_FILTER_MST|LWTUNNEL_ENCAP_(?:IOAM6|XFRM)|ICMP6_MIB_RATELIMITHOST|MRT6MSG_WRMIFWHOLE"
BEFORE = "".join(f"#include <{name}>\n" for name in ("stddef.h", "stdint.h", "sys/types.h", "sys/socket.h", "linux/types.h", "linux/netlink.h"))
GUARD = "// clang-format off\n"
WIDTH = 120


def compiler(*options, text):
    return subprocess.run(["gcc", "-x", "c", "-w", *options, "-"], input=text, text=True, capture_output=True)


def words_of(root, headers):
    text = "".join((root / header).read_text(errors="replace") for header in headers)
    return re.findall(r"\b[A-Z][A-Z0-9a-z_]*\b", re.sub(r"/\*.*?\*/", "", text, flags=re.S))


def values_of(include, names):
    """{name: number}, in the order of the names; one that is no constant is left out."""
    while names:
        text = BEFORE + include + "".join(f"const unsigned long long value_of_{name} = {name};\n" for name in names)
        made = compiler("-S", "-O1", "-o", "-", text=text)
        if made.returncode == 0:
            pairs = re.findall(r"^value_of_(\w+):\n\t\.(quad|zero)\t(-?\d+)", made.stdout, re.M)
            found = {name: 0 if kind == "zero" else int(value) & (2 ** 64 - 1) for name, kind, value in pairs}
            return {name: found[name] for name in names if name in found}
        first = text[:text.index("const unsigned long long value_of_")].count("\n") + 1
        bad = {int(line) - first for line in re.findall(r"<stdin>:(\d+):\d+: error", made.stderr)}
        kept = [name for i, name in enumerate(names) if i not in bad]
        if len(kept) == len(names):
            sys.exit(made.stderr)
        names = kept
    return {}


def rows_of(root, headers, pattern, without):
    headers = headers.split()
    names = []
    for word in words_of(root, headers):
        wanted = re.fullmatch(pattern, word) and not re.fullmatch(f"{without or '-'}|{NEWER}", word)
        if wanted and word not in names and not re.search("(?<!HASH)_MAX$|^_", word):
            names.append(word)
    values = values_of("".join(f"#include <{header}>\n" for header in headers), names)
    seen, rows = set(), []
    for name, value in values.items():
        if value not in seen:
            rows.append((value & 0xffffffff, name))
        seen.add(value)
    return sorted(rows)


def filled(rows):
    line = "   "
    for row in rows:
        if len(line) + 1 + len(row) > WIDTH:
            yield line
            line = "   "
        line += " " + row
    yield line


def write(tables, root, folder, stem="generated_names"):
    """Writes STEM.hpp and STEM.cpp into a folder of model/syscalls, in the namespace of its name."""
    space = f"vdsotrace::{folder.name}"
    made = f"// Made by {Path(sys.argv[0]).name} of the kernel's headers; not to be edited.\n"
    header = [made + "#pragma once\n", '#include "model/syscalls/kinds_common.hpp"\n', f"namespace {space} {{\n"]
    header += [f"extern const NameTable k{name};" for name in tables]
    header += [f"\n}}  // namespace {space}\n"]
    source = [made + f'#include "model/syscalls/{folder.name}/{stem}.hpp"\n', GUARD, f"namespace {space} {{", "namespace {\n"]
    for name, (headers, pattern, _, without) in tables.items():
        rows = rows_of(root, headers, pattern, without)
        if not rows:
            sys.exit(f"{name}: no name in {headers}")
        source += [f"constexpr NamedValue k{name}Names[] = {{", *filled(f'{{{value:#x}, "{text}"}},' for value, text in rows), "};\n"]
    source += ["}  // namespace\n"]
    source += [f'const NameTable k{name}{{k{name}Names, "{unknown}"}};' for name, (_, _, unknown, _) in tables.items()]
    source += [f"\n}}  // namespace {space}\n"]
    (folder / f"{stem}.hpp").write_text("\n".join(header))
    (folder / f"{stem}.cpp").write_text("\n".join(source))


def main():
    write(TABLES, Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/include"), Path(__file__).resolve().parent)


if __name__ == "__main__":
    main()
