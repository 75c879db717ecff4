// Addresses of sockets that lead to ciphers, virtual machines, radios and the like. Layouts and constants are the
// kernel's (include/uapi/linux/vm_sockets.h, if_alg.h, if_xdp.h, qrtr.h, mctp.h, nfc.h, rxrpc.h,
// include/net/af_ieee802154.h): older headers lack some of them.
#include <algorithm>
#include <array>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/network/sockaddr_forms.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"

namespace vdsotrace {
namespace {

using AddressBytes = std::span<const std::byte>;

constexpr std::uint16_t kRxrpcFamily = 33, kIeee802154Family = 36, kAlgFamily = 38, kNfcFamily = 39, kVsockFamily = 40;
constexpr std::uint16_t kQipcrtrFamily = 42, kXdpFamily = 44, kMctpFamily = 45;

/// A number beside its name; `unknown` stands for a name where there is none, if it is not empty.
void print_number_and_name(ArgContext& c, std::uint64_t value, std::span<const NamedValue> names,
                           std::string_view unknown = "") {
  print_hex(c, value);
  const auto known = std::ranges::find(names, value, &NamedValue::value);
  const std::string_view name = known != names.end() ? known->name : unknown;
  if (!name.empty() && c.constants() != ConstantStyle::raw) c.print(" /* {} */", name);
}

/// One name, or the number without a remark.
void print_name_or_number(ArgContext& c, std::uint64_t value, std::span<const NamedValue> names) {
  const auto known = std::ranges::find(names, value, &NamedValue::value);
  if (known != names.end()) {
    print_constant(c, value, known->name);
  } else {
    print_hex(c, value);
  }
}

void print_all_of(ArgContext& c, AddressBytes text, bool more = false) { print_quoted(c, text, text.size(), more); }

// AF_VSOCK.

struct VsockAddress {
  std::uint16_t family, reserved;
  std::uint32_t port, cid;
  std::uint8_t flags;
  std::array<std::byte, 3> zero;
};
constexpr NamedValue kVsockPorts[] = {{0xffffffff, "VMADDR_PORT_ANY"}};
constexpr NamedValue kVsockMachines[] = {
    {0, "VMADDR_CID_HYPERVISOR"}, {1, "VMADDR_CID_LOCAL"}, {2, "VMADDR_CID_HOST"}, {0xffffffff, "VMADDR_CID_ANY"}};
constexpr NamedValue kVsockFlags[] = {{1, "VMADDR_FLAG_TO_HOST"}};

void print_vsock(ArgContext& c, AddressBytes bytes) {
  const auto address = front_of<VsockAddress>(bytes);
  if (address.reserved != 0) c.print("svm_reserved1={:#x}, ", address.reserved);
  c.put("svm_cid=");
  print_name_or_number(c, address.cid, kVsockMachines);
  c.put(", svm_port=");
  print_name_or_number(c, address.port, kVsockPorts);
  c.put(", svm_flags=");
  print_flags(c, address.flags, kVsockFlags, "VMADDR_FLAG_???");
  if (std::ranges::all_of(address.zero, [](std::byte byte) { return byte == std::byte{0}; })) return;
  c.put(", svm_zero=");
  append_quoted_hex(c.out(), address.zero);
}

// AF_ALG.

constexpr NamedValue kAlgFeatures[] = {{0x1000, "CRYPTO_ALG_KERN_DRIVER_ONLY"}};
constexpr std::size_t kAlgTypeAt = 2, kAlgTypeRoom = 14, kAlgFeaturesAt = 16, kAlgNameAt = 24;

void print_features(ArgContext& c, std::string_view name, std::uint32_t features) {
  c.print(", {}=", name);
  print_hex(c, features);
  if (features == 0 || c.constants() == ConstantStyle::raw) return;
  print_names_only(c, [&] {
    c.put(" /* ");
    if ((features & kAlgFeatures[0].value) != 0) {
      print_flags(c, features, kAlgFeatures, "");
    } else {
      c.put("CRYPTO_ALG_???");
    }
    c.put(" */");
  });
}

/// A text that ends with a NUL; one that is not ended is cut, as the kernel cuts it.
void print_ended_text(ArgContext& c, AddressBytes room) {
  const auto end = std::find(room.begin(), room.end(), std::byte{0});
  const bool ended = end != room.end();
  const auto length = static_cast<std::size_t>(end - room.begin());
  print_all_of(c, room.first(ended ? length : length - 1), !ended);
}

void print_alg(ArgContext& c, AddressBytes bytes) {
  constexpr std::size_t kNameRoom = 64;
  const auto features = front_of<std::array<std::uint32_t, 2>>(bytes.subspan(kAlgFeaturesAt));
  c.put("salg_type=");
  print_ended_text(c, bytes.subspan(kAlgTypeAt, kAlgTypeRoom));
  print_features(c, "salg_feat", features[0]);
  print_features(c, "salg_mask", features[1]);
  c.put(", salg_name=");
  const AddressBytes name = bytes.subspan(kAlgNameAt);
  print_ended_text(c, name.first(std::min(name.size(), kNameRoom)));
}

// AF_XDP.

struct XdpAddress {
  std::uint16_t family, flags;
  std::uint32_t interface, queue, shared;
};
constexpr std::uint16_t kSharedMemory = 1;
constexpr NamedValue kXdpFlags[] = {
    {kSharedMemory, "XDP_SHARED_UMEM"}, {2, "XDP_COPY"}, {4, "XDP_ZEROCOPY"}, {8, "XDP_USE_NEED_WAKEUP"}};

void print_xdp(ArgContext& c, AddressBytes bytes) {
  const auto address = front_of<XdpAddress>(bytes);
  c.put("sxdp_flags=");
  print_flags(c, address.flags, kXdpFlags, "XDP_???");
  c.put(", sxdp_ifindex=");
  print_interface(c, address.interface);
  c.print(", sxdp_queue_id={}", address.queue);
  if ((address.flags & kSharedMemory) != 0) {
    c.put(", sxdp_shared_umem_fd=");
    print_fd(c, static_cast<std::int32_t>(address.shared));
  } else {
    print_reserved(c, "sxdp_shared_umem_fd", address.shared);
  }
}

// AF_QIPCRTR.

struct RouterAddress {
  std::uint16_t family;
  std::uint32_t node, port;
};
constexpr NamedValue kRouterNodes[] = {{0xffffffff, "QRTR_NODE_BCAST"}};
constexpr NamedValue kRouterPorts[] = {{0xfffffffe, "QRTR_PORT_CTRL"}};

void print_router(ArgContext& c, AddressBytes bytes) {
  const auto address = front_of<RouterAddress>(bytes);
  c.put("sq_node=");
  print_name_or_number(c, address.node, kRouterNodes);
  c.put(", sq_port=");
  print_name_or_number(c, address.port, kRouterPorts);
}

// AF_MCTP.

struct MctpAddress {
  std::uint16_t family, pad0;
  std::uint32_t network;
  std::uint8_t address, type, tag, pad1;
};
constexpr NamedValue kMctpNetworks[] = {{0, "MCTP_NET_ANY"}};
constexpr NamedValue kMctpAddresses[] = {{0, "MCTP_ADDR_NULL"}, {0xff, "MCTP_ADDR_ANY"}};

void print_mctp(ArgContext& c, AddressBytes bytes) {
  const auto address = front_of<MctpAddress>(bytes);
  if (address.pad0 != 0) c.print("__smctp_pad0={:#x}, ", address.pad0);
  c.put("smctp_network=");
  print_name_or_number(c, address.network, kMctpNetworks);
  c.put(", smctp_addr={s_addr=");
  print_name_or_number(c, address.address, kMctpAddresses);
  c.put("}, smctp_type=");
  print_hex(c, address.type);
  c.put(", smctp_tag=");
  print_hex(c, address.tag);
  print_reserved(c, "__smctp_pad1", address.pad1);
}

// AF_NFC.

struct NfcAddress {
  std::uint16_t family;
  std::uint32_t device, target, protocol;
};
/// struct sockaddr_nfc_llcp, which is known by its length.
struct NfcLinkAddress {
  NfcAddress base;
  std::uint8_t dsap, ssap;
  std::array<std::byte, 63> service;
  std::uint64_t service_length;
};
constexpr NamedValue kNfcProtocols[] = {
    {1, "NFC_PROTO_JEWEL"},   {2, "NFC_PROTO_MIFARE"},     {3, "NFC_PROTO_FELICA"},  {4, "NFC_PROTO_ISO14443"},
    {5, "NFC_PROTO_NFC_DEP"}, {6, "NFC_PROTO_ISO14443_B"}, {7, "NFC_PROTO_ISO15693"}};
constexpr NamedValue kNfcServices[] = {
    {1, "LLCP_SAP_SDP"}, {2, "LLCP_SAP_IP"}, {3, "LLCP_SAP_OBEX"}, {4, "LLCP_SAP_SNEP"}, {0xff, "LLCP_SAP_MAX"}};

void print_nfc(ArgContext& c, AddressBytes bytes) {
  const auto address = front_of<NfcAddress>(bytes);
  c.put("dev_idx=");
  print_interface(c, address.device);
  c.put(", target_idx=");
  print_hex(c, address.target);
  c.put(", nfc_protocol=");
  print_choice(c, address.protocol, kNfcProtocols, "NFC_PROTO_???");
  if (bytes.size() <= sizeof address) return;
  if (bytes.size() < sizeof(NfcLinkAddress)) {
    c.put(", ...");
    return;
  }
  const auto link = front_of<NfcLinkAddress>(bytes);
  c.put(", dsap=");
  print_number_and_name(c, link.dsap, kNfcServices);
  c.put(", ssap=");
  print_number_and_name(c, link.ssap, kNfcServices);
  c.put(", service_name=");
  print_all_of(c, std::span(link.service).first(std::min<std::uint64_t>(link.service_length, link.service.size())));
  c.print(", service_name_len={}", link.service_length);
}

// AF_IEEE802154.

struct RadioAddress {
  std::uint16_t family;
  std::uint32_t type;
  std::uint16_t network;
  std::array<std::byte, 8> hardware;
};
constexpr std::uint32_t kNoRadioAddress = 0, kShortRadioAddress = 2;
constexpr NamedValue kRadioTypes[] = {{kNoRadioAddress, "IEEE802154_ADDR_NONE"},
                                      {kShortRadioAddress, "IEEE802154_ADDR_SHORT"},
                                      {3, "IEEE802154_ADDR_LONG"}};
constexpr NamedValue kRadioNetworks[] = {{0xffff, "IEEE802154_PANID_BROADCAST"}};
constexpr NamedValue kShortRadioAddresses[] = {{0xfffe, "IEEE802154_ADDR_UNDEF"},
                                               {0xffff, "IEEE802154_ADDR_BROADCAST"}};

void print_spelled_hardware(ArgContext& c, AddressBytes hardware) {
  for (std::size_t i = 0; i < hardware.size(); ++i)
    c.print("{}{:02x}", i == 0 ? "" : ":", static_cast<unsigned>(hardware[i]));
}

void print_radio(ArgContext& c, AddressBytes bytes) {
  const auto address = front_of<RadioAddress>(bytes);
  c.put("addr={addr_type=");
  print_number_and_name(c, address.type, kRadioTypes, "IEEE802154_ADDR_???");
  c.put(", pan_id=");
  print_number_and_name(c, address.network, kRadioNetworks);
  if (address.type == kShortRadioAddress) {
    c.put(", short_addr=");
    print_number_and_name(c, front_of<std::uint16_t>(address.hardware), kShortRadioAddresses);
  } else if (address.type != kNoRadioAddress) {
    c.put(", hwaddr=");
    print_meaning(
        c, [&] { append_quoted_hex(c.out(), address.hardware); }, [&] { print_spelled_hardware(c, address.hardware); });
  }
  c.put("}");
}

// AF_RXRPC.

struct RxrpcAddress {
  std::uint16_t family, service, transport_type, transport_length;
  std::array<std::byte, sizeof(sockaddr_in6)> transport;
};
constexpr NamedValue kRxrpcServices[] = {
    {1, "CM_SERVICE"}, {2500, "YFS_FS_SERVICE"}, {2501, "YFS_CM_SERVICE"}, {2503, "YFS_VL_SERVICE"}};

struct TransportForm {
  std::string_view name;
  std::size_t shortest;
  void (*print)(ArgContext&, AddressBytes);
};
constexpr TransportForm kInetTransport{"sin", sizeof(sockaddr_in), print_inet};
constexpr TransportForm kInet6Transport{"sin6", offsetof(sockaddr_in6, sin6_scope_id), print_inet6};

/// What follows the family of a transport's address, of which `bytes` are all.
void print_transport_rest(ArgContext& c, AddressBytes bytes, const TransportForm* form) {
  constexpr std::size_t kFamily = sizeof(sa_family_t);
  if (bytes.size() <= kFamily) return;
  c.put(", ");
  if (form != nullptr && bytes.size() >= form->shortest) {
    form->print(c, bytes);
  } else {
    print_all_of(c, bytes.subspan(kFamily));
  }
}

void print_rxrpc(ArgContext& c, AddressBytes bytes) {
  const auto address = front_of<RxrpcAddress>(bytes);
  c.put("srx_service=");
  print_number_and_name(c, address.service, kRxrpcServices, "???_SERVICE");
  c.put(", transport_type=");
  print_choice(c, address.transport_type, kSocketTypes.values, kSocketTypes.unknown);
  c.print(", transport_len={}, transport={{", address.transport_length);
  const auto family = front_of<sa_family_t>(address.transport);
  const TransportForm* form = family == AF_INET ? &kInetTransport : family == AF_INET6 ? &kInet6Transport : nullptr;
  if (form != nullptr) c.print("{}={{{}_", form->name, form->name);
  c.put("family=");
  print_choice(c, family, kAddressFamilies.values, kAddressFamilies.unknown);
  const auto length = std::min<std::size_t>(address.transport_length, address.transport.size());
  print_transport_rest(c, std::span(address.transport).first(length), form);
  c.put(form != nullptr ? "}}" : "}");
}

constexpr SockaddrForm kSpecialForms[] = {
    {kRxrpcFamily, sizeof(RxrpcAddress), print_rxrpc}, {kIeee802154Family, sizeof(RadioAddress), print_radio},
    {kAlgFamily, kAlgNameAt + 1, print_alg},           {kNfcFamily, sizeof(NfcAddress), print_nfc},
    {kVsockFamily, sizeof(VsockAddress), print_vsock}, {kQipcrtrFamily, sizeof(RouterAddress), print_router},
    {kXdpFamily, sizeof(XdpAddress), print_xdp},       {kMctpFamily, sizeof(MctpAddress), print_mctp},
};

}  // namespace

std::span<const SockaddrForm> special_sockaddr_forms() { return kSpecialForms; }

}  // namespace vdsotrace
