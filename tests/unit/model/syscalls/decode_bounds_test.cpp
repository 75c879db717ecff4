// A length that a result or an output gives may be more than the program has room for: what lies behind is not shown.
#include <array>
#include <string>

#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kBuffer = 0x7f0000001000;
constexpr std::uint64_t kName = 0x7f0000002000;
constexpr std::uint64_t kLength = 0x7f0000003000;
constexpr std::uint64_t kHeader = 0x7f0000004000;
constexpr std::uint64_t kIovec = 0x7f0000005000;
constexpr std::uint64_t kText = 0x7f0000006000;

/// What the program has in its buffer and behind.
constexpr const char* kSecret = "01234567890123456789secret";

/// The line of a call whose arguments fill the buffer and say that there was more.
std::string line_with_secret(std::string_view name, std::vector<std::uint64_t> args, std::int64_t result) {
  return DecodedCall(name, std::move(args)).put(kBuffer, kSecret).put(kText, "name").leave(result).line();
}

TEST_CASE("a result that is larger than the buffer shows the buffer alone", "[bounds]") {
  CHECK(line_with_secret("recvfrom", {4, kBuffer, 4, MSG_TRUNC, 0, 0}, 10) ==
        "recvfrom(4, \"0123\", 4, MSG_TRUNC, NULL, NULL) = 10");
  CHECK(line_with_secret("read", {4, kBuffer, 4}, 10) == "read(4, \"0123\", 4) = 10");
  CHECK(line_with_secret("pread64", {4, kBuffer, 4, 0}, 10) == "pread64(4, \"0123\", 4, 0) = 10");
  CHECK(line_with_secret("mq_timedreceive", {4, kBuffer, 4, 0, 0}, 10) ==
        "mq_timedreceive(4, \"0123\", 4, NULL, NULL) = 10");
  CHECK(line_with_secret("readlink", {kText, kBuffer, 4}, 10) == "readlink(\"name\", \"0123\", 4) = 10");
  CHECK(line_with_secret("getxattr", {kText, kText, kBuffer, 4}, 10) ==
        "getxattr(\"name\", \"name\", \"0123\", 4) = 10");
  CHECK(line_with_secret("listxattr", {kText, kBuffer, 4}, 10) == "listxattr(\"name\", \"0123\", 4) = 10");
  CHECK(line_with_secret("getrandom", {kBuffer, 2, 0}, 10) == "getrandom(\"\\x30\\x31\", 2, 0) = 10");
  CHECK(line_with_secret("syslog", {3, kBuffer, 4}, 10) == "syslog(3 /* SYSLOG_ACTION_READ_ALL */, \"0123\", 4) = 10");
}

TEST_CASE("who asks for a size alone has filled nothing", "[bounds]") {
  CHECK(line_with_secret("getxattr", {kText, kText, kBuffer, 0}, 5) == "getxattr(\"name\", \"name\", \"\", 0) = 5");
  CHECK(line_with_secret("listxattr", {kText, kBuffer, 0}, 5) == "listxattr(\"name\", 0x7f0000001000, 0) = 5");
  CHECK(line_with_secret("getgroups", {0, kBuffer}, 5) == "getgroups(0, []) = 5");
}

TEST_CASE("a result that counts more elements than there is room for", "[bounds]") {
  DecodedCall groups("getgroups", {2, kBuffer});
  groups.put(kBuffer, std::array{7, 8, 9});
  CHECK(groups.leave(3).line() == "getgroups(2, [7, 8]) = 3");

  DecodedCall events("epoll_wait", {4, kBuffer, 1, 0});
  events.put(kBuffer, std::array<epoll_event, 2>{});
  CHECK(events.leave(2).line() == "epoll_wait(4, [{events=0, data={u32=0, u64=0}}], 1, 0) = 2");

  DecodedCall entries("getdents64", {4, kBuffer, 24});
  std::array<char, 72> directory{};
  for (std::size_t at = 16; at < directory.size(); at += 24) directory[at] = 24;
  entries.put(kBuffer, directory);
  CHECK(entries.leave(72).line() == "getdents64(4, 0x7f0000001000 /* 1 entries */, 24) = 72");

  DecodedCall affinity("sched_getaffinity", {0, 1, kBuffer});
  affinity.put(kBuffer, std::array<std::uint8_t, 8>{3, 3});
  CHECK(affinity.leave(8).line() == "sched_getaffinity(0, 1, [0 1]) = 8");

  DecodedCall asynchronous("io_getevents", {1, 1, 1, kBuffer, 0});
  asynchronous.put(kBuffer, std::array<std::uint64_t, 8>{});
  CHECK(asynchronous.leave(2).line() == "io_getevents(0x1, 1, 1, [{data=0, obj=NULL, res=0, res2=0}], NULL) = 2");
}

TEST_CASE("a socket option's length is bounded by what was asked for", "[bounds]") {
  DecodedCall call("getsockopt", {4, SOL_SOCKET, 31, kBuffer, kLength});
  call.put(kLength, std::int32_t{4}).enter();
  call.put(kLength, std::int32_t{20}).put(kBuffer, kSecret);
  CHECK(call.leave(0).line() == "getsockopt(4, SOL_SOCKET, SO_PEERSEC, [858927408], [4 => 20]) = 0");
}

/// A datagram from a socket whose name takes 8 bytes; the program gave room for `namelen`.
void put_message(DecodedCall& call, std::uint64_t at, socklen_t namelen, bool with_result) {
  mmsghdr message{};
  message.msg_hdr.msg_name = reinterpret_cast<void*>(kName);
  message.msg_hdr.msg_namelen = with_result ? 8 : namelen;
  message.msg_hdr.msg_iov = reinterpret_cast<iovec*>(kIovec);
  message.msg_hdr.msg_iovlen = 1;
  message.msg_len = with_result ? 10 : 0;
  call.put(at, message);
}

TEST_CASE("recvmmsg shows no more of an address than there was room for", "[bounds]") {
  DecodedCall call("recvmmsg", {4, kHeader, 2, MSG_TRUNC, 0});
  call.put(kIovec, iovec{reinterpret_cast<void*>(kBuffer), 4}).put(kBuffer, kSecret);
  put_message(call, kHeader, 0, false);
  put_message(call, kHeader + sizeof(mmsghdr), 6, false);
  call.enter();
  put_message(call, kHeader, 0, true);
  put_message(call, kHeader + sizeof(mmsghdr), 6, true);
  call.put(kName, sockaddr_un{AF_UNIX, "abcdefgh"});
  const std::string rest =
      ", msg_iov=[{iov_base=\"0123\", iov_len=4}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=10}";
  CHECK(call.leave(2).line() == "recvmmsg(4, [{msg_hdr={msg_name=0x7f0000002000, msg_namelen=0 => 8" + rest +
                                    ", {msg_hdr={msg_name={sa_family=AF_UNIX, sun_path=\"abcd\"}, msg_namelen=6 => 8" +
                                    rest + "], 2, MSG_TRUNC, NULL) = 2");
}

TEST_CASE("interfaces are listed as far as there is room", "[bounds]") {
  DecodedCall call("ioctl", {4, SIOCGIFCONF, kHeader});
  ifconf list{};
  list.ifc_len = sizeof(ifreq);
  list.ifc_buf = reinterpret_cast<char*>(kBuffer);
  call.put(kHeader, list).enter();
  list.ifc_len = 2 * sizeof(ifreq);
  call.put(kHeader, list).put(kBuffer, std::array<ifreq, 2>{});
  const std::string line = call.leave(0).line();
  CHECK(line.find("ifr_name") != std::string::npos);
  CHECK(line.find("ifr_name") == line.rfind("ifr_name"));
}

}  // namespace
}  // namespace vdsotrace::testing
