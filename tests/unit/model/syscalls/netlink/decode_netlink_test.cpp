// Messages of netlink sockets; expected lines are strace 6.1's.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kBuffer = 0x7f0000001000;
constexpr std::int32_t kSocket = 3;

/// A message that is put together piece by piece.
class Message {
 public:
  Message(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    header.nlmsg_seq = 7;
    add(header);
  }
  template <class T>
  Message& add(const T& part) {
    const auto* from = reinterpret_cast<const char*>(&part);
    bytes_.insert(bytes_.end(), from, from + sizeof part);
    return *this;
  }
  Message& text(std::string_view part) {
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    return *this;
  }
  Message& attribute(std::uint16_t type, std::string_view payload) {
    pad();
    add(nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + payload.size()), type});
    return text(payload);
  }
  Message& pad() {
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
    return *this;
  }
  /// Another length than its own.
  Message& length(std::uint32_t claimed) {
    claimed_ = claimed;
    return *this;
  }
  std::string bytes() const {
    std::string all = bytes_;
    const auto size = claimed_ != 0 ? claimed_ : static_cast<std::uint32_t>(all.size());
    std::memcpy(all.data(), &size, sizeof size);
    return all;
  }

 private:
  std::string bytes_;
  std::uint32_t claimed_ = 0;
};

/// What the argument of sendto is shown as. `readable`: how many of the bytes can be read.
std::string sent(std::uint16_t protocol, const std::string& bytes, std::size_t readable = SIZE_MAX,
                 ConstantStyle style = ConstantStyle::abbrev) {
  DecodedCall call("sendto", {kSocket, kBuffer, bytes.size(), 0, 0, 0});
  for (std::size_t i = 0; i < std::min(readable, bytes.size()); ++i) call.put(kBuffer + i, bytes[i]);
  call.netlink(kSocket, protocol).constants(style).leave(static_cast<std::int64_t>(bytes.size()));
  return args_of(call.text()).at(1);
}

template <class T>
std::string as_text(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

const std::string kLinkHead = "{ifi_family=AF_UNSPEC, ifi_type=ARPHRD_NETROM, ifi_index=0, ifi_flags=0, ifi_change=0}";

Message link_message() {
  Message message(RTM_GETLINK, NLM_F_REQUEST);
  return message.add(ifinfomsg{});
}

std::string link_line(unsigned length, const std::string& rest) {
  return fmt::format(
      "[{{nlmsg_len={}, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}}, {}{}]", length,
      kLinkHead, rest);
}

}  // namespace

TEST_CASE("a netlink message has a header, a structure and attributes", "[netlink]") {
  CHECK(sent(NETLINK_ROUTE, Message(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP).bytes()) ==
        "{nlmsg_len=16, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP, nlmsg_seq=7, nlmsg_pid=0}");
  CHECK(sent(NETLINK_ROUTE, link_message().bytes()) == link_line(32, ""));
  CHECK(sent(NETLINK_ROUTE, link_message().attribute(IFLA_EXT_MASK, as_text(1u)).bytes()) ==
        link_line(40, ", [{nla_len=8, nla_type=IFLA_EXT_MASK}, RTEXT_FILTER_VF]"));
  CHECK(
      sent(NETLINK_ROUTE,
           link_message().attribute(IFLA_IFNAME, std::string("lo\0", 3)).attribute(IFLA_MTU, as_text(1500u)).bytes()) ==
      link_line(48, ", [[{nla_len=7, nla_type=IFLA_IFNAME}, \"lo\"], [{nla_len=8, nla_type=IFLA_MTU}, 1500]]"));
}

TEST_CASE("only netlink sockets have messages", "[netlink]") {
  const std::string bytes = Message(RTM_GETLINK, NLM_F_REQUEST).bytes();
  DecodedCall call("sendto", {kSocket, kBuffer, bytes.size(), 0, 0, 0});
  for (std::size_t i = 0; i < bytes.size(); ++i) call.put(kBuffer + i, bytes[i]);
  CHECK(args_of(call.leave(16).text()).at(1) == "\"\\20\\0\\0\\0\\22\\0\\1\\0\\7\\0\\0\\0\\0\\0\\0\\0\"");
}

TEST_CASE("the sender of a netlink message is a signed number", "[netlink]") {
  std::string bytes = Message(RTM_GETLINK, NLM_F_REQUEST).bytes();
  const std::int32_t sender = -200635039;
  std::memcpy(bytes.data() + offsetof(nlmsghdr, nlmsg_pid), &sender, sizeof sender);
  CHECK(sent(NETLINK_ROUTE, bytes) ==
        "{nlmsg_len=16, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=-200635039}");
}

TEST_CASE("messages of a netlink socket of unknown protocol have a header", "[netlink]") {
  CHECK(sent(kUnknownNetlinkProtocol, Message(0x44f, NLM_F_REQUEST | NLM_F_ACK).text("op=1").bytes()) ==
        "[{nlmsg_len=20, nlmsg_type=0x44f /* NLMSG_??? */, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK, nlmsg_seq=7, "
        "nlmsg_pid=0}, \"\\x6f\\x70\\x3d\\x31\"]");
  CHECK(sent(NETLINK_AUDIT, Message(AUDIT_FIRST_USER_MSG, NLM_F_REQUEST).bytes()) ==
        "{nlmsg_len=16, nlmsg_type=AUDIT_FIRST_USER_MSG, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}");
}

TEST_CASE("attributes are nested", "[netlink]") {
  const std::string within = Message(0, 0).attribute(IFLA_INFO_KIND, std::string("veth\0", 5)).bytes().substr(16);
  CHECK(sent(NETLINK_ROUTE, link_message().attribute(IFLA_LINKINFO, within).bytes()) ==
        link_line(45, ", [{nla_len=13, nla_type=IFLA_LINKINFO}, [{nla_len=9, nla_type=IFLA_INFO_KIND}, \"veth\"]]"));
  CHECK(sent(NETLINK_ROUTE, link_message().attribute(NLA_F_NESTED | IFLA_LINKINFO, within).bytes()) ==
        link_line(45,
                  ", [{nla_len=13, nla_type=NLA_F_NESTED|IFLA_LINKINFO}, [{nla_len=9, nla_type=IFLA_INFO_KIND}, "
                  "\"veth\"]]"));
}

TEST_CASE("lengths in netlink messages are not believed", "[netlink]") {
  CHECK(sent(NETLINK_ROUTE, Message(RTM_GETLINK, NLM_F_REQUEST).length(8).bytes()) ==
        "{nlmsg_len=8, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}");
  CHECK(sent(NETLINK_ROUTE, link_message().length(4096).bytes()) == link_line(4096, ""));
  // An attribute that claims more than there is, and one that claims less than its header.
  Message longer = link_message().add(nlattr{0xffff, IFLA_MTU}).add(1500u);
  CHECK(sent(NETLINK_ROUTE, longer.bytes()) == link_line(40, ", [{nla_len=65535, nla_type=IFLA_MTU}, 1500]"));
  Message shorter = link_message().add(nlattr{2, IFLA_MTU}).add(1500u);
  CHECK(sent(NETLINK_ROUTE, shorter.bytes()) == link_line(40, ", {nla_len=2, nla_type=IFLA_MTU}"));
  CHECK(sent(NETLINK_ROUTE, link_message().text("12").bytes()) == link_line(34, ", \"\\x31\\x32\""));
  CHECK(sent(NETLINK_ROUTE, link_message().attribute(IFLA_MTU, "123").bytes()) ==
        link_line(39, ", [{nla_len=7, nla_type=IFLA_MTU}, \"\\x31\\x32\\x33\"]"));
}

TEST_CASE("what cannot be read of a netlink message is an address", "[netlink]") {
  const std::string bytes = link_message().attribute(IFLA_MTU, as_text(1500u)).bytes();
  CHECK(sent(NETLINK_ROUTE, bytes, 38) == link_line(40, ", [{nla_len=8, nla_type=IFLA_MTU}, 0x7f0000001024]"));
  CHECK(sent(NETLINK_ROUTE, bytes, 34) == link_line(40, ", 0x7f0000001020"));
  CHECK(sent(NETLINK_ROUTE, bytes, 15) == "0x7f0000001000");
}

TEST_CASE("several netlink messages are a list", "[netlink]") {
  const std::string one = Message(NLMSG_NOOP, NLM_F_MULTI).bytes();
  const std::string shown = "{nlmsg_len=16, nlmsg_type=NLMSG_NOOP, nlmsg_flags=NLM_F_MULTI, nlmsg_seq=7, nlmsg_pid=0}";
  CHECK(sent(NETLINK_USERSOCK, one + one) == "[" + shown + ", " + shown + "]");
  CHECK(sent(NETLINK_ROUTE, one + Message(NLMSG_DONE, NLM_F_MULTI).add(0).bytes()) ==
        "[" + shown +
            ", [{nlmsg_len=20, nlmsg_type=NLMSG_DONE, nlmsg_flags=NLM_F_MULTI, nlmsg_seq=7, nlmsg_pid=0}, 0]]");
}

TEST_CASE("errors of netlink hold the message that they are about", "[netlink]") {
  nlmsgerr error{};
  error.error = -13;
  error.msg.nlmsg_len = 16;
  error.msg.nlmsg_type = RTM_GETLINK;
  CHECK(sent(NETLINK_ROUTE, Message(NLMSG_ERROR, 0).add(error).bytes()) ==
        "[{nlmsg_len=36, nlmsg_type=NLMSG_ERROR, nlmsg_flags=0, nlmsg_seq=7, nlmsg_pid=0}, {error=-EACCES, "
        "msg={nlmsg_len=16, nlmsg_type=RTM_GETLINK, nlmsg_flags=0, nlmsg_seq=0, nlmsg_pid=0}}]");
  CHECK(
      sent(
          NETLINK_ROUTE,
          Message(NLMSG_ERROR, NLM_F_CAPPED).add(error).attribute(NLMSGERR_ATTR_MSG, std::string("no\0", 3)).bytes()) ==
      "[{nlmsg_len=43, nlmsg_type=NLMSG_ERROR, nlmsg_flags=NLM_F_CAPPED, nlmsg_seq=7, nlmsg_pid=0}, [{error=-EACCES, "
      "msg={nlmsg_len=16, nlmsg_type=RTM_GETLINK, nlmsg_flags=0, nlmsg_seq=0, nlmsg_pid=0}}, "
      "[{nla_len=7, nla_type=NLMSGERR_ATTR_MSG}, \"no\"]]]");
}

TEST_CASE("errors in errors of netlink end", "[netlink]") {
  std::string bytes;
  for (std::uint32_t left = 20000; left != 0; --left) {
    nlmsghdr header{left * 20, NLMSG_ERROR, 0, 0, 0};
    bytes += as_text(header) + as_text(-1);
  }
  CHECK(sent(NETLINK_ROUTE, bytes).size() < 4096);
}

TEST_CASE("sock_diag's questions and answers differ", "[netlink]") {
  unix_diag_req asked{};
  asked.sdiag_family = AF_UNIX;
  asked.udiag_states = 1u << 1 | 1u << 10;
  asked.udiag_show = UDIAG_SHOW_NAME;
  CHECK(sent(NETLINK_SOCK_DIAG, Message(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST).add(asked).bytes()) ==
        "[{nlmsg_len=40, nlmsg_type=SOCK_DIAG_BY_FAMILY, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}, "
        "{sdiag_family=AF_UNIX, sdiag_protocol=0, udiag_states=1<<TCP_ESTABLISHED|1<<TCP_LISTEN, udiag_ino=0, "
        "udiag_show=UDIAG_SHOW_NAME, udiag_cookie=[0, 0]}]");
  unix_diag_msg found{};
  found.udiag_family = AF_UNIX;
  found.udiag_type = SOCK_STREAM;
  found.udiag_state = 10;
  found.udiag_ino = 42;
  CHECK(sent(NETLINK_SOCK_DIAG, Message(SOCK_DIAG_BY_FAMILY, 0).add(found).attribute(UNIX_DIAG_NAME, "/x").bytes()) ==
        "[{nlmsg_len=38, nlmsg_type=SOCK_DIAG_BY_FAMILY, nlmsg_flags=0, nlmsg_seq=7, nlmsg_pid=0}, "
        "{udiag_family=AF_UNIX, udiag_type=SOCK_STREAM, udiag_state=TCP_LISTEN, udiag_ino=42, udiag_cookie=[0, 0]}, "
        "[{nla_len=6, nla_type=UNIX_DIAG_NAME}, \"/x\"...]]");
}

TEST_CASE("of the options of a socket those are shown that are set", "[netlink]") {
  inet_diag_msg found{};
  found.idiag_family = AF_INET;
  const auto shown = [&](std::uint16_t options, std::vector<std::string> expressions) {
    const ArgumentSets sets = *ArgumentSets::take(expressions);
    const std::string bytes =
        Message(SOCK_DIAG_BY_FAMILY, 0).add(found).attribute(INET_DIAG_SOCKOPT, as_text(options)).bytes();
    DecodedCall call("sendto", {kSocket, kBuffer, bytes.size(), 0, 0, 0});
    const std::string text =
        args_of(call.netlink(kSocket, NETLINK_SOCK_DIAG).sets(sets).put(kBuffer, bytes).leave(0).text()).at(1);
    return text.substr(text.rfind('{'));
  };
  CHECK(shown(0x52, {}) == "{is_icsk=1, mc_loop=1, mc_all=1}]]");
  CHECK(shown(0x1000, {}) == "{unused=0x2 /* bits 3..8 */}]]");
  CHECK(shown(0, {}) == "{}]]");
  CHECK(shown(2, {"abbrev=none"}) ==
        "{recverr=0, is_icsk=1, freebind=0, hdrincl=0, mc_loop=0, transparent=0, mc_all=0, nodefrag=0, "
        "bind_address_no_port=0, recverr_rfc4884=0, defer_connect=0, unused=0 /* bits 3..8 */}]]");
}

TEST_CASE("what sockets sign and filter with", "[netlink]") {
  inet_diag_msg found{};
  found.idiag_family = AF_INET;
  std::array<tcp_diag_md5sig, 2> keys{};
  keys[0].tcpm_family = AF_INET6;
  keys[0].tcpm_keylen = 2;
  keys[0].tcpm_key[0] = 'k';
  keys[1].tcpm_family = AF_INET;
  keys[1].tcpm_addr[0] = 0x0100007f;
  keys[1].tcpm_keylen = 0;
  const auto last = [](const std::string& text) { return text.substr(text.rfind(", [{") + 2); };
  CHECK(last(sent(NETLINK_SOCK_DIAG,
                  Message(SOCK_DIAG_BY_FAMILY, 0).add(found).attribute(INET_DIAG_MD5SIG, as_text(keys)).bytes())) ==
        "[{tcpm_family=AF_INET6, tcpm_prefixlen=0, tcpm_keylen=2, inet_pton(AF_INET6, \"::\", &tcpm_addr), "
        "tcpm_key=\"\\x6b\\x00\"}, {tcpm_family=AF_INET, tcpm_prefixlen=0, tcpm_keylen=0, "
        "tcpm_addr=inet_addr(\"127.0.0.1\"), tcpm_key=\"\"}]]]");

  packet_diag_msg packet{};
  packet.pdiag_family = AF_PACKET;
  const sock_filter accept{6, 0, 0, 42};
  CHECK(
      last(sent(NETLINK_SOCK_DIAG,
                Message(SOCK_DIAG_BY_FAMILY, 0).add(packet).attribute(PACKET_DIAG_FILTER, as_text(accept)).bytes())) ==
      "[{nla_len=12, nla_type=PACKET_DIAG_FILTER}, [BPF_STMT(BPF_RET|BPF_K, 0x2a)]]]");
}

TEST_CASE("under -X numbers are shown in netlink messages", "[netlink]") {
  const std::string bytes = link_message().attribute(IFLA_EXT_MASK, as_text(1u)).bytes();
  CHECK(sent(NETLINK_ROUTE, bytes, SIZE_MAX, ConstantStyle::raw) ==
        "[{nlmsg_len=40, nlmsg_type=0x12, nlmsg_flags=0x1, nlmsg_seq=7, nlmsg_pid=0}, {ifi_family=0, ifi_type=0, "
        "ifi_index=0, ifi_flags=0, ifi_change=0}, [{nla_len=8, nla_type=0x1d}, 0x1]]");
}

TEST_CASE("under -X numbers are shown of types without names once", "[netlink]") {
  const auto shown = [](std::uint16_t type) {
    const std::string line =
        sent(NETLINK_ROUTE, link_message().attribute(type, "1234").bytes(), SIZE_MAX, ConstantStyle::verbose);
    return line.substr(line.find("nla_len"));
  };
  CHECK(shown(0xbad) == "nla_len=8, nla_type=0xbad /* IFLA_??? */}, \"\\x31\\x32\\x33\\x34\"]]");
  CHECK(shown(NLA_F_NESTED | IFLA_MTU) == "nla_len=8, nla_type=0x8004 /* NLA_F_NESTED|IFLA_MTU */}, 875770417]]");
}

TEST_CASE("what lies behind a bridge's VLAN is shown", "[netlink]") {
  Message message(RTM_GETLINK, NLM_F_REQUEST);
  ifinfomsg head{};
  head.ifi_family = AF_BRIDGE;
  const auto shown = [&](const std::string& vlan) {
    const std::string list = Message(0, 0).attribute(IFLA_BRIDGE_VLAN_INFO, vlan).bytes().substr(16);
    const std::string line = sent(NETLINK_ROUTE, Message(message).add(head).attribute(IFLA_AF_SPEC, list).bytes());
    return line.substr(line.find("{flags"));
  };
  const std::string vlan = as_text(bridge_vlan_info{BRIDGE_VLAN_INFO_MASTER, 7});
  CHECK(shown(vlan) == "{flags=BRIDGE_VLAN_INFO_MASTER, vid=7}]]]");
  CHECK(shown(vlan + "~") == R"({flags=BRIDGE_VLAN_INFO_MASTER, vid=7}, "\x7e"]]])");
}

TEST_CASE("places of arrays have names", "[netlink]") {
  const std::string settings = Message(0, 0).attribute(1, as_text(5)).bytes().substr(16);
  const std::string families = Message(0, 0).attribute(AF_INET, settings).bytes().substr(16);
  CHECK(sent(NETLINK_ROUTE, link_message().attribute(IFLA_AF_SPEC, families).bytes()) ==
        link_line(48,
                  ", [{nla_len=16, nla_type=IFLA_AF_SPEC}, [{nla_len=12, nla_type=AF_INET}, "
                  "[{nla_len=8, nla_type=IFLA_INET_CONF}, [[IPV4_DEVCONF_FORWARDING-1]=5]]]]"));
}

TEST_CASE("sock_diag's facts of SMC sockets", "[netlink]") {
  smc_diag_msg found{};
  found.diag_family = AF_SMC;
  const auto shown = [&](std::uint16_t type, const std::string& facts) {
    const std::string line =
        sent(NETLINK_SOCK_DIAG, Message(SOCK_DIAG_BY_FAMILY, 0).add(found).attribute(type, facts).bytes());
    return line.substr(line.rfind("{nla_len"));
  };
  smc_diag_conninfo connection{};
  connection.token = 1;
  connection.tx_fin = {2, 3, 4};
  connection.tx_prod_flags = 0xff;
  const std::string none = "{reserved=0, wrap=0, count=0}";
  CHECK(shown(SMC_DIAG_CONNINFO, as_text(connection)) ==
        fmt::format("{{nla_len=80, nla_type=SMC_DIAG_CONNINFO}}, {{token=1, sndbuf_size=0, rmbe_size=0, "
                    "peer_rmbe_size=0, rx_prod={0}, rx_cons={0}, tx_prod={0}, tx_cons={0}, rx_prod_flags=0, "
                    "rx_conn_state_flags=0, tx_prod_flags=0xff, tx_conn_state_flags=0, tx_prep={0}, tx_sent={0}, "
                    "tx_fin={{reserved=2, wrap=3, count=4}}}}]]",
                    none));
  smc_diag_lgrinfo group{};
  std::memcpy(group.lnk[0].ibname, "mlx5", 4);
  std::memcpy(group.lnk[0].gid, "fe80::1", 7);
  group.lnk[0].ibport = 2;
  group.role = 1;
  CHECK(shown(SMC_DIAG_LGRINFO, as_text(group)) ==
        "{nla_len=151, nla_type=SMC_DIAG_LGRINFO}, {lnk=[{link_id=0, ibname=\"mlx5\", ibport=2, gid=\"fe80::1\", "
        "peer_gid=\"\"}], role=SMC_SERV}]]");
  const std::array<std::uint64_t, 7> buffer = {1, 2, 3, 4, 5, 6, 7};
  CHECK(shown(SMC_DIAG_DMBINFO, as_text(buffer).substr(0, 40)) ==
        "{nla_len=44, nla_type=SMC_DIAG_DMBINFO}, {linkid=1, peer_gid=0x2, my_gid=0x3, token=0x4, peer_token=0x5}]]");
  CHECK(shown(SMC_DIAG_DMBINFO, as_text(buffer)) ==
        "{nla_len=60, nla_type=SMC_DIAG_DMBINFO}, {linkid=1, peer_gid=0x2, my_gid=0x3, token=0x4, peer_token=0x5, "
        "peer_gid_ext=0x6, my_gid_ext=0x7}]]");
  CHECK(shown(SMC_DIAG_FALLBACK, as_text(smc_diag_fallback{0x3060000, 0})) ==
        "{nla_len=12, nla_type=SMC_DIAG_FALLBACK}, {reason=0x3060000 /* SMC_CLC_DECL_OPTUNSUPP */, "
        "peer_diagnosis=0 /* SMC_CLC_DECL_??? */}]]");
}

TEST_CASE("what is received is as long as the result", "[netlink]") {
  const std::string bytes = link_message().attribute(IFLA_MTU, as_text(1500u)).bytes();
  DecodedCall call("recvfrom", {kSocket, kBuffer, 4096, 0, 0, 0});
  call.netlink(kSocket, NETLINK_ROUTE).enter();
  for (std::size_t i = 0; i < bytes.size(); ++i) call.put(kBuffer + i, bytes[i]);
  CHECK(args_of(call.leave(40).text()).at(1) == link_line(40, ", [{nla_len=8, nla_type=IFLA_MTU}, 1500]"));
}

}  // namespace vdsotrace::testing
