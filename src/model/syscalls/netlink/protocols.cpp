#include "model/syscalls/netlink/protocols.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/selinux_netlink.h>
#include <linux/sock_diag.h>

#include "model/syscalls/netlink/generated_names.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace::netlink {
namespace {

template <const NameTable& kTypes>
void print_type_among(ArgContext& c, std::uint16_t type) {
  print_choice(c, type, kTypes.values, kTypes.unknown);
}

FlagClass no_flags(std::uint16_t) { return FlagClass::none; }
FlagClass diag_flags(std::uint16_t) { return FlagClass::get; }

/// The kernel's names say what a message does.
FlagClass flags_by_name(const NameTable& names, std::uint16_t type) {
  const auto known = std::ranges::find(names.values, type, &NamedValue::value);
  if (known == names.values.end()) return FlagClass::none;
  const auto has = [&](std::string_view word) { return known->name.find(word) != std::string_view::npos; };
  if (has("_GET")) return FlagClass::get;
  if (has("_DEL")) return FlagClass::remove;
  if (has("_NEW") || has("_UPD")) return FlagClass::make;
  return FlagClass::none;
}

template <const NameTable& kTypes>
FlagClass flags_among(std::uint16_t type) {
  return flags_by_name(kTypes, type);
}

// NETLINK_GENERIC: numbers of families are given as they are registered, but for the one that tells them.

constexpr NamedValue kControllerNames[] = {{0x10, "nlctrl"}};
const NameTable kGenericTypes{kControllerNames, "GENERIC_FAMILY_???"};

// NETLINK_NETFILTER: a subsystem, and a type of its own.

struct Subsystem {
  std::uint8_t number;
  const NameTable* messages;
};
constexpr Subsystem kSubsystems[] = {
    {NFNL_SUBSYS_CTNETLINK, &kConntrackMessages},
    {NFNL_SUBSYS_CTNETLINK_EXP, &kExpectMessages},
    {NFNL_SUBSYS_QUEUE, &kQueueMessages},
    {NFNL_SUBSYS_ULOG, &kLogMessages},
    {NFNL_SUBSYS_OSF, &kOsfMessages},
    {NFNL_SUBSYS_IPSET, &kIpsetMessages},
    {NFNL_SUBSYS_ACCT, &kAcctMessages},
    {NFNL_SUBSYS_CTNETLINK_TIMEOUT, &kTimeoutMessages},
    {NFNL_SUBSYS_CTHELPER, &kHelperMessages},
    {NFNL_SUBSYS_NFTABLES, &kTablesMessages},
    {NFNL_SUBSYS_NFT_COMPAT, &kCompatMessages},
};

bool is_batch(std::uint16_t type) { return type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END; }

const NameTable* messages_of(std::uint16_t type) {
  const auto* known = std::ranges::find(kSubsystems, NFNL_SUBSYS_ID(type), &Subsystem::number);
  return known != std::end(kSubsystems) ? known->messages : nullptr;
}

void print_netfilter_type(ArgContext& c, std::uint16_t type) {
  if (is_batch(type)) {
    print_choice(c, type, kNetfilterBatch.values, kNetfilterBatch.unknown);
    return;
  }
  print_choice(c, NFNL_SUBSYS_ID(type), kNetfilterSubsystems.values, kNetfilterSubsystems.unknown);
  c.put("<<8|");
  if (const NameTable* messages = messages_of(type)) {
    print_choice(c, NFNL_MSG_TYPE(type), messages->values, messages->unknown);
  } else {
    print_hex(c, NFNL_MSG_TYPE(type));
  }
}

FlagClass netfilter_flags(std::uint16_t type) {
  const NameTable* messages = is_batch(type) ? nullptr : messages_of(type);
  return messages != nullptr ? flags_by_name(*messages, NFNL_MSG_TYPE(type)) : FlagClass::none;
}

constexpr Field kNetfilterFields[] = {
    {"nfgen_family", 0, choice(1, kAddressFamilies)},
    {"version", 1, choice(1, kNetfilterVersions)},
    {"res_id", 2, kPort},
};
/// A message of nftables names its subsystem again, in either byte order.
bool show_tables_subsystem(const Walk& walk, const Piece& piece, const Kind& kind) {
  constexpr std::string_view kName = "NFNL_SUBSYS_NFTABLES";
  const auto id = piece.object<std::uint16_t>();
  if (id == NFNL_SUBSYS_NFTABLES) {
    print_constant(walk.c, *id, kName);
    return true;
  }
  if (id != __builtin_bswap16(NFNL_SUBSYS_NFTABLES)) return show_network_order(walk, piece, kind);
  print_meaning(
      walk.c, [&] { append_quoted_hex(walk.c.out(), piece.bytes.first(sizeof *id)); },
      [&] { walk.c.print("htons({})", kName); });
  return true;
}
constexpr Field kTablesFields[] = {
    {"nfgen_family", 0, choice(1, kAddressFamilies)},
    {"version", 1, choice(1, kNetfilterVersions)},
    {"res_id", 2, {show_tables_subsystem, 2}},
};
constexpr Structure kTablesHead{sizeof(nfgenmsg), sizeof(nfgenmsg), kTablesFields};
constexpr Structure kNetfilterHead{sizeof(nfgenmsg), sizeof(nfgenmsg), kNetfilterFields};
const AttributeSet kNetfilterSet{nullptr, {}};

void print_netfilter_body(const Walk& walk, std::uint16_t type, std::uint16_t, const Piece& body) {
  if (body.size < sizeof(nfgenmsg)) {
    print_bytes(walk, body);
    return;
  }
  const bool tables = !is_batch(type) && NFNL_SUBSYS_ID(type) == NFNL_SUBSYS_NFTABLES;
  print_payload(walk, body, structure(tables ? kTablesHead : kNetfilterHead));
  const Piece rest = body.from(sizeof(nfgenmsg));
  if (!body.is_readable(sizeof(nfgenmsg)) || rest.size == 0) return;
  walk.c.put(", ");
  if (is_batch(type)) {
    print_bytes(walk, rest);
  } else {
    print_attributes(walk, rest, kNetfilterSet);
  }
}

// NETLINK_SELINUX.

constexpr Field kEnforceFields[] = {{"val", 0, kSigned}};
constexpr Field kPolicyFields[] = {{"seqno", 0, kWord}};
constexpr Structure kEnforce{4, 4, kEnforceFields};
constexpr Structure kPolicy{4, 4, kPolicyFields};

void print_selinux_body(const Walk& walk, std::uint16_t type, std::uint16_t, const Piece& body) {
  const bool enforce = type == SELNL_MSG_SETENFORCE;
  print_payload(walk, body,
                enforce                        ? structure(kEnforce)
                : type == SELNL_MSG_POLICYLOAD ? structure(kPolicy)
                                               : kUnknown);
}

constexpr Protocol kProtocols[] = {
    {NETLINK_ROUTE, print_type_among<kRouteTypes>, route_flags, print_route_body},
    {NETLINK_SOCK_DIAG, print_type_among<kSockDiagTypes>, diag_flags, print_diag_body},
    {NETLINK_XFRM, print_type_among<kXfrmTypes>, flags_among<kXfrmTypes>, nullptr},
    {NETLINK_SELINUX, print_type_among<kSelinuxTypes>, no_flags, print_selinux_body},
    {NETLINK_AUDIT, print_type_among<kAuditTypes>, no_flags, nullptr},
    {NETLINK_NETFILTER, print_netfilter_type, netfilter_flags, print_netfilter_body},
    {NETLINK_GENERIC, print_type_among<kGenericTypes>, no_flags, nullptr},
    {NETLINK_CRYPTO, print_type_among<kCryptoTypes>, flags_among<kCryptoTypes>, nullptr},
};

}  // namespace

const Protocol* find_protocol(std::uint16_t number) {
  const auto* found = std::ranges::find(kProtocols, number, &Protocol::number);
  return found != std::end(kProtocols) ? found : nullptr;
}

}  // namespace vdsotrace::netlink
