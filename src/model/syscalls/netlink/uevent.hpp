// What udevd sends through NETLINK_KOBJECT_UEVENT sockets.
#pragma once

#include "model/syscalls/netlink/schema.hpp"

namespace vdsotrace::netlink {

bool begins_like_uevent(std::span<const std::byte> start);
/// {prefix="libudev", ...}, and what follows. False if it is none, as what the kernel sends: lines of text.
bool print_uevent(const Walk& walk, const Piece& all);

}  // namespace vdsotrace::netlink
