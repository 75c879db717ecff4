// How the addresses of a family are shown behind sa_family.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "model/syscalls/context.hpp"

namespace vdsotrace {

struct SockaddrForm {
  std::uint16_t family;
  std::size_t shortest;  ///< a shorter address shows its bytes
  void (*print)(ArgContext& c, std::span<const std::byte> bytes);
};

/// Families of other things than the Internet, packets and this machine's sockets.
std::span<const SockaddrForm> special_sockaddr_forms();

/// What of a sockaddr_in or sockaddr_in6 follows its family.
void print_inet(ArgContext& c, std::span<const std::byte> bytes);
void print_inet6(ArgContext& c, std::span<const std::byte> bytes);

/// The front of a T; what `bytes` does not have is zero.
template <class T>
T front_of(std::span<const std::byte> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
  return value;
}

}  // namespace vdsotrace
