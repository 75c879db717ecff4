// NETLINK_SOCK_DIAG: questions about sockets and what the kernel says of them (sock_diag(7)).
#include <string_view>
#include <utility>

#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/tls.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include "model/syscalls/netlink/generated_names.hpp"
#include "model/syscalls/netlink/protocols.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/process/filter_program.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::netlink {
namespace {

constexpr Kind kCookie = array(kWord, 2);

// AF_UNIX.

constexpr Field kUnixAskedFields[] = {
    {"sdiag_family", 0, kFamily},
    {"sdiag_protocol", 1, kByte},
    {"udiag_states", 4, shifted(4, kTcpStates)},
    {"udiag_ino", 8, kWord},
    {"udiag_show", 12, flags(4, kUnixDiagShow)},
    {"udiag_cookie", 16, kCookie},
};
constexpr Structure kUnixAsked{sizeof(unix_diag_req), sizeof(unix_diag_req), kUnixAskedFields};

constexpr Field kUnixFoundFields[] = {
    {"udiag_family", 0, kFamily},
    {"udiag_type", 1, choice(1, kSocketTypes)},
    {"udiag_state", 2, choice(1, kTcpStates)},
    {"udiag_ino", 4, kWord},
    {"udiag_cookie", 8, kCookie},
};
constexpr Structure kUnixFound{sizeof(unix_diag_msg), sizeof(unix_diag_msg), kUnixFoundFields};

constexpr Field kUnixFileFields[] = {{"udiag_vfs_dev", 4, {show_device, 4}}, {"udiag_vfs_ino", 0, kWord}};
constexpr Structure kUnixFile{sizeof(unix_diag_vfs), sizeof(unix_diag_vfs), kUnixFileFields};
constexpr Field kUnixQueueFields[] = {{"udiag_rqueue", 0, kWord}, {"udiag_wqueue", 4, kWord}};
constexpr Structure kUnixQueue{sizeof(unix_diag_rqlen), sizeof(unix_diag_rqlen), kUnixQueueFields};

constexpr NamedValue kMemoryNames[] = {
    {0, "SK_MEMINFO_RMEM_ALLOC"}, {1, "SK_MEMINFO_RCVBUF"}, {2, "SK_MEMINFO_WMEM_ALLOC"}, {3, "SK_MEMINFO_SNDBUF"},
    {4, "SK_MEMINFO_FWD_ALLOC"}, {5, "SK_MEMINFO_WMEM_QUEUED"}, {6, "SK_MEMINFO_OPTMEM"}, {7, "SK_MEMINFO_BACKLOG"},
    {8, "SK_MEMINFO_DROPS"}};
const NameTable kMemoryPlaces{kMemoryNames, "SK_MEMINFO_???"};
constexpr Kind kMemory = indexed(kWord, kMemoryPlaces);

constexpr NamedValue kShutdownNames[] = {{1, "RCV_SHUTDOWN"}, {2, "SEND_SHUTDOWN"}};
const NameTable kShutdownBits{kShutdownNames, "???_SHUTDOWN"};

/// The number and the names, whatever `-X` says, as strace has it for these sockets.
bool show_shutdown(const Walk& walk, const Piece& piece, const Kind& kind) {
  const ConstantStyle style = walk.c.constants();
  if (style == ConstantStyle::abbrev) walk.c.set_constants(ConstantStyle::verbose);
  const bool shown = show_flags(walk, piece, {kind.show, kind.size, &kShutdownBits});
  walk.c.set_constants(style);
  return shown;
}

constexpr Attribute kUnixKinds[] = {
    {UNIX_DIAG_NAME, kText},
    {UNIX_DIAG_VFS, structure(kUnixFile)},
    {UNIX_DIAG_PEER, kWord},
    {UNIX_DIAG_ICONS, array(kWord)},
    {UNIX_DIAG_RQLEN, structure(kUnixQueue)},
    {UNIX_DIAG_MEMINFO, kMemory},
    {UNIX_DIAG_SHUTDOWN, flags(1, kShutdownBits)},
    {UNIX_DIAG_UID, kUser},
};
const AttributeSet kUnixSet{&kUnixDiag, kUnixKinds};

// AF_NETLINK.

/// NDIAG_PROTO_ALL or a protocol.
bool show_netlink_protocol(const Walk& walk, const Piece& piece, const Kind& kind) {
  const auto protocol = piece.object<std::uint8_t>();
  if (protocol && *protocol == NDIAG_PROTO_ALL) {
    print_constant(walk.c, *protocol, "NDIAG_PROTO_ALL");
    return true;
  }
  return show_choice(walk, piece, kind);
}
constexpr Kind kNetlinkProtocol{show_netlink_protocol, 1, &kNetlinkProtocols};

constexpr NamedValue kNetlinkStateNames[] = {{0, "NETLINK_UNCONNECTED"}, {1, "NETLINK_CONNECTED"}};
const NameTable kNetlinkStates{kNetlinkStateNames, "NETLINK_???"};

constexpr Field kNetlinkAskedFields[] = {
    {"sdiag_family", 0, kFamily},
    {"sdiag_protocol", 1, kNetlinkProtocol},
    {"ndiag_ino", 4, kWord},
    {"ndiag_show", 8, flags(4, kNetlinkDiagShow)},
    {"ndiag_cookie", 12, kCookie},
};
constexpr Structure kNetlinkAsked{sizeof(netlink_diag_req), sizeof(netlink_diag_req), kNetlinkAskedFields};

constexpr Field kNetlinkFoundFields[] = {
    {"ndiag_family", 0, kFamily},
    {"ndiag_type", 1, choice(1, kSocketTypes)},
    {"ndiag_protocol", 2, choice(1, kNetlinkProtocols)},
    {"ndiag_state", 3, choice(1, kNetlinkStates)},
    {"ndiag_portid", 4, kWord},
    {"ndiag_dst_portid", 8, kWord},
    {"ndiag_dst_group", 12, kWord},
    {"ndiag_ino", 16, kWord},
    {"ndiag_cookie", 20, kCookie},
};
constexpr Structure kNetlinkFound{sizeof(netlink_diag_msg), sizeof(netlink_diag_msg), kNetlinkFoundFields};

constexpr Field kNetlinkRingFields[] = {
    {"ndr_block_size", 0, kWord}, {"ndr_block_nr", 4, kWord}, {"ndr_frame_size", 8, kWord}, {"ndr_frame_nr", 12, kWord}};
constexpr Structure kNetlinkRing{sizeof(netlink_diag_ring), sizeof(netlink_diag_ring), kNetlinkRingFields};

constexpr Attribute kNetlinkKinds[] = {
    {NETLINK_DIAG_MEMINFO, kMemory},
    {NETLINK_DIAG_GROUPS, array(kHexWide)},
    {NETLINK_DIAG_RX_RING, structure(kNetlinkRing)},
    {NETLINK_DIAG_TX_RING, structure(kNetlinkRing)},
    {NETLINK_DIAG_FLAGS, flags(4, kNetlinkDiagFlags)},
};
const AttributeSet kNetlinkSet{&kNetlinkDiag, kNetlinkKinds};

// AF_PACKET.

constexpr Field kPacketAskedFields[] = {
    {"sdiag_family", 0, kFamily},
    {"sdiag_protocol", 1, kHexByte},
    {"pdiag_ino", 4, kWord},
    {"pdiag_show", 8, flags(4, kPacketDiagShow)},
    {"pdiag_cookie", 12, kCookie},
};
constexpr Structure kPacketAsked{sizeof(packet_diag_req), sizeof(packet_diag_req), kPacketAskedFields};

constexpr Field kPacketFoundFields[] = {
    {"pdiag_family", 0, kFamily},
    {"pdiag_type", 1, choice(1, kSocketTypes)},
    {"pdiag_num", 2, choice(2, kEthernetProtocols)},
    {"pdiag_ino", 4, kWord},
    {"pdiag_cookie", 8, kCookie},
};
constexpr Structure kPacketFound{sizeof(packet_diag_msg), sizeof(packet_diag_msg), kPacketFoundFields};

constexpr Field kPacketInfoFields[] = {
    {"pdi_index", 0, kInterface},
    {"pdi_version", 4, choice(4, kPacketVersions)},
    {"pdi_reserve", 8, kWord},
    {"pdi_copy_thresh", 12, kWord},
    {"pdi_tstamp", 16, kWord},
    {"pdi_flags", 20, flags(4, kPacketDiagFlags)},
};
constexpr Structure kPacketInfo{sizeof(packet_diag_info), sizeof(packet_diag_info), kPacketInfoFields};

constexpr std::uint8_t kLongestAddress = sizeof(packet_diag_mclist::pdmc_addr);

/// As many bytes of an address as the member before says.
bool show_listened_address(const Walk& walk, const Piece& piece, const Kind& kind) {
  const auto length = piece.object<std::uint16_t>();
  if (!length) return false;
  const Piece address = piece.from(sizeof *length);
  print_bytes(walk, address.first(std::min<std::uint64_t>(*length, kind.size)));
  return true;
}

constexpr Field kPacketListenerFields[] = {
    {"pdmc_index", 0, kInterface},
    {"pdmc_count", 4, kWord},
    {"pdmc_type", 8, kShort},
    {"pdmc_alen", 10, kShort},
    {"pdmc_addr", 10, {show_listened_address, kLongestAddress}},
};
constexpr Structure kPacketListener{sizeof(packet_diag_mclist), sizeof(packet_diag_mclist), kPacketListenerFields};
constexpr Kind kOneListener = structure(kPacketListener);

constexpr Field kPacketRingFields[] = {
    {"pdr_block_size", 0, kWord},   {"pdr_block_nr", 4, kWord},     {"pdr_frame_size", 8, kWord}, {"pdr_frame_nr", 12, kWord},
    {"pdr_retire_tmo", 16, kWord}, {"pdr_sizeof_priv", 20, kWord}, {"pdr_features", 24, kWord}};
constexpr Structure kPacketRing{sizeof(packet_diag_ring), sizeof(packet_diag_ring), kPacketRingFields};

bool show_filter(const Walk& walk, const Piece& piece, const Kind&) {
  if (piece.size < sizeof(sock_filter)) return false;
  print_statements_at(walk.c, piece.address, piece.size / sizeof(sock_filter), FilterUse::packets);
  return true;
}

constexpr Attribute kPacketKinds[] = {
    {PACKET_DIAG_INFO, structure(kPacketInfo)},
    {PACKET_DIAG_MCLIST, array(kOneListener)},
    {PACKET_DIAG_RX_RING, structure(kPacketRing)},
    {PACKET_DIAG_TX_RING, structure(kPacketRing)},
    {PACKET_DIAG_FANOUT, kWord},
    {PACKET_DIAG_UID, kUser},
    {PACKET_DIAG_MEMINFO, kMemory},
    {PACKET_DIAG_FILTER, {show_filter, sizeof(sock_filter)}},
};
const AttributeSet kPacketSet{&kPacketDiag, kPacketKinds};

// AF_INET, AF_INET6, AF_SMC.

/// An address of the message's family; prints its own name, since an IPv6 address has it behind.
template <const char* kName>
bool show_end(const Walk& walk, const Piece& piece, const Kind&) {
  if (walk.family == AF_INET6) {
    const auto address = piece.object<in6_addr>();
    if (!address) return false;
    print_inet6_addr(walk.c, *address, kName);
    return true;
  }
  walk.c.print("{}=", kName);
  if (walk.family == AF_INET || walk.family == AF_SMC) return show_inet(walk, piece, kInet);
  print_bytes(walk, piece.first(sizeof(in6_addr)));
  return true;
}
constexpr char kSource[] = "idiag_src";
constexpr char kDestination[] = "idiag_dst";

constexpr Field kSocketIdFields[] = {
    {"idiag_sport", 0, kPort},
    {"idiag_dport", 2, kPort},
    {"", 4, {show_end<kSource>}},
    {"", 20, {show_end<kDestination>}},
    {"idiag_if", 36, kInterface},
    {"idiag_cookie", 40, kCookie},
};
constexpr Structure kSocketId{sizeof(inet_diag_sockid), sizeof(inet_diag_sockid), kSocketIdFields};

constexpr Kind kInetExtensions{show_shifted_next, 1, &kInetDiag};
constexpr Field kInetAskedFields[] = {
    {"sdiag_family", 0, kFamily},
    {"sdiag_protocol", 1, choice(1, kInetProtocols)},
    {"idiag_ext", 2, kInetExtensions},
    {"idiag_states", 4, shifted(4, kTcpStates)},
    {"id", 8, structure(kSocketId)},
};
constexpr Structure kInetAsked{sizeof(inet_diag_req_v2), sizeof(inet_diag_req_v2), kInetAskedFields};

constexpr Field kInetAskedOnceFields[] = {
    {"idiag_family", 0, kFamily},
    {"idiag_src_len", 1, kByte},
    {"idiag_dst_len", 2, kByte},
    {"idiag_ext", 3, kInetExtensions},
    {"id", 4, structure(kSocketId)},
    {"idiag_states", 52, shifted(4, kTcpStates)},
    {"idiag_dbs", 56, kWord},
};
constexpr Structure kInetAskedOnce{sizeof(inet_diag_req), sizeof(inet_diag_req), kInetAskedOnceFields};

constexpr Field kInetFoundFields[] = {
    {"idiag_family", 0, kFamily},
    {"idiag_state", 1, choice(1, kTcpStates)},
    {"idiag_timer", 2, kByte},
    {"idiag_retrans", 3, kByte},
    {"id", 4, structure(kSocketId)},
    {"idiag_expires", 52, kWord},
    {"idiag_rqueue", 56, kWord},
    {"idiag_wqueue", 60, kWord},
    {"idiag_uid", 64, kUser},
    {"idiag_inode", 68, kWord},
};
constexpr Structure kInetFound{sizeof(inet_diag_msg), sizeof(inet_diag_msg), kInetFoundFields};

/// struct inet_diag_hostcond and the address behind it.
constexpr char kCodeAddress[] = "addr";
bool show_code_address(const Walk& walk, const Piece& piece, const Kind&) {
  if (piece.size == 0) return true;
  if (walk.family == AF_INET6 && piece.object<in6_addr>()) return show_end<kCodeAddress>(walk, piece, {});
  walk.c.print("{}=", kCodeAddress);
  print_payload(walk, piece, kAddress);
  return true;
}
constexpr Field kHostFields[] = {
    {"family", 0, kFamily}, {"prefix_len", 1, kByte}, {"port", 4, kSigned}, {"", 8, {show_code_address}}};

void print_host(Walk walk, const Piece& piece) {
  if (piece.size < sizeof(inet_diag_hostcond)) {
    print_bytes(walk, piece);
    return;
  }
  if (!piece.is_readable(sizeof(inet_diag_hostcond))) {
    print_address(walk.c, piece.address);
    return;
  }
  walk.family = std::to_integer<std::uint8_t>(piece.bytes.front());
  const bool bare = walk.family == AF_UNSPEC;
  walk.c.put("{");
  print_fields(walk, bare ? piece.first(sizeof(inet_diag_hostcond)) : piece, kHostFields);
  walk.c.put("}");
}

constexpr Field kCodeFields[] = {{"code", 0, choice(1, kInetDiagCode)}, {"yes", 1, kByte}, {"no", 2, kShort}};
constexpr Structure kCode{sizeof(inet_diag_bc_op), sizeof(inet_diag_bc_op), kCodeFields};
constexpr Field kMarkFields[] = {{"mark", 0, kWord}, {"mask", 4, kWord}};
constexpr Structure kMark{sizeof(inet_diag_markcond), sizeof(inet_diag_markcond), kMarkFields};

/// An instruction, and what it compares with.
bool show_code(const Walk& walk, const Piece& piece, const Kind&) {
  if (piece.size < sizeof(inet_diag_bc_op)) return false;
  print_structure(walk, piece, kCode);
  const auto operation = piece.object<inet_diag_bc_op>();
  const Piece operand = piece.from(sizeof(inet_diag_bc_op));
  if (!operation || operand.size == 0) return true;
  walk.c.put(", ");
  switch (operation->code) {
    case INET_DIAG_BC_S_COND:
    case INET_DIAG_BC_D_COND: print_host(walk, operand); break;
    case INET_DIAG_BC_DEV_COND: print_payload(walk, operand, kInterface); break;
    case INET_DIAG_BC_MARK_COND: print_payload(walk, operand, structure(kMark)); break;
    case INET_DIAG_BC_S_GE:
    case INET_DIAG_BC_S_LE:
    case INET_DIAG_BC_D_GE:
    case INET_DIAG_BC_D_LE: print_payload(walk, operand, structure(kCode)); break;
    default: print_bytes(walk, operand); break;
  }
  return true;
}

constexpr Attribute kInetRequestKinds[] = {
    {INET_DIAG_REQ_BYTECODE, {show_code}},
    {INET_DIAG_REQ_PROTOCOL, choice(4, kInetProtocols)},
};
const AttributeSet kInetRequestSet{&kInetDiagRequests, kInetRequestKinds};

constexpr Field kInetMemoryFields[] = {
    {"idiag_rmem", 0, kWord}, {"idiag_wmem", 4, kWord}, {"idiag_fmem", 8, kWord}, {"idiag_tmem", 12, kWord}};
constexpr Structure kInetMemory{16, 16, kInetMemoryFields};
constexpr Field kVegasFields[] = {
    {"tcpv_enabled", 0, kWord}, {"tcpv_rttcnt", 4, kWord}, {"tcpv_rtt", 8, kWord}, {"tcpv_minrtt", 12, kWord}};
constexpr Structure kVegas{16, 16, kVegasFields};
constexpr Field kDctcpFields[] = {
    {"dctcp_enabled", 0, kShort}, {"dctcp_ce_state", 2, kShort}, {"dctcp_alpha", 4, kWord}, {"dctcp_ab_ecn", 8, kWord},
    {"dctcp_ab_tot", 12, kWord}};
constexpr Structure kDctcp{16, 16, kDctcpFields};
constexpr Field kBbrFields[] = {
    {"bbr_bw_lo", 0, kHexWord}, {"bbr_bw_hi", 4, kHexWord}, {"bbr_min_rtt", 8, kWord}, {"bbr_pacing_gain", 12, kWord},
    {"bbr_cwnd_gain", 16, kWord}};
constexpr Structure kBbr{20, 20, kBbrFields};

bool show_socket_address(const Walk& walk, const Piece& piece, const Kind&) {
  print_sockaddr(walk.c, piece.bytes);
  return true;
}
constexpr Kind kSocketAddress{show_socket_address, 128};

/// The bits of struct inet_diag_sockopt (linux/inet_diag.h), from the lowest on.
constexpr std::string_view kSocketOptions[] = {
    "recverr", "is_icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all", "nodefrag", "bind_address_no_port",
    "recverr_rfc4884", "defer_connect"};

/// Where structures are cut to what matters, those that are set.
bool show_socket_options(const Walk& walk, const Piece& piece, const Kind&) {
  const auto bits = piece.object<std::uint16_t>();
  if (!bits) return false;
  ArgContext& c = walk.c;
  std::string_view before = "{";
  unsigned at = 0;
  for (const std::string_view option : kSocketOptions) {
    const unsigned is_set = *bits >> at++ & 1;
    if (is_set != 0 || !c.abbreviated()) c.print("{}{}={}", std::exchange(before, ", "), option, is_set);
  }
  if (const unsigned unused = *bits >> at; unused != 0 || !c.abbreviated()) {
    c.print("{}unused=", std::exchange(before, ", "));
    print_hex(c, unused);
    c.put(" /* bits 3..8 */");
  }
  c.put(before == "{" ? "{}" : "}");
  print_rest_of_struct(c, piece.address, sizeof *bits, piece.size);
  return true;
}

// What signs a connection's segments: keys by the address of the other end.

constexpr char kSignedAddress[] = "tcpm_addr";
bool show_signed_address(const Walk& walk, const Piece& piece, const Kind& kind) {
  Walk of_family = walk;
  of_family.family = walk.within->object<std::uint8_t>().value_or(AF_UNSPEC);
  return show_end<kSignedAddress>(of_family, piece, kind);
}
bool show_signing_key(const Walk& walk, const Piece& piece, const Kind& kind) {
  const auto length = walk.within->from(2).object<std::uint16_t>().value_or(0);
  append_quoted_hex(walk.c.out(), piece.first(std::min(length, kind.size)).bytes);
  return true;
}
constexpr Field kSignatureFields[] = {
    {"tcpm_family", 0, kFamily}, {"tcpm_prefixlen", 1, kByte}, {"tcpm_keylen", 2, kShort},
    {"", 4, {show_signed_address, 16}}, {"tcpm_key", 20, {show_signing_key, TCP_MD5SIG_MAXKEYLEN}}};
constexpr Structure kSignature{sizeof(tcp_diag_md5sig), sizeof(tcp_diag_md5sig), kSignatureFields};
constexpr Kind kOneSignature = structure(kSignature);

/// A number of as many bytes as there are, or bytes.
bool show_opaque(const Walk& walk, const Piece& piece, const Kind&) {
  const bool number = piece.size == 1 || piece.size == 2 || piece.size == 4 || piece.size == 8;
  return number && show_hex(walk, piece, {show_hex, static_cast<std::uint8_t>(piece.size)});
}

constexpr Attribute kStorageKinds[] = {
    {SK_DIAG_BPF_STORAGE_MAP_ID, kWord},
    {SK_DIAG_BPF_STORAGE_MAP_VALUE, {show_opaque}},
};
const AttributeSet kStorageSet{&kBpfStorage, kStorageKinds};
constexpr Attribute kStoragesKinds[] = {{SK_DIAG_BPF_STORAGE, nested(kStorageSet)}};
const AttributeSet kStoragesSet{&kBpfStorages, kStoragesKinds};

constexpr NamedValue kTlsVersionNames[] = {{0x303, "TLS_1_2_VERSION"}, {0x304, "TLS_1_3_VERSION"}};
const NameTable kTlsVersions{kTlsVersionNames, "TLS_???_VERSION"};
constexpr Attribute kTlsKinds[] = {
    {TLS_INFO_VERSION, choice(2, kTlsVersions)},
    {TLS_INFO_CIPHER, choice(2, kTlsCiphers)},
    {TLS_INFO_TXCONF, choice(2, kTlsModes)},
    {TLS_INFO_RXCONF, choice(2, kTlsModes)},
};
const AttributeSet kTlsSet{&kTlsInfo, kTlsKinds};
constexpr Attribute kMptcpKinds[] = {
    {MPTCP_SUBFLOW_ATTR_TOKEN_REM, kHexWord},   {MPTCP_SUBFLOW_ATTR_TOKEN_LOC, kHexWord},
    {MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ, kWord},   {MPTCP_SUBFLOW_ATTR_MAP_SEQ, kWide},
    {MPTCP_SUBFLOW_ATTR_MAP_SFSEQ, kWord},      {MPTCP_SUBFLOW_ATTR_SSN_OFFSET, kWord},
    {MPTCP_SUBFLOW_ATTR_MAP_DATALEN, kShort},   {MPTCP_SUBFLOW_ATTR_FLAGS, flags(4, kMptcpFlags)},
    {MPTCP_SUBFLOW_ATTR_ID_REM, kByte},         {MPTCP_SUBFLOW_ATTR_ID_LOC, kByte},
};
const AttributeSet kMptcpSet{&kMptcpFlow, kMptcpKinds};
constexpr Attribute kUlpKinds[] = {
    {INET_ULP_INFO_NAME, kText}, {INET_ULP_INFO_TLS, nested(kTlsSet)}, {INET_ULP_INFO_MPTCP, nested(kMptcpSet)}};
const AttributeSet kUlpSet{&kUlpInfo, kUlpKinds};

constexpr Attribute kInetKinds[] = {
    {INET_DIAG_MEMINFO, structure(kInetMemory)},
    {INET_DIAG_VEGASINFO, structure(kVegas)},
    {INET_DIAG_CONG, kText},
    {INET_DIAG_TOS, kByte},
    {INET_DIAG_TCLASS, kByte},
    {INET_DIAG_SKMEMINFO, kMemory},
    {INET_DIAG_SHUTDOWN, {show_shutdown, 1}},
    {INET_DIAG_DCTCPINFO, structure(kDctcp)},
    {INET_DIAG_PROTOCOL, choice(1, kInetProtocols)},
    {INET_DIAG_SKV6ONLY, kByte},
    {INET_DIAG_LOCALS, array(kSocketAddress)},
    {INET_DIAG_PEERS, array(kSocketAddress)},
    {INET_DIAG_MARK, kWord},
    {INET_DIAG_BBRINFO, structure(kBbr)},
    {INET_DIAG_CLASS_ID, kWord},
    {INET_DIAG_ULP_INFO, nested(kUlpSet)},
    {INET_DIAG_SK_BPF_STORAGES, nested(kStoragesSet)},
    {INET_DIAG_CGROUP_ID, kWide},
    {INET_DIAG_SOCKOPT, {show_socket_options, 2}},
    {INET_DIAG_MD5SIG, array(kOneSignature)},
};
const AttributeSet kInetSet{&kInetDiag, kInetKinds};

constexpr Kind kSmcExtensions{show_shifted_next, 1, &kSmcDiag};
constexpr NamedValue kSmcStateNames[] = {
    {1, "SMC_ACTIVE"}, {2, "SMC_INIT"}, {7, "SMC_CLOSED"}, {10, "SMC_LISTEN"}, {20, "SMC_PEERCLOSEWAIT1"}, {21, "SMC_PEERCLOSEWAIT2"},
    {22, "SMC_APPCLOSEWAIT1"}, {23, "SMC_APPCLOSEWAIT2"}, {24, "SMC_APPFINCLOSEWAIT"}, {25, "SMC_PEERFINCLOSEWAIT"},
    {26, "SMC_PEERABORTWAIT"}, {27, "SMC_PROCESSABORT"}};
const NameTable kSmcStates{kSmcStateNames, "SMC_???"};
constexpr Field kSmcAskedFields[] = {{"diag_family", 0, kFamily}, {"diag_ext", 3, kSmcExtensions}, {"id", 4, structure(kSocketId)}};
constexpr Structure kSmcAsked{sizeof(smc_diag_req), sizeof(smc_diag_req), kSmcAskedFields};
constexpr Field kSmcFoundFields[] = {
    {"diag_family", 0, kFamily},
    {"diag_state", 1, choice(1, kSmcStates)},
    {"diag_fallback", 2, choice(1, kSmcDiagModes)},
    {"diag_shutdown", 3, kByte},
    {"id", 4, structure(kSocketId)},
    {"diag_uid", 52, kUser},
    {"diag_inode", 56, kWide},
};
constexpr Structure kSmcFound{sizeof(smc_diag_msg), sizeof(smc_diag_msg), kSmcFoundFields};
constexpr Field kSmcCursorFields[] = {{"reserved", 0, kShort}, {"wrap", 2, kShort}, {"count", 4, kWord}};
constexpr Structure kSmcCursorForm{sizeof(smc_diag_cursor), sizeof(smc_diag_cursor), kSmcCursorFields};
constexpr Kind kSmcCursor = structure(kSmcCursorForm);
constexpr Field kSmcConnectionFields[] = {
    {"token", 0, kWord},
    {"sndbuf_size", 4, kWord},
    {"rmbe_size", 8, kWord},
    {"peer_rmbe_size", 12, kWord},
    {"rx_prod", 16, kSmcCursor},
    {"rx_cons", 24, kSmcCursor},
    {"tx_prod", 32, kSmcCursor},
    {"tx_cons", 40, kSmcCursor},
    {"rx_prod_flags", 48, kHexByte},
    {"rx_conn_state_flags", 49, kHexByte},
    {"tx_prod_flags", 50, kHexByte},
    {"tx_conn_state_flags", 51, kHexByte},
    {"tx_prep", 52, kSmcCursor},
    {"tx_sent", 60, kSmcCursor},
    {"tx_fin", 68, kSmcCursor},
};
constexpr Structure kSmcConnection{sizeof(smc_diag_conninfo), sizeof(smc_diag_conninfo), kSmcConnectionFields};
constexpr Field kSmcLinkFields[] = {
    {"link_id", 0, kByte}, {"ibname", 1, name(IB_DEVICE_NAME_MAX)}, {"ibport", 65, kByte}, {"gid", 66, name(40)}, {"peer_gid", 106, name(40)}};
constexpr Structure kSmcLinkForm{sizeof(smc_diag_linkinfo), sizeof(smc_diag_linkinfo), kSmcLinkFields};
constexpr Kind kSmcLink = structure(kSmcLinkForm);
constexpr NamedValue kSmcRoleNames[] = {{0, "SMC_CLNT"}, {1, "SMC_SERV"}};
const NameTable kSmcRoles{kSmcRoleNames, "SMC_???"};
constexpr Field kSmcGroupFields[] = {{"lnk", 0, array(kSmcLink, 1)}, {"role", sizeof(smc_diag_linkinfo), choice(1, kSmcRoles)}};
constexpr Structure kSmcGroup{sizeof(smc_diag_lgrinfo), sizeof(smc_diag_lgrinfo), kSmcGroupFields};
constexpr Field kSmcBufferFields[] = {
    {"linkid", 0, kWord}, {"peer_gid", 8, kHexWide}, {"my_gid", 16, kHexWide}, {"token", 24, kHexWide}, {"peer_token", 32, kHexWide},
    {"peer_gid_ext", 40, kHexWide}, {"my_gid_ext", 48, kHexWide}};
/// smcd_diag_dmbinfo; Linux 6.8 has made it longer.
constexpr Structure kSmcBuffer{56, 40, kSmcBufferFields};
/// Of net/smc/smc_clc.h, which the kernel keeps to itself.
constexpr NamedValue kSmcReasonNames[] = {
    {0x1010000, "SMC_CLC_DECL_MEM"}, {0x2010000, "SMC_CLC_DECL_TIMEOUT_CL"}, {0x2020000, "SMC_CLC_DECL_TIMEOUT_AL"},
    {0x3000000, "SMC_CLC_DECL_CNFERR"}, {0x3010000, "SMC_CLC_DECL_PEERNOSMC"}, {0x3020000, "SMC_CLC_DECL_IPSEC"},
    {0x3030000, "SMC_CLC_DECL_NOSMCDEV"}, {0x3040000, "SMC_CLC_DECL_MODEUNSUPP"}, {0x3050000, "SMC_CLC_DECL_RMBE_EC"},
    {0x3060000, "SMC_CLC_DECL_OPTUNSUPP"}, {0x4000000, "SMC_CLC_DECL_SYNCERR"}, {0x5000000, "SMC_CLC_DECL_PEERDECL"},
    {0x9990000, "SMC_CLC_DECL_INTERR"}, {0x9990001, "SMC_CLC_DECL_ERR_RTOK"}, {0x9990002, "SMC_CLC_DECL_ERR_RDYLNK"},
    {0x9990003, "SMC_CLC_DECL_ERR_REGRMB"}};
/// The number and its name: "0x3010000 /* SMC_CLC_DECL_PEERNOSMC */".
bool show_smc_reason(const Walk& walk, const Piece& piece, const Kind&) {
  const auto reason = piece.object<std::uint32_t>();
  if (!reason) return false;
  print_hex(walk.c, *reason);
  if (walk.c.constants() == ConstantStyle::raw) return true;
  const auto* known = std::ranges::find(kSmcReasonNames, *reason, &NamedValue::value);
  walk.c.print(" /* {} */", known != std::end(kSmcReasonNames) ? known->name : "SMC_CLC_DECL_???");
  return true;
}
constexpr Field kSmcFallbackFields[] = {{"reason", 0, {show_smc_reason, 4}}, {"peer_diagnosis", 4, {show_smc_reason, 4}}};
constexpr Structure kSmcFallback{sizeof(smc_diag_fallback), sizeof(smc_diag_fallback), kSmcFallbackFields};
constexpr Attribute kSmcKinds[] = {
    {SMC_DIAG_CONNINFO, structure(kSmcConnection)},
    {SMC_DIAG_LGRINFO, structure(kSmcGroup)},
    {SMC_DIAG_SHUTDOWN, flags(1, kShutdownBits)},
    {SMC_DIAG_DMBINFO, structure(kSmcBuffer)},
    {SMC_DIAG_FALLBACK, structure(kSmcFallback)},
};
const AttributeSet kSmcSet{&kSmcDiag, kSmcKinds};

/// What a family asks and answers.
struct DiagForm {
  std::uint8_t family;
  const Structure* asked;
  const AttributeSet* asked_attributes;
  const Structure* found;
  const AttributeSet* found_attributes;
};
constexpr DiagForm kForms[] = {
    {AF_UNIX, &kUnixAsked, nullptr, &kUnixFound, &kUnixSet},
    {AF_INET, &kInetAsked, &kInetRequestSet, &kInetFound, &kInetSet},
    {AF_INET6, &kInetAsked, &kInetRequestSet, &kInetFound, &kInetSet},
    {AF_NETLINK, &kNetlinkAsked, nullptr, &kNetlinkFound, &kNetlinkSet},
    {AF_PACKET, &kPacketAsked, nullptr, &kPacketFound, &kPacketSet},
    {AF_SMC, &kSmcAsked, nullptr, &kSmcFound, &kSmcSet},
};

}  // namespace

void print_diag_body(const Walk& walk, std::uint16_t type, std::uint16_t flags, const Piece& body) {
  const auto family = body.object<std::uint8_t>();
  const auto* form = family ? std::ranges::find(kForms, *family, &DiagForm::family) : std::end(kForms);
  if (form == std::end(kForms) || body.size == 1) {
    print_family(walk, body);
    return;
  }
  const bool asked = (flags & NLM_F_REQUEST) != 0;
  const bool once = type == TCPDIAG_GETSOCK || type == DCCPDIAG_GETSOCK;
  if (asked && once) {
    print_headed(walk, body, kInetAskedOnce, &kInetRequestSet);
  } else if (asked) {
    print_headed(walk, body, *form->asked, form->asked_attributes);
  } else {
    print_headed(walk, body, *form->found, form->found_attributes);
  }
}

}  // namespace vdsotrace::netlink
