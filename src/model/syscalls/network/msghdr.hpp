// Message headers of sendmsg and recvmsg in strace's spelling.
#pragma once

#include <optional>

#include <sys/socket.h>

#include "model/syscalls/context.hpp"
#include "model/syscalls/layout.hpp"

namespace vdsotrace {

/// net/compat.h: struct compat_msghdr, compat_mmsghdr.
template <>
struct NarrowLayout<msghdr> {
  struct Bytes {
    std::uint32_t name;
    std::uint32_t namelen;
    std::uint32_t iov;
    std::uint32_t iovlen;
    std::uint32_t control;
    std::uint32_t controllen;
    std::int32_t flags;
  };
  static msghdr widen(const Bytes& bytes) {
    const auto pointer = [](std::uint32_t word) { return reinterpret_cast<void*>(std::uintptr_t{word}); };
    msghdr message{};
    message.msg_name = pointer(bytes.name);
    message.msg_namelen = bytes.namelen;
    message.msg_iov = static_cast<iovec*>(pointer(bytes.iov));
    message.msg_iovlen = bytes.iovlen;
    message.msg_control = pointer(bytes.control);
    message.msg_controllen = bytes.controllen;
    message.msg_flags = bytes.flags;
    return message;
  }
};
template <>
struct NarrowLayout<mmsghdr> {
  struct Bytes {
    NarrowLayout<msghdr>::Bytes header;
    std::uint32_t length;
  };
  static mmsghdr widen(const Bytes& bytes) { return {NarrowLayout<msghdr>::widen(bytes.header), bytes.length}; }
};

/// What a program gives to a message that it receives: the kernel may say that there was more to be had.
struct MessageRoom {
  std::int32_t namelen = 0;
  std::uint64_t controllen = 0;
};
inline MessageRoom room_of(const msghdr& message) {
  return {static_cast<std::int32_t>(message.msg_namelen), message.msg_controllen};
}

/// {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1,
/// msg_controllen=0, msg_flags=0}. `bytes`: how much of the buffers holds data.
/// `room`: what the header said when a receiving call began.
void print_msghdr(ArgContext& c, const msghdr& message, std::uint64_t bytes,
                  const std::optional<MessageRoom>& room = std::nullopt);

}  // namespace vdsotrace
