// Messages of netlink sockets (netlink(7)) in strace's spelling.
#pragma once

#include "model/syscalls/context.hpp"

namespace vdsotrace {

/// Prints what the call's socket, its first argument, sends or has received: messages if it is a netlink socket, a
/// string in quotes otherwise, limited by `-s`. Which kind of socket it is, is asked only of data that begin like a
/// message.
void print_socket_data_at(ArgContext& c, std::uint64_t address, std::uint64_t size);

}  // namespace vdsotrace
