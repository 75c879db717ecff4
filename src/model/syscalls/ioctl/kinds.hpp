// Kinds of ioctl: the request, and what the third argument points to.
#pragma once

#include <span>

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kIoctlRequest;  ///< TCGETS, or _IOC(_IOC_READ, 0x54, 0x1, 0x4)
void result_ioctl(ArgContext& c);    ///< a number, or the descriptor that the request has made
void comment_ioctl(ArgContext& c);   ///< what a result stands for, of a request whose result is no plain number
extern const ArgKind kIoctlValue;    ///< whatever the request takes or fills, if anything

/// Prints the third argument of one request. One that the call fills waits for
/// the end (ArgContext::wait_for_exit).
struct IoctlPrinter {
  std::uint32_t request;
  Printer print;
};

std::span<const IoctlPrinter> terminal_ioctls();
std::span<const IoctlPrinter> interface_ioctls();  ///< network interfaces: struct ifreq, ifconf
std::span<const IoctlPrinter> file_ioctls();       ///< files, file systems, block devices
std::span<const IoctlPrinter> seccomp_ioctls();    ///< notifications of seccomp filters

// Printers that several of them share.
void print_ioctl_int(ArgContext& c);      ///< [1], known at entry
void print_ioctl_int_out(ArgContext& c);  ///< [1], filled by the call

}  // namespace vdsotrace
