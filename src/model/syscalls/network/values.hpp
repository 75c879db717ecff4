// Constants of the socket calls, from the kernel's headers.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

extern const NameTable kAddressFamilies;
extern const NameTable kSocketTypes;
extern const NameTable kSocketFlags;  ///< SOCK_CLOEXEC, SOCK_NONBLOCK
extern const NameTable kInetProtocols;
extern const NameTable kNetlinkProtocols;
extern const NameTable kBluetoothProtocols;
extern const NameTable kCanProtocols;
extern const NameTable kEthernetProtocols;  ///< in host byte order
extern const NameTable kMessageFlags;
extern const NameTable kShutdownWays;
extern const NameTable kSocketLevels;
extern const NameTable kSocketControlTypes;  ///< cmsg_type at SOL_SOCKET
extern const NameTable kIpControlTypes;      ///< cmsg_type at SOL_IP
extern const NameTable kPacketTypes;
extern const NameTable kHardwareTypes;

/// The options of a level that getsockopt and setsockopt know, or null.
const NameTable* socket_options(std::uint32_t level);

}  // namespace vdsotrace
