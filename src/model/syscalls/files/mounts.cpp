// mount() and its successors, swap, file handles, fanotify.
#include <algorithm>
#include <array>

#include <linux/fanotify.h>
#include <linux/mount.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/files/kinds.hpp"

namespace vdsotrace {
namespace {

constexpr std::array kMountBits{
    NAMED(MS_RDONLY),     NAMED(MS_NOSUID),       NAMED(MS_NODEV),     NAMED(MS_NOEXEC),      NAMED(MS_SYNCHRONOUS),
    NAMED(MS_REMOUNT),    NAMED(MS_MANDLOCK),     NAMED(MS_DIRSYNC),   NAMED(MS_NOSYMFOLLOW), NAMED(MS_NOATIME),
    NAMED(MS_NODIRATIME), NAMED(MS_BIND),         NAMED(MS_MOVE),      NAMED(MS_REC),         NAMED(MS_SILENT),
    NAMED(MS_POSIXACL),   NAMED(MS_UNBINDABLE),   NAMED(MS_PRIVATE),   NAMED(MS_SLAVE),       NAMED(MS_SHARED),
    NAMED(MS_RELATIME),   NAMED(MS_KERNMOUNT),    NAMED(MS_I_VERSION), NAMED(MS_STRICTATIME), NAMED(MS_LAZYTIME),
    NAMED(MS_SUBMOUNT),   NAMED(MS_NOREMOTELOCK), NAMED(MS_NOSEC),     NAMED(MS_BORN),        NAMED(MS_ACTIVE),
    NAMED(MS_NOUSER)};

constexpr std::array kMountAttributeBits{
    NAMED(MOUNT_ATTR_RDONLY),     NAMED(MOUNT_ATTR_NOSUID),  NAMED(MOUNT_ATTR_NODEV),
    NAMED(MOUNT_ATTR_NOEXEC),     NAMED(MOUNT_ATTR_NOATIME), NAMED(MOUNT_ATTR_STRICTATIME),
    NAMED(MOUNT_ATTR_NODIRATIME), NAMED(MOUNT_ATTR_IDMAP),   NAMED(MOUNT_ATTR_NOSYMFOLLOW)};

constexpr std::array kPropagations{NAMED(MS_UNBINDABLE), NAMED(MS_PRIVATE), NAMED(MS_SLAVE), NAMED(MS_SHARED)};

// include/linux/swap.h
constexpr std::uint32_t kSwapPriorityMask = 0x7fff;
constexpr std::uint32_t kSwapPrefer = 0x8000;
constexpr std::array kSwapBits{NamedValue{kSwapPrefer, "SWAP_FLAG_PREFER"}, NamedValue{0x10000, "SWAP_FLAG_DISCARD"},
                               NamedValue{0x20000, "SWAP_FLAG_DISCARD_ONCE"},
                               NamedValue{0x40000, "SWAP_FLAG_DISCARD_PAGES"}};

constexpr std::array kFanotifyClasses{NAMED(FAN_CLASS_NOTIF), NAMED(FAN_CLASS_CONTENT), NAMED(FAN_CLASS_PRE_CONTENT)};
constexpr std::array kFanotifyInitBits{
    NAMED(FAN_CLOEXEC),        NAMED(FAN_NONBLOCK),     NAMED(FAN_UNLIMITED_QUEUE),  NAMED(FAN_UNLIMITED_MARKS),
    NAMED(FAN_ENABLE_AUDIT),   NAMED(FAN_REPORT_PIDFD), NAMED(FAN_REPORT_TID),       NAMED(FAN_REPORT_FID),
    NAMED(FAN_REPORT_DIR_FID), NAMED(FAN_REPORT_NAME),  NAMED(FAN_REPORT_TARGET_FID)};
constexpr std::uint32_t kFanotifyClassMask = FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT;

/// With these flags mount() does not look at the type, with the second set not at the data.
constexpr std::uint64_t kPropagationBits = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;
constexpr std::uint64_t kNoTypeBits = MS_REMOUNT | MS_BIND | MS_MOVE | kPropagationBits;
constexpr std::uint64_t kNoDataBits = MS_BIND | MS_MOVE | kPropagationBits;

std::uint64_t mount_flags(ArgContext& c) {
  const std::uint64_t flags = c.arg(3);
  return (flags & MS_MGC_MSK) == MS_MGC_VAL ? flags & ~std::uint64_t{MS_MGC_MSK} : flags;
}

/// struct file_handle of fcntl.h, without its bytes.
struct HandleHead {
  std::uint32_t bytes;
  std::int32_t type;
};
constexpr std::uint32_t kMostHandleBytes = 128;

void print_handle_contents(ArgContext& c, std::int32_t type, std::uint32_t bytes) {
  c.print(", handle_type={}, f_handle=", type);
  print_hex_buffer_at(c, c.value() + sizeof(HandleHead), std::min(bytes, kMostHandleBytes));
}

enum FsconfigCommand : std::uint32_t {
  kSetFlag,
  kSetString,
  kSetBinary,
  kSetPath,
  kSetPathEmpty,
  kSetFd,
  kCreate,
  kReconfigure
};

/// What the kernel reads of a parameter's key and of a value that is text.
constexpr std::size_t kMostParameter = 256;

std::uint32_t fsconfig_command(ArgContext& c) { return static_cast<std::uint32_t>(c.arg(1)); }

}  // namespace

void print_mount_type_arg(ArgContext& c) {
  if ((mount_flags(c) & kNoTypeBits) != 0) {
    print_address(c, c.value());
  } else {
    print_string_at(c, c.value());
  }
}

void print_mount_flags_arg(ArgContext& c) {
  const std::uint64_t flags = mount_flags(c);
  const bool magic = flags != c.value();
  if (magic) print_constant(c, MS_MGC_VAL, "MS_MGC_VAL");
  if (magic && flags != 0) c.put("|");
  if (!magic || flags != 0) print_flags(c, static_cast<std::uint32_t>(flags), kMountBits, "MS_???");
}

void print_mount_data_arg(ArgContext& c) {
  const std::uint64_t flags = mount_flags(c);
  if ((flags & kNoDataBits) != 0 && (flags & MS_REMOUNT) == 0) {
    print_address(c, c.value());
  } else {
    print_string_at(c, c.value());
  }
}

void print_swap_flags_arg(ArgContext& c) {
  const std::uint32_t priority = c.as_uint() & kSwapPriorityMask;
  const std::uint32_t bits = c.as_uint() & ~kSwapPriorityMask;
  if (bits == 0) {
    c.print("{}", priority);
    return;
  }
  print_flags(c, bits, kSwapBits, "SWAP_FLAG_???");
  if (priority != 0 || (bits & kSwapPrefer) != 0) c.print("|{}", priority);
}

void print_file_handle_arg(ArgContext& c) {
  const auto before = c.value() != 0 ? c.entry_memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (!before) {
    print_address(c, c.value());
    return;
  }
  c.print("{{handle_bytes={}", *before);
  const bool too_small = c.call().error == EOVERFLOW;
  if (c.exiting() && (!c.failed() || too_small)) {
    const auto after = c.memory().object<HandleHead>(c.value());
    if (after && after->bytes != *before) c.print(" => {}", after->bytes);
    if (after && !too_small) print_handle_contents(c, after->type, std::min(after->bytes, *before));
  }
  c.put("}");
}

void print_known_file_handle_arg(ArgContext& c) {
  const auto head = c.value() != 0 ? c.memory().object<HandleHead>(c.value()) : std::nullopt;
  if (!head) {
    print_address(c, c.value());
    return;
  }
  c.print("{{handle_bytes={}", head->bytes);
  print_handle_contents(c, head->type, head->bytes);
  c.put("}");
}

void print_fanotify_class_arg(ArgContext& c) {
  print_choice(c, c.as_uint() & kFanotifyClassMask, kFanotifyClasses, "FAN_CLASS_???");
  if (const std::uint32_t bits = c.as_uint() & ~kFanotifyClassMask) {
    c.put("|");
    print_flags(c, bits, kFanotifyInitBits, "FAN_???");
  }
}

void print_fanotify_dirfd_arg(ArgContext& c) {
  if (c.as_int() == FAN_NOFD) {
    print_constant(c, c.value(), "FAN_NOFD", Digits::decimal);
  } else {
    print_dirfd(c, c.value());
  }
}

void print_fsconfig_key_arg(ArgContext& c) {
  if (fsconfig_command(c) <= kSetFd) {
    print_string_at(c, c.value(), kMostParameter);
  } else {
    print_address(c, c.value());
  }
}

namespace {

/// The kernel refuses a longer one unread.
void print_binary_parameter(ArgContext& c) {
  constexpr std::int32_t kMost = 1 << 20;
  const auto size = static_cast<std::int32_t>(c.arg(4));
  if (size < 0 || size > kMost) {
    print_address(c, c.value());
  } else {
    print_hex_buffer_at(c, c.value(), static_cast<std::uint64_t>(size));
  }
}

}  // namespace

void print_fsconfig_value_arg(ArgContext& c) {
  switch (fsconfig_command(c)) {
    case kSetString: print_string_at(c, c.value(), kMostParameter); break;
    case kSetBinary: print_binary_parameter(c); break;
    case kSetPath:
    case kSetPathEmpty: print_path_at(c, c.value()); break;
    default: print_address(c, c.value());
  }
}

void print_fsconfig_aux_arg(ArgContext& c) {
  const std::uint32_t command = fsconfig_command(c);
  if (command == kSetPath || command == kSetPathEmpty) {
    print_dirfd(c, c.value());
  } else if (command == kSetFd) {
    print_fd_arg(c);
  } else {
    print_int_arg(c);
  }
}

void print_mount_attributes_arg(ArgContext& c) {
  using Attributes = std::array<std::uint64_t, 4>;  // struct mount_attr
  const std::uint64_t size = c.arg(c.index() + 1);
  if (size < sizeof(Attributes)) {
    print_address(c, c.value());
    return;
  }
  print_object_at<Attributes>(c, c.value(), [&](const Attributes& attributes) {
    c.put("{attr_set=");
    print_flags(c, attributes[0], kMountAttributeBits, "MOUNT_ATTR_???");
    c.put(", attr_clr=");
    print_flags(c, attributes[1], kMountAttributeBits, "MOUNT_ATTR_???");
    c.put(", propagation=");
    print_choice(c, attributes[2], kPropagations, "MS_???");
    c.put(", userns_fd=");
    if ((attributes[0] & MOUNT_ATTR_IDMAP) != 0) {
      print_fd(c, static_cast<std::int32_t>(attributes[3]));
    } else {
      c.print("{}", attributes[3]);
    }
    print_rest_of_struct(c, c.value(), sizeof attributes, size);
    c.put("}");
  });
}

}  // namespace vdsotrace
