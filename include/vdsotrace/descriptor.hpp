// What a file descriptor of a traced process refers to, as the kernel shows it at a stop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "vdsotrace/process.hpp"

namespace vdsotrace {

/// Which of it is to be shown: `-y`, `-yy`, `--decode-fds=`.
struct DescriptorDetails {
  bool path = false;
  bool socket = false;  ///< protocol and addresses
  bool device = false;  ///< kind and number of a device file
  bool pidfd = false;   ///< the process that a pidfd stands for

  bool any() const { return path || socket || device || pidfd; }
};

/// Of a socket; addresses as inet_ntop(3) writes them.
struct SocketFacts {
  std::string protocol{};  ///< "TCPv6", "UNIX-STREAM", "NETLINK": the kernel's name of it
  std::string local{};     ///< "127.0.0.1:80", "[::1]:80"; NETLINK: "ROUTE:123"; empty if it has none, or none is known
  std::string remote{};    ///< empty unless it is connected
  std::uint64_t peer = 0;  ///< UNIX: inode of the socket that it is connected to
  std::string bound_path{};  ///< UNIX: as it is, with a NUL in front if it is abstract
};

struct DescriptorFacts {
  struct Device {
    bool block = false;
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
  };

  std::string path;  ///< "/tmp/x", "pipe:[123]": what proc(5) says of /proc/PID/fd/N; any bytes; empty if it is unknown
  bool deleted = false;  ///< the path has led there
  std::optional<SocketFacts> socket;
  std::optional<Device> device;
  std::optional<pid_t> process;
};

/// Descriptors by their numbers.
struct DescriptorSet {
  bool inverted = false;  ///< all but these
  std::vector<std::int32_t> numbers;

  bool any() const { return inverted || !numbers.empty(); }
  bool contains(std::int32_t fd) const {
    return (std::find(numbers.begin(), numbers.end(), fd) != numbers.end()) != inverted;
  }
};

/// All that was read from, or written to, these is shown: `-e read=`, `-e write=`.
struct Dumps {
  DescriptorSet read;
  DescriptorSet write;

  bool any() const { return read.any() || write.any(); }
};

/// AT_FDCWD, which stands for the current directory.
inline constexpr std::int32_t kCurrentDirectory = -100;

/// Where a process's descriptors are looked up, and the numbers of processes that it knows.
class DescriptorTable {
 public:
  virtual ~DescriptorTable() = default;
  /// `number`: in its PID namespace; 0: the thread itself. Nothing of one that is not known.
  virtual ProcessFacts look_up_process(pid_t /*number*/, ProcessKind /*kind*/) { return {}; }
  /// Nothing (an empty path) for one that is not open, or that cannot be looked up.
  virtual DescriptorFacts look_up(std::int32_t fd) = 0;
  /// The protocol of a netlink socket (NETLINK_ROUTE, ...); nothing of any other descriptor.
  virtual std::optional<std::uint16_t> netlink_protocol(std::int32_t) { return std::nullopt; }
};

/// One that a call named or made, as it was when the call began or ended.
struct NotedDescriptor {
  std::int32_t fd = -1;
  bool at_exit = false;
  DescriptorFacts facts;
  /// Of a netlink socket whose messages are shown; nothing else of it is noted then.
  std::optional<std::uint16_t> netlink_protocol{};
};

}  // namespace vdsotrace
