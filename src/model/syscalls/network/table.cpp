// Sockets.
#include <algorithm>
#include <optional>
#include <vector>

#include <sys/socket.h>

#include "model/syscalls/as_at_entry.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/netlink/messages.hpp"
#include "model/syscalls/network/msghdr.hpp"
#include "model/syscalls/network/options.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/tables.hpp"
#include "model/syscalls/time/values.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr std::uint32_t kTypeMask = 0xf;

// socket(family, type, protocol)

void print_socket_type(ArgContext& c) {
  const std::uint32_t type = c.as_uint() & kTypeMask;
  const auto& types = kSocketTypes.values;
  const bool known = std::any_of(types.begin(), types.end(),
                                 [&](const NamedValue& one) { return one.value == type; });
  std::uint32_t flags = c.as_uint();
  if (known) {
    print_choice(c, type, types, kSocketTypes.unknown);
    flags &= ~kTypeMask;
    if (flags == 0) return;
    c.put("|");
  }
  print_flags(c, flags, kSocketFlags.values, kSocketFlags.unknown);
}

void print_protocol_among(ArgContext& c, const NameTable& protocols) {
  print_choice(c, c.as_uint(), protocols.values, protocols.unknown);
}

void print_protocol(ArgContext& c) {
  switch (static_cast<std::uint32_t>(c.arg(0))) {
    case AF_INET:
    case AF_INET6: print_protocol_among(c, kInetProtocols); break;
    case AF_NETLINK: print_protocol_among(c, kNetlinkProtocols); break;
    case AF_BLUETOOTH: print_protocol_among(c, kBluetoothProtocols); break;
    case AF_CAN: print_protocol_among(c, kCanProtocols); break;
    case AF_PACKET:
      c.put("htons(");
      print_choice(c, __builtin_bswap16(static_cast<std::uint16_t>(c.value())),
                   kEthernetProtocols.values, kEthernetProtocols.unknown);
      c.put(")");
      break;
    default: c.print("{}", c.value()); break;
  }
}

// Addresses.

void print_address_to(ArgContext& c) {
  print_sockaddr_at(c, c.value(), static_cast<std::int32_t>(c.arg(c.index() + 1)));
}

/// A length that a call takes and gives back, if both the address it belongs to
/// and the place of the length are there.
std::optional<std::int32_t> length_in(Memory& memory, std::uint64_t address, std::uint64_t place) {
  if (address == 0 || place == 0) return std::nullopt;
  return memory.object<std::int32_t>(place);
}

/// accept, getsockname, recvfrom: an address that comes back; the next argument points to its length.
void print_address_from(ArgContext& c) {
  const std::uint64_t place = c.arg(c.index() + 1);
  const auto before = length_in(c.entry_memory(), c.value(), place);
  if (before && c.wait_for_exit()) return;
  const auto after = c.failed() ? std::nullopt : length_in(c.memory(), c.value(), place);
  if (before && after) {
    print_sockaddr_at(c, c.value(), std::min(*before, *after));
  } else {
    print_address(c, c.value());
  }
}

void print_address_length(ArgContext& c) {
  const std::uint64_t address = c.arg(c.index() - 1);
  const auto before = length_in(c.entry_memory(), address, c.value());
  if (before && c.wait_for_exit()) return;
  const auto after = c.failed() ? before : length_in(c.memory(), address, c.value());
  if (!before || !after) {
    print_address(c, c.value());
  } else if (*before != *after) {
    c.print("[{} => {}]", *before, *after);
  } else {
    c.print("[{}]", *before);
  }
}

// Messages.

void print_message_to_send(ArgContext& c) {
  print_object_at<msghdr>(c, c.value(),
                          [&](const msghdr& message) { print_msghdr(c, message, UINT64_MAX); });
}

std::optional<msghdr> message_at(ArgContext& c, Memory& memory, std::uint64_t address) {
  if (address == 0) return std::nullopt;
  if (c.native_layout()) return memory.object<msghdr>(address);
  using Narrow = NarrowLayout<msghdr>;
  const auto narrow = c.call().abi == Abi::i386 ? memory.object<Narrow::Bytes>(address) : std::nullopt;
  return narrow ? std::optional(Narrow::widen(*narrow)) : std::nullopt;
}

void print_message_received(ArgContext& c) {
  const auto before = message_at(c, c.entry_memory(), c.value());
  if (!before) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  if (c.failed()) {
    c.print("{{msg_namelen={}}}", room_of(*before).namelen);
    return;
  }
  const auto bytes = c.filled(UINT64_MAX);
  print_object_at<msghdr>(c, c.value(), [&](const msghdr& message) {
    print_msghdr(c, message, bytes, room_of(*before));
  });
}

void print_data_to_send(ArgContext& c) { print_socket_data_at(c, c.value(), c.arg(c.index() + 1)); }

void print_data_received(ArgContext& c) {
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_socket_data_at(c, c.value(), c.filled(c.arg(c.index() + 1)));
  }
}

/// One of several messages. `done`: the kernel has filled in its length.
void print_one_message(ArgContext& c, const mmsghdr& message, bool done, std::uint64_t bytes,
                       const std::optional<MessageRoom>& room = std::nullopt) {
  c.put("{msg_hdr=");
  print_msghdr(c, message.msg_hdr, bytes, room);
  if (done) c.print(", msg_len={}", message.msg_len);
  c.put("}");
}

constexpr std::uint64_t kMostMessages = 1024;  // UIO_MAXIOV: sendmmsg(2), recvmmsg(2)

/// A call that failed has not filled in the lengths.
void print_messages_sent(ArgContext& c) {
  const bool sent = c.exiting() && !c.failed();
  std::optional<AsAtEntry> before;
  if (!sent) before.emplace(c);
  std::int64_t left = sent ? c.call().result : 0;
  print_array_at<mmsghdr>(
      c, c.value(), static_cast<std::uint32_t>(c.arg(2)),
      [&](const mmsghdr& one) { print_one_message(c, one, left-- > 0, UINT64_MAX); }, kMostMessages);
}

/// What the program has given to each message that will be shown.
std::vector<MessageRoom> rooms_of_messages(ArgContext& c) {
  const AsAtEntry before(c);
  const std::uint64_t shown = c.abbreviated() ? c.limits().string : kMostMessages;
  const auto count = std::min<std::uint64_t>({static_cast<std::uint32_t>(c.arg(2)), shown, kMostMessages});
  std::vector<MessageRoom> rooms;
  for (std::uint64_t i = 0; c.value() != 0 && i < count; ++i) {
    const auto one = read_object<mmsghdr>(c, c.value() + i * stride_of<mmsghdr>(c));
    if (!one) break;
    rooms.push_back(room_of(one->msg_hdr));
  }
  return rooms;
}

void print_messages_received(ArgContext& c) {
  const std::vector<MessageRoom> rooms = rooms_of_messages(c);
  if (c.wait_for_exit()) return;
  std::size_t shown = 0;
  print_array_at<mmsghdr>(c, c.value(), c.filled(static_cast<std::uint32_t>(c.arg(2))), [&](const mmsghdr& one) {
    print_one_message(c, one, true, one.msg_len, shown < rooms.size() ? rooms[shown] : MessageRoom{});
    ++shown;
  });
}

void print_time_limit(ArgContext& c) {
  const AsAtEntry before(c);
  print_timespec_at(c, c.value());
}

void comment_time_left(ArgContext& c) {
  const std::uint64_t limit = c.arg(4);
  if (limit == 0 || !c.structures()) return;
  if (c.call().result == 0) {
    c.put("(Timeout)");
    return;
  }
  c.put("(left ");
  print_timespec_at(c, limit);
  c.put(")");
}

constexpr ArgKind kSocketType{print_socket_type};
constexpr ArgKind kProtocol{print_protocol};
constexpr ArgKind kAddressTo{print_address_to};
constexpr ArgKind kAddressFrom{print_address_from, When::either};
constexpr ArgKind kAddressLength{print_address_length, When::either};
constexpr ArgKind kDataToSend{print_data_to_send};
constexpr ArgKind kDataReceived{print_data_received, When::exit};
constexpr ArgKind kMessageToSend{print_message_to_send};
constexpr ArgKind kMessageReceived{print_message_received, When::either};
constexpr ArgKind kMessagesSent{print_messages_sent, When::exit_and_entry};
constexpr ArgKind kMessagesReceived{print_messages_received, When::either};
constexpr ArgKind kTimeLimit{print_time_limit, When::exit_and_entry};
constexpr const ArgKind* kFamily = &kChoice<kAddressFamilies>;
constexpr const ArgKind* kLevel = &kChoice<kSocketLevels>;
constexpr const ArgKind* kMessage = &kFlags<kMessageFlags>;

constexpr CallSpec kCalls[] = {
    {"socket", 3, kNetwork, {kFamily, &kSocketType, &kProtocol}, result_fd},
    {"socketpair", 4, kNetwork, {kFamily, &kSocketType, &kProtocol, &kFdPairOut}},
    {"bind", 3, kNetwork, {&kFd, &kAddressTo, &kInt}},
    {"connect", 3, kNetwork, {&kFd, &kAddressTo, &kInt}},
    {"listen", 2, kNetwork, {&kFd, &kInt}},
    {"accept", 3, kNetwork, {&kFd, &kAddressFrom, &kAddressLength}, result_fd},
    {"accept4", 4, kNetwork, {&kFd, &kAddressFrom, &kAddressLength, &kFlags<kSocketFlags>}, result_fd},
    {"getsockname", 3, kNetwork, {&kFd, &kAddressFrom, &kAddressLength}},
    {"getpeername", 3, kNetwork, {&kFd, &kAddressFrom, &kAddressLength}},
    {"shutdown", 2, kNetwork, {&kFd, &kChoice<kShutdownWays>}},

    {"send", 4, kNetwork, {&kFd, &kDataToSend, &kSize, kMessage}},
    {"sendto", 6, kNetwork, {&kFd, &kDataToSend, &kSize, kMessage, &kAddressTo, &kInt}},
    {"sendmsg", 3, kNetwork, {&kFd, &kMessageToSend, kMessage}},
    {"sendmmsg", 4, kNetwork, {&kFd, &kMessagesSent, &kUnsigned, kMessage}},
    {"recv", 4, kNetwork, {&kFd, &kDataReceived, &kSize, kMessage}},
    {"recvfrom", 6, kNetwork,
     {&kFd, &kDataReceived, &kSize, kMessage, &kAddressFrom, &kAddressLength}},
    {"recvmsg", 3, kNetwork, {&kFd, &kMessageReceived, kMessage}},
    {"recvmmsg", 5, kNetwork, {&kFd, &kMessagesReceived, &kUnsigned, kMessage, &kTimeLimit},
     nullptr, comment_time_left},
    {"recvmmsg_time64", 5, kNetwork, {&kFd, &kMessagesReceived, &kUnsigned, kMessage, &kTimeLimit},
     nullptr, comment_time_left},

    {"getsockopt", 5, kNetwork,
     {&kFd, kLevel, &kSocketOption, &kSocketOptionGot, &kSocketOptionSize}},
    {"setsockopt", 5, kNetwork, {&kFd, kLevel, &kSocketOption, &kSocketOptionSet, &kInt}},
};

}  // namespace

std::span<const CallSpec> network_calls() { return kCalls; }

}  // namespace vdsotrace
