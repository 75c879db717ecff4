#include "model/syscalls/network/msghdr.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <netinet/in.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/files/iovec.hpp"
#include "model/syscalls/netlink/messages.hpp"
#include "model/syscalls/network/sockaddr.hpp"
#include "model/syscalls/network/values.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/time/values.hpp"

namespace vdsotrace {
namespace {

using Bytes = std::span<const std::byte>;

/// Control data beyond that is not shown; net.core.optmem_max is smaller by default.
constexpr std::size_t kMostControl = 128 * 1024;

template <class T>
T object_in(Bytes bytes, std::size_t offset = 0) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// The whole Ts in `data` as [a, b], limited by -s.
template <class T, class Body>
void print_elements(ArgContext& c, Bytes data, Body&& body) {
  const std::size_t count = data.size() / sizeof(T);
  c.put("[");
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) c.put(", ");
    if (c.abbreviated() && i >= c.limits().string) {
      c.put("...");
      break;
    }
    body(object_in<T>(data, i * sizeof(T)));
  }
  c.put("]");
}

void print_rights(ArgContext& c, Bytes data) {
  print_elements<std::int32_t>(c, data, [&](std::int32_t fd) { print_fd(c, fd); });
}

void print_credentials(ArgContext& c, Bytes data) {
  const auto value = object_in<std::array<std::uint32_t, 3>>(data);
  c.print("{{pid={}, uid={}, gid={}}}", static_cast<std::int32_t>(value[0]), static_cast<std::int32_t>(value[1]),
          static_cast<std::int32_t>(value[2]));
}

void print_label(ArgContext& c, Bytes data) { print_quoted(c, data, data.size()); }

void print_time_of_arrival(ArgContext& c, Bytes data) { print_timeval(c, object_in<timeval>(data)); }

void print_exact_time_of_arrival(ArgContext& c, Bytes data) { print_timespec(c, object_in<timespec>(data)); }

void print_times_of_arrival(ArgContext& c, Bytes data) {
  print_elements<timespec>(c, data.first(3 * sizeof(timespec)),
                           [&](const timespec& value) { print_timespec(c, value); });
}

void print_packet_info(ArgContext& c, Bytes data) {
  const auto info = object_in<in_pktinfo>(data);
  c.put("{ipi_ifindex=");
  print_interface(c, static_cast<std::uint32_t>(info.ipi_ifindex));
  c.put(", ipi_spec_dst=");
  print_inet_addr(c, info.ipi_spec_dst.s_addr);
  c.put(", ipi_addr=");
  print_inet_addr(c, info.ipi_addr.s_addr);
  c.put("}");
}

void print_unsigned_array(ArgContext& c, Bytes data) {
  print_elements<std::uint32_t>(c, data, [&](std::uint32_t value) { c.print("{}", value); });
}

void print_byte_array(ArgContext& c, Bytes data) {
  print_elements<std::uint8_t>(c, data, [&](std::uint8_t value) { print_hex(c, value); });
}

/// linux/errqueue.h: struct sock_extended_err, and who caused it.
struct QueuedError {
  std::uint32_t error;
  std::uint8_t origin, type, code, padding;
  std::uint32_t info, data;
  std::array<std::byte, sizeof(sockaddr_in)> offender;
};

void print_queued_error(ArgContext& c, Bytes data) {
  const auto queued = object_in<QueuedError>(data);
  c.print("{{ee_errno={}, ee_origin={}, ee_type={}, ee_code={}, ee_info={}, ee_data={}, offender=", queued.error,
          queued.origin, queued.type, queued.code, queued.info, queued.data);
  print_sockaddr(c, queued.offender);
  c.put("}");
}

void print_original_destination(ArgContext& c, Bytes data) {
  print_sockaddr(c, data.first(std::min(data.size(), sizeof(sockaddr_storage))));
}

struct ControlForm {
  int level;
  int type;
  std::size_t shortest;  ///< shorter data is not shown
  void (*print)(ArgContext&, Bytes);
  bool shows_lack = false;  ///< that it is shorter is
};

/// SO_TIMESTAMP, SO_TIMESTAMPNS and SO_TIMESTAMPING have an old and a new number, one layout in 64-bit programs.
constexpr ControlForm kControlForms[] = {
    {SOL_SOCKET, SCM_RIGHTS, sizeof(std::int32_t), print_rights},
    {SOL_SOCKET, 2, 3 * sizeof(std::uint32_t), print_credentials},
    {SOL_SOCKET, 3, 1, print_label},
    {SOL_SOCKET, 29, sizeof(timeval), print_time_of_arrival, true},
    {SOL_SOCKET, 63, sizeof(timeval), print_time_of_arrival, true},
    {SOL_SOCKET, 35, sizeof(timespec), print_exact_time_of_arrival, true},
    {SOL_SOCKET, 64, sizeof(timespec), print_exact_time_of_arrival, true},
    {SOL_SOCKET, 37, 3 * sizeof(timespec), print_times_of_arrival, true},
    {SOL_SOCKET, 65, 3 * sizeof(timespec), print_times_of_arrival, true},
    {SOL_IP, IP_PKTINFO, sizeof(in_pktinfo), print_packet_info},
    {SOL_IP, IP_TTL, sizeof(std::uint32_t), print_unsigned_array},
    {SOL_IP, IP_TOS, 1, print_byte_array},
    {SOL_IP, IP_RECVOPTS, 1, print_byte_array},
    {SOL_IP, IP_RETOPTS, 1, print_byte_array},
    {SOL_IP, IP_ORIGDSTADDR, sizeof(sockaddr_in), print_original_destination},
    {SOL_IP, IP_RECVERR, sizeof(QueuedError), print_queued_error},
    {SOL_IP, IP_CHECKSUM, sizeof(std::uint32_t), print_unsigned_array},
    {SOL_IP, 3, 1, print_label},
};

void print_control_type(ArgContext& c, int level, int type) {
  const auto value = static_cast<std::uint32_t>(type);
  if (level == SOL_SOCKET) {
    print_choice(c, value, kSocketControlTypes.values, kSocketControlTypes.unknown);
  } else if (level == SOL_IP) {
    print_choice(c, value, kIpControlTypes.values, kIpControlTypes.unknown);
  } else {
    print_hex(c, value);
  }
}

struct ControlHeader {
  std::uint64_t cmsg_len;
  int cmsg_level;
  int cmsg_type;
};

/// A control message begins with its length, a word, and is followed by another at a multiple of words.
std::size_t header_size(const ArgContext& c) { return c.word() + 2 * sizeof(int); }

ControlHeader header_in(const ArgContext& c, Bytes bytes) {
  const bool wide = c.word() == sizeof(std::uint64_t);
  return {wide ? object_in<std::uint64_t>(bytes) : object_in<std::uint32_t>(bytes), object_in<int>(bytes, c.word()),
          object_in<int>(bytes, c.word() + sizeof(int))};
}

/// One control message of which `bytes` are there, its header included.
void print_control_message(ArgContext& c, const ControlHeader& header, Bytes bytes) {
  c.print("{{cmsg_len={}, cmsg_level=", header.cmsg_len);
  print_choice(c, static_cast<std::uint32_t>(header.cmsg_level), kSocketLevels.values, "SOL_???");
  c.put(", cmsg_type=");
  print_control_type(c, header.cmsg_level, header.cmsg_type);
  const Bytes data = bytes.subspan(std::min(bytes.size(), header_size(c)));
  const auto* form = std::find_if(std::begin(kControlForms), std::end(kControlForms), [&](const ControlForm& known) {
    return known.level == header.cmsg_level && known.type == header.cmsg_type;
  });
  if (form != std::end(kControlForms) && data.size() >= form->shortest) {
    c.put(", cmsg_data=");
    form->print(c, data);
  } else if (form != std::end(kControlForms) && form->shows_lack && !data.empty()) {
    c.put(", cmsg_data=???");
  }
  c.put("}");
}

void print_control(ArgContext& c, std::uint64_t address, std::uint64_t length) {
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(length, kMostControl)));
  if (buffer.size() < header_size(c) || c.memory().read(address, buffer) != buffer.size()) {
    print_address(c, address);
    return;
  }
  Bytes rest(buffer);
  c.put("[");
  while (rest.size() >= header_size(c)) {
    if (rest.size() != buffer.size()) c.put(", ");
    const ControlHeader header = header_in(c, rest);
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(header.cmsg_len, rest.size()));
    print_control_message(c, header, rest.first(here));
    if (here < header_size(c)) {
      rest = rest.subspan(header_size(c));
      break;
    }
    rest = rest.subspan(std::min((here + c.word() - 1) / c.word() * c.word(), rest.size()));
  }
  if (!rest.empty()) {
    c.print(", ... /* {:#x} */", address + (buffer.size() - rest.size()));
  } else if (buffer.size() < length) {
    c.put(", ...");
  }
  c.put("]");
}

}  // namespace

void print_msghdr(ArgContext& c, const msghdr& message, std::uint64_t bytes, const std::optional<MessageRoom>& room) {
  const auto namelen = static_cast<std::int32_t>(message.msg_namelen);
  const auto controllen = static_cast<std::uint64_t>(message.msg_controllen);
  c.put("{msg_name=");
  const auto family = print_sockaddr_at(c, reinterpret_cast<std::uintptr_t>(message.msg_name),
                                        room ? std::min(namelen, room->namelen) : namelen);
  c.put(", msg_namelen=");
  if (room && room->namelen != namelen) c.print("{} => ", room->namelen);
  c.print("{}, msg_iov=", namelen);
  // As strace: without an address it does not ask what kind of socket it is.
  print_iovecs_at(c, reinterpret_cast<std::uintptr_t>(message.msg_iov), message.msg_iovlen, bytes,
                  family == AF_NETLINK ? print_socket_data_at : print_buffer_at);
  c.print(", msg_iovlen={}", message.msg_iovlen);
  if (controllen != 0) {
    c.put(", msg_control=");
    print_control(c, reinterpret_cast<std::uintptr_t>(message.msg_control),
                  room ? std::min(controllen, room->controllen) : controllen);
  }
  c.print(", msg_controllen={}, msg_flags=", controllen);
  print_flags(c, static_cast<std::uint32_t>(message.msg_flags), kMessageFlags.values, kMessageFlags.unknown);
  c.put("}");
}

}  // namespace vdsotrace
