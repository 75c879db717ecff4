#include "os/proc/socket_facts.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/object_at.hpp"
#include "base/unique_fd.hpp"

namespace vdsotrace {
namespace {

using Bytes = std::span<const std::byte>;
/// Fills in the facts if the message is about the socket. Whether it was.
template <class Facts>
using Read = bool (*)(Bytes message, std::uint64_t inode, Facts& facts);

std::string address_text(int family, const void* address, std::uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text;
  if (::inet_ntop(family, address, text.data(), text.size()) == nullptr) return {};
  return family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), port) : fmt::format("{}:{}", text.data(), port);
}

bool is_set(const __be32 (&address)[4], int family) {
  const std::size_t words = family == AF_INET6 ? 4 : 1;
  return std::any_of(address, address + words, [](__be32 word) { return word != 0; });
}

bool read_internet(Bytes message, std::uint64_t inode, SocketFacts& facts) {
  const auto reply = object_at<inet_diag_msg>(message);
  if (!reply || reply->idiag_inode != inode) return false;
  const int family = reply->idiag_family;
  if (family != AF_INET && family != AF_INET6) return false;
  facts.local = address_text(family, reply->id.idiag_src, ntohs(reply->id.idiag_sport));
  if (reply->id.idiag_dport != 0 || is_set(reply->id.idiag_dst, family))
    facts.remote = address_text(family, reply->id.idiag_dst, ntohs(reply->id.idiag_dport));
  return true;
}

bool read_unix(Bytes message, std::uint64_t inode, SocketFacts& facts) {
  const auto reply = object_at<unix_diag_msg>(message);
  if (!reply || reply->udiag_ino != inode) return false;
  for (Bytes rest = message.subspan(NLMSG_ALIGN(sizeof *reply)); const auto head = object_at<rtattr>(rest);) {
    if (head->rta_len < sizeof *head || head->rta_len > rest.size()) break;
    const Bytes value = rest.subspan(RTA_LENGTH(0), head->rta_len - RTA_LENGTH(0));
    if (head->rta_type == UNIX_DIAG_NAME)
      facts.bound_path.assign(reinterpret_cast<const char*>(value.data()), value.size());
    if (head->rta_type == UNIX_DIAG_PEER) facts.peer = object_at<std::uint32_t>(value).value_or(0);
    rest = rest.subspan(std::min<std::size_t>(RTA_ALIGN(head->rta_len), rest.size()));
  }
  // A path ends at its NUL; an abstract name is all of its bytes.
  if (!facts.bound_path.starts_with('\0'))
    facts.bound_path.resize(std::min(facts.bound_path.find('\0'), facts.bound_path.size()));
  return true;
}

/// The names of the protocols, by their numbers (linux/netlink.h).
constexpr std::string_view kNetlinkNames[] = {
    "ROUTE",   "UNUSED", "USERSOCK",      "FIREWALL",  "SOCK_DIAG", "NFLOG",  "XFRM",    "SELINUX",
    "ISCSI",   "AUDIT",  "FIB_LOOKUP",    "CONNECTOR", "NETFILTER", "IP6_FW", "DNRTMSG", "KOBJECT_UEVENT",
    "GENERIC", "",       "SCSITRANSPORT", "ECRYPTFS",  "RDMA",      "CRYPTO", "SMC"};

bool read_netlink(Bytes message, std::uint64_t inode, SocketFacts& facts) {
  const auto reply = object_at<netlink_diag_msg>(message);
  if (!reply || reply->ndiag_ino != inode) return false;
  const std::string_view name = reply->ndiag_protocol < std::size(kNetlinkNames) ? kNetlinkNames[reply->ndiag_protocol]
                                                                                 : "";
  const std::string protocol = name.empty() ? std::to_string(reply->ndiag_protocol) : std::string(name);
  facts.local = fmt::format("{}:{}", protocol, reply->ndiag_portid);
  return true;
}

bool read_netlink_protocol(Bytes message, std::uint64_t inode, std::optional<std::uint16_t>& protocol) {
  const auto reply = object_at<netlink_diag_msg>(message);
  if (!reply || reply->ndiag_ino != inode) return false;
  protocol = reply->ndiag_protocol;
  return true;
}

UniqueFd open_diag() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  // The kernel answers at once; we do not wait for one that does not.
  const timeval patience{1, 0};
  if (fd) ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

/// Hands on each message of the answer until one is what was looked for.
bool receive(int fd, const std::function<bool(Bytes)>& found) {
  alignas(nlmsghdr) std::array<std::byte, 32768> buffer;
  for (;;) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    for (Bytes rest = Bytes(buffer).first(static_cast<std::size_t>(size));
         const auto head = object_at<nlmsghdr>(rest);) {
      if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;
      if (head->nlmsg_len < NLMSG_HDRLEN || head->nlmsg_len > rest.size()) return false;
      if (found(rest.subspan(NLMSG_HDRLEN, head->nlmsg_len - NLMSG_HDRLEN))) return true;
      rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(head->nlmsg_len), rest.size()));
    }
  }
}

/// All sockets of a kind are listed, as the kernel finds none by its inode.
template <class Request, class Facts>
void ask(const Request& request, Read<Facts> read, std::uint64_t inode, Facts& facts) {
  struct {
    nlmsghdr head;
    Request body;
  } message{};
  message.head.nlmsg_len = sizeof message;
  message.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.head.nlmsg_flags = NLM_F_DUMP | NLM_F_REQUEST;
  message.body = request;
  // A socket for each question: of an answer that is not read to its end nothing is left.
  const UniqueFd fd = open_diag();
  if (!fd || ::send(fd.get(), &message, sizeof message, 0) != static_cast<ssize_t>(sizeof message)) return;
  receive(fd.get(), [&](Bytes answer) { return read(answer, inode, facts); });
}

void ask_internet(int family, int protocol, std::uint64_t inode, SocketFacts& facts) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(family);
  request.sdiag_protocol = static_cast<std::uint8_t>(protocol);
  request.idiag_states = UINT32_MAX;
  ask<inet_diag_req_v2, SocketFacts>(request, read_internet, inode, facts);
}

void ask_unix(std::uint64_t inode, SocketFacts& facts) {
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = UINT32_MAX;
  request.udiag_ino = static_cast<std::uint32_t>(inode);
  request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER;
  ask<unix_diag_req, SocketFacts>(request, read_unix, inode, facts);
}

template <class Facts>
void ask_netlink(Read<Facts> read, std::uint64_t inode, Facts& facts) {
  netlink_diag_req request{};
  request.sdiag_family = AF_NETLINK;
  request.sdiag_protocol = NDIAG_PROTO_ALL;
  ask<netlink_diag_req, Facts>(request, read, inode, facts);
}

struct Internet {
  std::string_view name;  ///< struct proto's, net/ipv4 and net/ipv6
  int family;
  int protocol;
};
constexpr Internet kInternet[] = {
    {"TCP", AF_INET, IPPROTO_TCP},          {"TCPv6", AF_INET6, IPPROTO_TCP},
    {"UDP", AF_INET, IPPROTO_UDP},          {"UDPv6", AF_INET6, IPPROTO_UDP},
    {"UDP-Lite", AF_INET, IPPROTO_UDPLITE}, {"UDPLITEv6", AF_INET6, IPPROTO_UDPLITE},
    {"DCCP", AF_INET, IPPROTO_DCCP},        {"DCCPv6", AF_INET6, IPPROTO_DCCP},
    {"SCTP", AF_INET, IPPROTO_SCTP},        {"SCTPv6", AF_INET6, IPPROTO_SCTP},
    {"RAW", AF_INET, IPPROTO_RAW},          {"RAWv6", AF_INET6, IPPROTO_RAW},
};

/// What the kernel has said of sockets that were connected. Of one whose other end is closed it says less.
class ConnectedSockets {
 public:
  SocketFacts completed(std::uint64_t inode, SocketFacts now) {
    if (!now.remote.empty() || now.peer != 0) {
      if (known_.size() >= kMost) known_.clear();
      known_.insert_or_assign(inode, now);
      return now;
    }
    const auto before = known_.find(inode);
    if (before == known_.end() || before->second.protocol != now.protocol) return now;
    if (now.bound_path.empty()) now.bound_path = before->second.bound_path;
    if (now.local.empty()) now.local = before->second.local;
    now.remote = before->second.remote;
    now.peer = before->second.peer;
    return now;
  }

 private:
  static constexpr std::size_t kMost = 1024;
  std::unordered_map<std::uint64_t, SocketFacts> known_;
};

}  // namespace

std::optional<SocketFacts> socket_facts(const std::string& protocol, std::uint64_t inode) {
  if (protocol.empty()) return std::nullopt;
  SocketFacts facts;
  facts.protocol = protocol;
  if (protocol.starts_with("UNIX")) ask_unix(inode, facts);
  if (protocol == "NETLINK") ask_netlink<SocketFacts>(read_netlink, inode, facts);
  const auto known = std::ranges::find(kInternet, protocol, &Internet::name);
  if (known != std::end(kInternet)) ask_internet(known->family, known->protocol, inode, facts);
  static ConnectedSockets connected;
  return connected.completed(inode, std::move(facts));
}

std::optional<std::uint16_t> protocol_of_netlink_socket(std::uint64_t inode) {
  std::optional<std::uint16_t> protocol;
  ask_netlink<std::optional<std::uint16_t>>(read_netlink_protocol, inode, protocol);
  return protocol;
}

}  // namespace vdsotrace
