// Message headers of sendmsg and recvmsg in strace's spelling.
#pragma once

#include <optional>

#include <sys/socket.h>

#include "model/syscalls/context.hpp"

namespace vdsotrace {

/// {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1,
/// msg_controllen=0, msg_flags=0}. `bytes`: how much of the buffers holds data.
/// `namelen_before`: msg_namelen when a receiving call began.
void print_msghdr(ArgContext& c, const msghdr& message, std::uint64_t bytes,
                  std::optional<std::int32_t> namelen_before = std::nullopt);

}  // namespace vdsotrace
