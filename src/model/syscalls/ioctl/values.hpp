// Names of ioctl requests.
#pragma once

#include <cstdint>
#include <string_view>

namespace vdsotrace {

/// How the third argument of a request is shown that has no printer of its own.
enum class Third : std::uint8_t {
  hex,      ///< a number in hexadecimal
  pointer,  ///< an address: NULL for zero
  number,   ///< a decimal int
  word,     ///< a decimal unsigned long
  none,     ///< there is none
};

struct IoctlRequest {
  std::uint32_t request;
  std::string_view name;  ///< strace's: "BTRFS_IOC_CLONE or FICLONE" where drivers share a number
  Third third = Third::hex;
};

/// The request of that number, or null.
const IoctlRequest* ioctl_request(std::uint32_t request);

/// A request of which no more than the name is known.
struct IoctlName {
  std::uint32_t request;
  std::string_view name;
};
/// Names that the kernel's headers have beside those of ioctl_request (generate_names.py); empty if they have none.
std::string_view generated_ioctl_name(std::uint32_t request);

}  // namespace vdsotrace
