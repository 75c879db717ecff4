// Socket addresses in strace's spelling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <netinet/in.h>

#include "model/syscalls/context.hpp"

namespace vdsotrace {

/// A socket address as the program stored it: sa_family and what follows, as many
/// bytes as there are. Families without a form of their own, and addresses too short
/// for theirs, show their bytes as sa_data. Needs at least the two bytes of sa_family.
void print_sockaddr(ArgContext& c, std::span<const std::byte> bytes);

/// The socket address of `length` bytes at `address`, as far as 128 of them; the
/// address if it is unreadable or `length` does not even hold a family. Returns the family; AF_UNSPEC where there is
/// none.
std::uint16_t print_sockaddr_at(ArgContext& c, std::uint64_t address, std::int64_t length);

/// `inet_addr("127.0.0.1")` for an address in network byte order.
void print_inet_addr(ArgContext& c, std::uint32_t address);

/// `inet_pton(AF_INET6, "::1", &sin6_addr)`; with the numbers of `-X`, a member with its name and bytes.
void print_inet6_addr(ArgContext& c, const in6_addr& address, std::string_view name);

/// `if_nametoindex("lo")`, or the number where this machine has no such interface.
void print_interface(ArgContext& c, std::uint32_t index);

}  // namespace vdsotrace
