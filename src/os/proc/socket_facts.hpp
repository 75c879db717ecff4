// What the kernel knows of a socket, by its inode (sock_diag(7)).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vdsotrace/descriptor.hpp"

namespace vdsotrace {

/// `protocol` is the kernel's name of it; nothing if that is empty. What the kernel does not report, as for sockets of
/// another network namespace or where sock_diag is missing, is left empty; of a socket whose connection has ended, the
/// connection is that which it had when it was last asked for.
std::optional<SocketFacts> socket_facts(const std::string& protocol, std::uint64_t inode);
/// NETLINK_ROUTE, ...; nothing if the kernel does not report the socket.
std::optional<std::uint16_t> protocol_of_netlink_socket(std::uint64_t inode);

}  // namespace vdsotrace
