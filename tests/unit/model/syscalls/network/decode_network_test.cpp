// Sockets; expected lines are strace 6.1's.
#include <array>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kBuffer = 0x7f0000001000;
constexpr std::uint64_t kAddress = 0x7f0000002000;
constexpr std::uint64_t kLength = 0x7f0000003000;
constexpr std::uint64_t kHeader = 0x7f0000004000;
constexpr std::uint64_t kIovec = 0x7f0000005000;
constexpr std::uint64_t kControl = 0x7f0000006000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <std::size_t kSize>
sockaddr_un local(const char (&path)[kSize]) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy_n(path, kSize, address.sun_path);
  return address;
}

template <class T>
std::string connect_line(const T& address, std::uint64_t length) {
  return DecodedCall("connect", {3, kAddress, length}).put(kAddress, address).leave(0).line();
}

TEST_CASE("a socket's protocol is named by its family", "[network]") {
  CHECK(line_of("socket", {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 6}, 3) ==
        "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3");
  CHECK(line_of("socket", {AF_UNIX, SOCK_DGRAM, 0}, 3) == "socket(AF_UNIX, SOCK_DGRAM, 0) = 3");
  CHECK(line_of("socket", {AF_NETLINK, SOCK_RAW, 15}, 3) == "socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) = 3");
  CHECK(line_of("socket", {AF_PACKET, SOCK_RAW, htons(3)}, 3) == "socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) = 3");
}

TEST_CASE("a socket's type is a name and flags", "[network]") {
  const auto type_text = [](std::uint64_t type) {
    return args_of(DecodedCall("socket", {0, type, 0}).enter().text()).at(1);
  };
  CHECK(type_text(0) == "0");
  CHECK(type_text(7) == "0x7 /* SOCK_??? */");
  CHECK(type_text(0x80800) == "SOCK_CLOEXEC|SOCK_NONBLOCK");
  CHECK(type_text(0x11) == "SOCK_STREAM|0x10 /* SOCK_??? */");
}

TEST_CASE("addresses have the form of their family", "[network]") {
  CHECK(connect_line(loopback(8080), 16) ==
        "connect(3, {sa_family=AF_INET, sin_port=htons(8080), "
        "sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0");
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(80);
  six.sin6_addr = in6addr_loopback;
  CHECK(connect_line(six, 28) ==
        "connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
        "inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=0}, 28) = 0");
  CHECK(connect_line(six, 24) ==
        "connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
        "inet_pton(AF_INET6, \"::1\", &sin6_addr)}, 24) = 0");
  CHECK(connect_line(sockaddr_nl{AF_NETLINK, 0, 5, 0x1234567}, 12) ==
        "connect(3, {sa_family=AF_NETLINK, nl_pid=5, nl_groups=0x1234567}, 12) = 0");
  CHECK(connect_line(sockaddr_nl{AF_NETLINK, 0, 0, 1}, 12) ==
        "connect(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=0x000001}, 12) = 0");
  CHECK(connect_line(sockaddr_nl{AF_NETLINK, 0, 0, 0}, 12) ==
        "connect(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0");
}

TEST_CASE("local addresses are paths, abstract names or nothing", "[network]") {
  CHECK(connect_line(local("/a/b\n\"c"), 110) == "connect(3, {sa_family=AF_UNIX, sun_path=\"/a/b\\n\\\"c\"}, 110) = 0");
  CHECK(connect_line(local("/run/x"), 5) == "connect(3, {sa_family=AF_UNIX, sun_path=\"/ru\"}, 5) = 0");
  CHECK(connect_line(local("\0abs"), 6) == "connect(3, {sa_family=AF_UNIX, sun_path=@\"abs\"}, 6) = 0");
  CHECK(connect_line(local("\0"), 3) == "connect(3, {sa_family=AF_UNIX, sun_path=@\"\"}, 3) = 0");
  CHECK(connect_line(local(""), 2) == "connect(3, {sa_family=AF_UNIX}, 2) = 0");
}

TEST_CASE("an address that is too short or of no known family shows its bytes", "[network]") {
  CHECK(connect_line(loopback(0x4142), 6) == "connect(3, {sa_family=AF_INET, sa_data=\"AB\\177\\0\"}, 6) = 0");
  sockaddr odd{};
  odd.sa_family = 99;
  CHECK(connect_line(odd, 4) == "connect(3, {sa_family=0x63 /* AF_??? */, sa_data=\"\\0\\0\"}, 4) = 0");
  CHECK(connect_line(odd, 1) == "connect(3, 0x7f0000002000, 1) = 0");
  CHECK(connect_line(odd, 0xffffffff) == "connect(3, 0x7f0000002000, -1) = 0");
  CHECK(line_of("connect", {3, 0, 5}, -9) == "connect(3, NULL, 5) = -1 EBADF (Bad file descriptor)");
}

TEST_CASE("an address that comes back has a length before and after", "[network]") {
  DecodedCall call("accept4", {3, kAddress, kLength, SOCK_CLOEXEC});
  call.put(kLength, 128).enter();
  CHECK(args_of(call.beginning()) == std::vector<std::string>{"3"});
  CHECK(call.put(kLength, 16).put(kAddress, loopback(9)).leave(5).line() ==
        "accept4(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr(\"127.0.0.1\")}, "
        "[128 => 16], SOCK_CLOEXEC) = 5");

  DecodedCall same("getsockname", {3, kAddress, kLength});
  CHECK(same.put(kLength, 16).put(kAddress, loopback(9)).leave(0).line() ==
        "getsockname(3, {sa_family=AF_INET, sin_port=htons(9), "
        "sin_addr=inet_addr(\"127.0.0.1\")}, [16]) = 0");
  CHECK(DecodedCall("getpeername", {3, kAddress, kLength}).put(kLength, 16).leave(-107).line() ==
        "getpeername(3, 0x7f0000002000, [16]) = -1 ENOTCONN (Transport endpoint is not connected)");
}

TEST_CASE("an address that nobody wants is known at entry", "[network]") {
  DecodedCall call("accept", {3, 0, 0});
  CHECK(args_of(call.enter().beginning()) == std::vector<std::string>{"3", "NULL", "NULL"});
  CHECK(call.leave(4).line() == "accept(3, NULL, NULL) = 4");
}

TEST_CASE("sendto and recvfrom", "[network]") {
  DecodedCall send("sendto", {4, kBuffer, 8, MSG_NOSIGNAL, 0, 0});
  CHECK(send.put(kBuffer, std::array<char, 8>{'h', 'e', 'l', 'l', 'o', '\n', 1, 2}).leave(8).line() ==
        "sendto(4, \"hello\\n\\1\\2\", 8, MSG_NOSIGNAL, NULL, 0) = 8");
  DecodedCall receive("recvfrom", {4, kBuffer, 100, MSG_OOB | MSG_DONTWAIT, 0, 0});
  CHECK(args_of(receive.enter().beginning()) == std::vector<std::string>{"4"});
  CHECK(receive.put(kBuffer, "data").leave(4).line() ==
        "recvfrom(4, \"data\", 100, MSG_OOB|MSG_DONTWAIT, NULL, NULL) = 4");
  CHECK(line_of("recvfrom", {4, kBuffer, 3, 0, kAddress, 0}, -11) ==
        "recvfrom(4, 0x7f0000001000, 3, 0, 0x7f0000002000, NULL) = "
        "-1 EAGAIN (Resource temporarily unavailable)");
}

/// A message with one buffer of `size` bytes.
msghdr message_of(DecodedCall& call, std::size_t size) {
  call.put(kIovec, iovec{reinterpret_cast<void*>(kBuffer), size});
  msghdr message{};
  message.msg_iov = reinterpret_cast<iovec*>(kIovec);
  message.msg_iovlen = 1;
  return message;
}

TEST_CASE("descriptors and credentials travel as control messages", "[network]") {
  struct Header {
    std::uint64_t length;
    std::int32_t level, type;
  };
  struct Control {
    Header first;
    std::array<std::uint32_t, 3> credentials;
    std::uint32_t padding;
    Header second;
    std::array<std::int32_t, 2> descriptors;
  };
  const Control control{{sizeof(Header) + 12, SOL_SOCKET, 2},
                        {7, 0, 0xffffffff},
                        0,
                        {sizeof(Header) + 8, SOL_SOCKET, SCM_RIGHTS},
                        {11, 1}};
  DecodedCall call("sendmsg", {8, kHeader, 0});
  msghdr message = message_of(call, 1);
  message.msg_control = reinterpret_cast<void*>(kControl);
  message.msg_controllen = sizeof control;
  call.put(kBuffer, "x").put(kControl, control).put(kHeader, message);
  CHECK(call.leave(1).line() ==
        "sendmsg(8, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"x\", iov_len=1}], "
        "msg_iovlen=1, msg_control=[{cmsg_len=28, cmsg_level=SOL_SOCKET, "
        "cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=7, uid=0, gid=-1}}, {cmsg_len=24, "
        "cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[11, 1]}], msg_controllen=56, "
        "msg_flags=0}, 0) = 1");
}

TEST_CASE("a control message that lies about its length ends the list", "[network]") {
  const auto control_text = [](std::uint64_t cmsg_len, std::size_t length) {
    DecodedCall call("sendmsg", {8, kHeader, 0});
    msghdr message = message_of(call, 0);
    message.msg_control = reinterpret_cast<void*>(kControl);
    message.msg_controllen = length;
    call.put(kControl, std::array<std::uint64_t, 8>{cmsg_len, 1 | (1ull << 32)});
    const std::string text = args_of(call.put(kHeader, message).enter().text()).at(1);
    const auto begin = text.find("msg_control=");
    return text.substr(begin, text.find(", msg_controllen") - begin);
  };
  CHECK(control_text(5, 40) ==
        "msg_control=[{cmsg_len=5, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS}, "
        "... /* 0x7f0000006010 */]");
  CHECK(control_text(UINT64_MAX, 20) ==
        "msg_control=[{cmsg_len=18446744073709551615, cmsg_level=SOL_SOCKET, "
        "cmsg_type=SCM_RIGHTS, cmsg_data=[0]}]");
  CHECK(control_text(20, 10) == "msg_control=0x7f0000006000");
}

TEST_CASE("a received message shows only what was received", "[network]") {
  DecodedCall call("recvmsg", {9, kHeader, 0});
  msghdr message = message_of(call, 100);
  message.msg_name = reinterpret_cast<void*>(kAddress);
  message.msg_namelen = 110;
  call.put(kHeader, message).enter();
  CHECK(args_of(call.beginning()) == std::vector<std::string>{"9"});
  message.msg_namelen = 6;
  message.msg_flags = MSG_CTRUNC;
  call.put(kHeader, message).put(kBuffer, "hello").put(kAddress, local("\0abs")).leave(5);
  CHECK(call.line() ==
        "recvmsg(9, {msg_name={sa_family=AF_UNIX, sun_path=@\"abs\"}, msg_namelen=110 => 6, "
        "msg_iov=[{iov_base=\"hello\", iov_len=100}], msg_iovlen=1, msg_controllen=0, "
        "msg_flags=MSG_CTRUNC}, 0) = 5");

  DecodedCall failed("recvmsg", {9, kHeader, MSG_DONTWAIT});
  CHECK(failed.put(kHeader, message).leave(-11).line() ==
        "recvmsg(9, {msg_namelen=6}, MSG_DONTWAIT) = -1 EAGAIN (Resource temporarily unavailable)");
}

TEST_CASE("several messages have their lengths once they are sent", "[network]") {
  DecodedCall call("sendmmsg", {3, kHeader, 1, 0});
  mmsghdr message{message_of(call, 4), 0};
  call.put(kBuffer, "abcd").put(kHeader, message).enter();
  message.msg_len = 4;
  call.put(kHeader, message);
  const std::string header =
      "{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"abcd\", iov_len=4}], "
      "msg_iovlen=1, msg_controllen=0, msg_flags=0}";
  DecodedCall failing = call;
  CHECK(call.leave(1).line() == "sendmmsg(3, [" + header + ", msg_len=4}], 1, 0) = 1");
  CHECK(failing.leave(-9).line() == "sendmmsg(3, [" + header + "}], 1, 0) = -1 EBADF (Bad file descriptor)");
}

TEST_CASE("recvmmsg shows how much of its time is left", "[network]") {
  constexpr std::uint64_t kTime = 0x7f0000007000;
  DecodedCall call("recvmmsg", {4, kHeader, 0, 0, kTime});
  call.put(kTime, timespec{5, 0}).enter();
  DecodedCall late = call;
  mmsghdr message{message_of(call, 1), 1};
  call.put(kHeader, message).put(kBuffer, "x").put(kTime, timespec{4, 7}).leave(1);
  CHECK(args_of(call.text()).at(4) == "{tv_sec=5, tv_nsec=0}");
  CHECK(call.text().result() == "1 (left {tv_sec=4, tv_nsec=7})");
  CHECK(late.leave(0).line() == "recvmmsg(4, [], 0, 0, {tv_sec=5, tv_nsec=0}) = 0 (Timeout)");
}

TEST_CASE("options are named by their level", "[network]") {
  DecodedCall set("setsockopt", {3, SOL_SOCKET, SO_REUSEADDR, kBuffer, 4});
  CHECK(set.put(kBuffer, 1).leave(0).line() == "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0");
  DecodedCall rehash("setsockopt", {3, SOL_SOCKET, 74, kBuffer, 5});
  CHECK(rehash.put(kBuffer, 1).leave(-95).line() ==
        "setsockopt(3, SOL_SOCKET, SO_TXREHASH, [SOCK_TXREHASH_ENABLED], 5) = -1 EOPNOTSUPP (Operation not supported)");
  DecodedCall part("getsockopt", {3, SOL_SOCKET, 74, kBuffer, kLength});
  CHECK(part.put(kBuffer, 1).put(kLength, 3).leave(0).line() ==
        "getsockopt(3, SOL_SOCKET, SO_TXREHASH, \"\\x01\\x00\\x00\", [3]) = 0");
  DecodedCall half("setsockopt", {3, SOL_SOCKET, SO_LINGER, kBuffer, 4});
  CHECK(half.put(kBuffer, std::array{1, 5}).leave(-22).line() ==
        fmt::format("setsockopt(3, SOL_SOCKET, SO_LINGER, {:#x}, 4) = -1 EINVAL (Invalid argument)", kBuffer));
  DecodedCall linger("setsockopt", {3, SOL_SOCKET, SO_LINGER, kBuffer, 8});
  CHECK(linger.put(kBuffer, std::array{1, 5}).leave(0).line() ==
        "setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}, 8) = 0");
  DecodedCall text("setsockopt", {3, 6, 13, kBuffer, 5});
  CHECK(text.put(kBuffer, "cubic").leave(0).line() == "setsockopt(3, SOL_TCP, TCP_CONGESTION, \"cubic\", 5) = 0");
  DecodedCall member("setsockopt", {3, 0, 35, kBuffer, 8});
  CHECK(member.put(kBuffer, std::array{htonl(0xe0000001), 0u}).leave(0).line() ==
        "setsockopt(3, SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=inet_addr(\"224.0.0.1\"), "
        "imr_interface=inet_addr(\"0.0.0.0\")}, 8) = 0");
  CHECK(line_of("setsockopt", {3, 99, 98, 0, 4}, -92) ==
        "setsockopt(3, 0x63 /* SOL_?? */, 98, NULL, 4) = -1 ENOPROTOOPT (Protocol not available)");
}

TEST_CASE("options that come back", "[network]") {
  const auto got = [](std::uint64_t option, int asked, int size, const auto& value) {
    DecodedCall call("getsockopt", {3, SOL_SOCKET, option, kBuffer, kLength});
    call.put(kLength, asked).enter();
    return call.put(kBuffer, value).put(kLength, size).leave(0).line();
  };
  CHECK(got(SO_SNDBUF, 8, 4, 16384) == "getsockopt(3, SOL_SOCKET, SO_SNDBUF, [16384], [8 => 4]) = 0");
  CHECK(got(SO_SNDBUF, 2, 2, 16384) == "getsockopt(3, SOL_SOCKET, SO_SNDBUF, \"\\x00\\x40\", [2]) = 0");
  CHECK(got(SO_ERROR, 4, 4, 111) == "getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0");
  CHECK(got(SO_LINGER, 4, 4, 1) == "getsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1}, [4]) = 0");
  CHECK(got(SO_LINGER, 7, 7, std::array{1, 5}) ==
        R"(getsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger="\x05\x00\x00"}, [7]) = 0)");
  CHECK(got(SO_ERROR, 1, 1, 111) == R"(getsockopt(3, SOL_SOCKET, SO_ERROR, "\x6f", [1]) = 0)");
  CHECK(got(SO_PEERCRED, 3, 3, 0x10203) == R"(getsockopt(3, SOL_SOCKET, SO_PEERCRED, {pid="\x03\x02\x01"}, [3]) = 0)");
  CHECK(got(SO_PEERCRED, 8, 8, std::array{9, 1, 0}) ==
        "getsockopt(3, SOL_SOCKET, SO_PEERCRED, {pid=9, uid=1}, [8]) = 0");
  CHECK(got(SO_PEERCRED, 12, 12, std::array{9, -1, 0}) ==
        "getsockopt(3, SOL_SOCKET, SO_PEERCRED, {pid=9, uid=-1, gid=0}, [12]) = 0");
  CHECK(got(57, 8, 8, std::uint64_t{1}) ==
        "getsockopt(3, SOL_SOCKET, SO_COOKIE, \"\\1\\0\\0\\0\\0\\0\\0\\0\", [8]) = 0");
  DecodedCall failed("getsockopt", {3, SOL_SOCKET, SO_TYPE, kBuffer, kLength});
  CHECK(failed.put(kLength, -3).leave(-22).line() ==
        "getsockopt(3, SOL_SOCKET, SO_TYPE, 0x7f0000001000, [-3]) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("control messages of errors and cut times", "[network]") {
  struct Message {
    std::uint64_t length;
    std::int32_t level, type;
    std::array<std::uint32_t, 8> data;
  };
  const auto shown = [](const Message& message) {
    msghdr header{};
    header.msg_control = reinterpret_cast<void*>(kBuffer);
    header.msg_controllen = message.length;
    DecodedCall call("sendmsg", {3, kBuffer + 0x800, 0});
    const std::string line = call.put(kBuffer + 0x800, header).put(kBuffer, message).leave(-9).line();
    const std::size_t start = line.find("msg_control=[") + 13;
    return line.substr(start, line.find("], msg_controllen") - start);
  };
  CHECK(shown({48, SOL_IP, IP_RECVERR, {1, 0x040302, 5, 6, 0x0500'0002, 0x0100007f}}) ==
        "{cmsg_len=48, cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=1, ee_origin=2, ee_type=3, "
        R"(ee_code=4, ee_info=5, ee_data=6, offender={sa_family=AF_INET, sin_port=htons(5), )"
        R"(sin_addr=inet_addr("127.0.0.1")}}})");
  CHECK(shown({24, SOL_SOCKET, 29, {1, 2}}) ==
        "{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SO_TIMESTAMP_OLD, cmsg_data=???}");
}

TEST_CASE("options of packet sockets and raw ones", "[network]") {
  const auto set = [](std::uint64_t level, std::uint64_t option, std::uint64_t size, const auto& value,
                      ConstantStyle style = ConstantStyle::abbrev) {
    DecodedCall call("setsockopt", {3, level, option, kBuffer, size});
    return args_of(call.constants(style).put(kBuffer, value).leave(-9).text()).at(3);
  };
  constexpr std::uint64_t kPacket = 263, kRaw = 255;
  const std::array<std::uint8_t, 16> membership{0, 0, 0, 0, 1, 0, 2, 0, 0xaa, 0xbb, 1, 2, 3, 4, 5, 6};
  CHECK(set(kPacket, 1, 16, membership) == "{mr_ifindex=0, mr_type=PACKET_MR_PROMISC, mr_alen=2, mr_address=aa:bb}");
  CHECK(set(kPacket, 1, 16, membership, ConstantStyle::raw) ==
        "{mr_ifindex=0, mr_type=0x1, mr_alen=2, mr_address=\"\\xaa\\xbb\"}");
  CHECK(set(kPacket, 1, 17, membership) == "0x7f0000001000");
  CHECK(set(kPacket, 5, 16, std::array<std::uint32_t, 4>{1, 2, 3, UINT32_MAX}) ==
        "{tp_block_size=1, tp_block_nr=2, tp_frame_size=3, tp_frame_nr=4294967295}");
  CHECK(set(kRaw, 1, 4, std::uint32_t{0x109}) == "[ICMP_ECHOREPLY ICMP_DEST_UNREACH ICMP_ECHO]");
  CHECK(set(kRaw, 1, 8, ~std::uint32_t{0x109}) == "~[ICMP_ECHOREPLY ICMP_DEST_UNREACH ICMP_ECHO]");
  CHECK(set(kRaw, 1, 3, std::uint32_t{1}) == "0x7f0000001000");
}

TEST_CASE("statistics of a packet socket are as many as there is room for", "[network]") {
  const auto got = [](std::uint32_t size) {
    DecodedCall call("getsockopt", {3, 263, 6, kBuffer, kBuffer + 64});
    call.put(kBuffer + 64, size).enter();
    return args_of(call.put(kBuffer, std::array<std::uint32_t, 3>{1, UINT32_MAX, 3}).leave(0).text()).at(3);
  };
  CHECK(got(12) == "{tp_packets=1, tp_drops=4294967295, tp_freeze_q_cnt=3}");
  CHECK(got(7) == "{tp_packets=1, tp_drops=\"\\xff\\xff\\xff\"}");
  CHECK(got(0) == "0x7f0000001000");
}

TEST_CASE("a group that a socket joins", "[network]") {
  struct Request {
    std::uint32_t interface, padding;
    std::array<std::uint16_t, 64> address;
  };
  DecodedCall call("setsockopt", {3, SOL_IP, 42, kBuffer, sizeof(Request)});
  CHECK(call.put(kBuffer, Request{0, 0, {AF_INET, 0x0100, 0x00e0, 0x0300}}).leave(0).line() ==
        "setsockopt(3, SOL_IP, MCAST_JOIN_GROUP, {gr_interface=0, gr_group={sa_family=AF_INET, sin_port=htons(1), "
        "sin_addr=inet_addr(\"224.0.0.3\")}}, 136) = 0");
}

}  // namespace
}  // namespace vdsotrace::testing
