// What lies at the third argument of an ioctl, as rows: a request, which way it goes, and the kind of what it takes or
// fills. The kinds are those of netlink/schema.hpp.
#pragma once

#include <span>
#include <string_view>

#include "model/syscalls/ioctl/kinds.hpp"
#include "model/syscalls/netlink/schema.hpp"

namespace vdsotrace::ioctl {

using namespace netlink;  // rows are written in its words

/// Who fills what the argument points to.
enum class Way : std::uint8_t {
  in,        ///< the program: shown as it is when the call begins
  out,       ///< the kernel: shown when the call has succeeded, else as an address
  in_out,    ///< both: what the program asks for, and, if the call succeeds, the members that the kernel has filled
  answered,  ///< the same as two structures: {...} => {...}, or => 0x7ffc... of a call that fails
  changed,   ///< the same, but {...} alone of a call that fails
};

struct IoctlShape {
  std::uint32_t request;
  Way way;
  Kind kind;
  const Structure* filled = nullptr;  ///< of all but Way::in and Way::out: what the kernel fills
  std::string_view joint = ", ";      ///< of Way::in_out: what stands in front of that
};

/// A pointer to a structure: the structure, if it can be read.
bool show_target(const Walk& walk, const Piece& piece, const Kind& kind);
constexpr Kind target(const Structure& structure) { return {show_target, sizeof(std::uint64_t), nullptr, &structure}; }
/// An array that ought to be zero: shown where it is not.
bool show_array_unless_zero(const Walk& walk, const Piece& piece, const Kind& kind);

/// `count` structures from `address` on, one behind the other; "..." stands for those beyond `most`, which are not
/// read.
void print_structures_at(ArgContext& c, std::uint64_t address, std::uint64_t count, std::uint64_t most,
                         const Structure& element);

/// Prints what a row says.
void print_shape(ArgContext& c, const IoctlShape& shape);

/// Prints what lies at `address` in `memory`, or the address if not all of it can be read or the ABI's layout differs.
void print_kind_at(ArgContext& c, Memory& memory, std::uint64_t address, const Kind& kind);

/// Requests that have the size of a buffer, or what they are about, in their number: EVIOCGBIT(EV_KEY, 96). False if it
/// is none.
bool print_sized_request(ArgContext& c, std::uint32_t request);
bool print_sized_value(ArgContext& c, std::uint32_t request);

std::span<const IoctlShape> clock_shapes();            ///< real-time clocks
std::span<const IoctlShape> precision_clock_shapes();  ///< PTP clocks
std::span<const IoctlShape> disk_shapes();             ///< block devices
std::span<const IoctlPrinter> disk_ioctls();           ///< loop devices, network block devices
std::span<const IoctlShape> drive_shapes();            ///< ATA drives
std::span<const IoctlPrinter> drive_ioctls();
std::span<const IoctlShape> input_shapes();  ///< input devices
std::span<const IoctlPrinter> input_ioctls();
std::span<const IoctlPrinter> mapper_ioctls();  ///< device mapper
std::span<const IoctlShape> memory_shapes();    ///< userfaultfd
std::span<const IoctlPrinter> scsi_ioctls();    ///< SCSI devices
std::span<const IoctlShape> btrfs_shapes();
std::span<const IoctlPrinter> btrfs_ioctls();
std::span<const IoctlShape> console_shapes();  ///< consoles: lamps, modes, keyboards
std::span<const IoctlPrinter> console_ioctls();
std::span<const IoctlShape> font_shapes();  ///< consoles: fonts, screen maps
std::span<const IoctlPrinter> font_ioctls();
std::span<const IoctlShape> guest_shapes();  ///< KVM
std::span<const IoctlPrinter> guest_ioctls();
std::span<const IoctlShape> infrared_shapes();  ///< infrared receivers and transmitters

}  // namespace vdsotrace::ioctl
