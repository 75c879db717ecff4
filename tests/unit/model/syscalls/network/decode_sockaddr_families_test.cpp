// Socket addresses of special families; expected lines are strace 6.1's.
#include <array>
#include <cstring>
#include <string>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kName = 0x7f0000004000;

/// An address that is put together piece by piece.
class SocketAddress {
 public:
  SocketAddress(std::uint16_t family, std::size_t size) : size_(size) { set(0, family); }

  template <class T>
  SocketAddress& set(std::size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof value);
    return *this;
  }
  SocketAddress& text(std::size_t offset, std::string_view text) {
    std::memcpy(bytes_.data() + offset, text.data(), text.size());
    return *this;
  }
  /// As connect() shows it, without its braces and family.
  std::string shown(ConstantStyle style = ConstantStyle::abbrev) const {
    DecodedCall call("connect", {3, kName, size_});
    const std::string text = args_of(call.put(kName, bytes_).constants(style).leave(-9).text()).at(1);
    const std::size_t start = text.find(", ") + 2;
    return text.substr(start, text.size() - start - 1);
  }

 private:
  std::size_t size_;
  std::array<std::byte, 128> bytes_{};
};

}  // namespace

TEST_CASE("addresses of virtual machines") {
  CHECK(SocketAddress(40, 16).set(4, 1024u).set(8, 2u).shown() ==
        "svm_cid=VMADDR_CID_HOST, svm_port=0x400, svm_flags=0");
  SocketAddress odd(40, 16);
  odd.set(2, std::uint16_t{0xdead}).set(4, ~0u).set(8, 3u).set(12, std::uint8_t{0xef}).set(13, std::uint8_t{0x42});
  CHECK(odd.shown() ==
        "svm_reserved1=0xdead, svm_cid=0x3, svm_port=VMADDR_PORT_ANY, svm_flags=VMADDR_FLAG_TO_HOST|0xee, "
        "svm_zero=\"\\x42\\x00\\x00\"");
  CHECK(odd.shown(ConstantStyle::raw) ==
        "svm_reserved1=0xdead, svm_cid=0x3, svm_port=0xffffffff, svm_flags=0xef, svm_zero=\"\\x42\\x00\\x00\"");
  CHECK(SocketAddress(40, 15).shown() == R"(sa_data="\0\0\0\0\0\0\0\0\0\0\0\0\0")");
}

TEST_CASE("addresses of ciphers") {
  SocketAddress hash(38, 88);
  hash.text(2, "hash").text(24, "sha256").set(16, 0x1000u).set(20, 0xdeadcafeu);
  CHECK(hash.shown() ==
        "salg_type=\"hash\", salg_feat=0x1000 /* CRYPTO_ALG_KERN_DRIVER_ONLY */, "
        "salg_mask=0xdeadcafe /* CRYPTO_ALG_??? */, salg_name=\"sha256\"");
  CHECK(hash.shown(ConstantStyle::raw) ==
        "salg_type=\"hash\", salg_feat=0x1000, salg_mask=0xdeadcafe, salg_name=\"sha256\"");
  SocketAddress cut(38, 26);
  CHECK(cut.text(2, "12345678901234").text(24, "sha").shown() ==
        R"(salg_type="1234567890123"..., salg_feat=0, salg_mask=0, salg_name="s"...)");
}

TEST_CASE("addresses of devices and routers") {
  CHECK(SocketAddress(44, 16).set(2, std::uint16_t{1}).set(8, 5u).set(12, 7u).shown() ==
        "sxdp_flags=XDP_SHARED_UMEM, sxdp_ifindex=0, sxdp_queue_id=5, sxdp_shared_umem_fd=7");
  CHECK(SocketAddress(44, 16).set(2, std::uint16_t{2}).set(12, 0xfeedu).shown() ==
        "sxdp_flags=XDP_COPY, sxdp_ifindex=0, sxdp_queue_id=0, sxdp_shared_umem_fd=0xfeed");
  CHECK(SocketAddress(42, 12).set(4, ~0u).set(8, 0xfffffffeu).shown() ==
        "sq_node=QRTR_NODE_BCAST, sq_port=QRTR_PORT_CTRL");
  CHECK(
      SocketAddress(45, 12).set(8, std::uint8_t{0xff}).set(9, std::uint8_t{1}).set(11, std::uint8_t{0xea}).shown() ==
      "smctp_network=MCTP_NET_ANY, smctp_addr={s_addr=MCTP_ADDR_ANY}, smctp_type=0x1, smctp_tag=0, __smctp_pad1=0xea");
}

TEST_CASE("addresses of radios") {
  SocketAddress near(39, 96);
  near.set(8, 0x42u)
      .set(12, 7u)
      .set(16, std::uint8_t{1})
      .set(17, std::uint8_t{5})
      .text(18, "urn")
      .set(88, std::uint64_t{3});
  CHECK(near.shown() ==
        "dev_idx=0, target_idx=0x42, nfc_protocol=NFC_PROTO_ISO15693, dsap=0x1 /* LLCP_SAP_SDP */, ssap=0x5, "
        "service_name=\"urn\", service_name_len=3");
  CHECK(SocketAddress(39, 17).shown() == "dev_idx=0, target_idx=0, nfc_protocol=0 /* NFC_PROTO_??? */, ...");
  CHECK(near.set(88, UINT64_MAX).shown().find(R"(\0", service_name_len=18446744073709551615)") != std::string::npos);
  SocketAddress far(36, 20);
  CHECK(far.shown() == "addr={addr_type=0 /* IEEE802154_ADDR_NONE */, pan_id=0}");
  CHECK(far.set(4, 2u).set(8, std::uint16_t{0xffff}).set(10, std::uint16_t{0xfffe}).shown() ==
        "addr={addr_type=0x2 /* IEEE802154_ADDR_SHORT */, pan_id=0xffff /* IEEE802154_PANID_BROADCAST */, "
        "short_addr=0xfffe /* IEEE802154_ADDR_UNDEF */}");
  CHECK(far.set(4, 3u).set(8, std::uint16_t{1}).shown() ==
        "addr={addr_type=0x3 /* IEEE802154_ADDR_LONG */, pan_id=0x1, hwaddr=fe:ff:00:00:00:00:00:00}");
}

TEST_CASE("addresses of calls hold that of their transport") {
  SocketAddress cell(33, 36);
  cell.set(2, std::uint16_t{2501}).set(4, std::uint16_t{4}).set(6, std::uint16_t{16}).set(8, std::uint16_t{2});
  cell.set(10, std::uint16_t{0xdead}).set(12, 0xfacefeedu);
  const std::string start = "srx_service=0x9c5 /* YFS_CM_SERVICE */, transport_type=SOCK_RDM, ";
  CHECK(cell.shown() == start +
                            "transport_len=16, transport={sin={sin_family=AF_INET, sin_port=htons(44510), "
                            "sin_addr=inet_addr(\"237.254.206.250\")}}");
  CHECK(cell.set(6, std::uint16_t{4}).shown() ==
        start + "transport_len=4, transport={sin={sin_family=AF_INET, \"\\255\\336\"}}");
  CHECK(cell.set(6, std::uint16_t{0}).set(8, std::uint16_t{0}).shown() ==
        start + "transport_len=0, transport={family=AF_UNSPEC}");
}

}  // namespace vdsotrace::testing
