// What ioctl requests of files, file systems and block devices take and fill.
#include <array>

#include <linux/fiemap.h>
#include <linux/fs.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/ioctl/kinds.hpp"
#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

// Without padding, whatever a 64-bit number is aligned to.
template <>
inline constexpr bool kSameLayout<fiemap_extent> = true;
template <>
inline constexpr bool kSameLayout<file_dedupe_range_info> = true;

namespace {

constexpr std::array kMapFlags{NAMED(FIEMAP_FLAG_SYNC), NAMED(FIEMAP_FLAG_XATTR), NAMED(FIEMAP_FLAG_CACHE)};
constexpr std::array kExtentFlags{
    NAMED(FIEMAP_EXTENT_LAST),        NAMED(FIEMAP_EXTENT_UNKNOWN),        NAMED(FIEMAP_EXTENT_DELALLOC),
    NAMED(FIEMAP_EXTENT_ENCODED),     NAMED(FIEMAP_EXTENT_DATA_ENCRYPTED), NAMED(FIEMAP_EXTENT_NOT_ALIGNED),
    NAMED(FIEMAP_EXTENT_DATA_INLINE), NAMED(FIEMAP_EXTENT_DATA_TAIL),      NAMED(FIEMAP_EXTENT_UNWRITTEN),
    NAMED(FIEMAP_EXTENT_MERGED),      NAMED(FIEMAP_EXTENT_SHARED)};

constexpr NamedValue kInodeFlags[] = {{1, "FS_SECRM_FL"},
                                      {2, "FS_UNRM_FL"},
                                      {4, "FS_COMPR_FL"},
                                      {8, "FS_SYNC_FL"},
                                      {0x10, "FS_IMMUTABLE_FL"},
                                      {0x20, "FS_APPEND_FL"},
                                      {0x40, "FS_NODUMP_FL"},
                                      {0x80, "FS_NOATIME_FL"},
                                      {0x100, "FS_DIRTY_FL"},
                                      {0x200, "FS_COMPRBLK_FL"},
                                      {0x400, "FS_NOCOMP_FL"},
                                      {0x800, "FS_ENCRYPT_FL"},
                                      {0x1000, "FS_INDEX_FL"},
                                      {0x2000, "FS_IMAGIC_FL"},
                                      {0x4000, "FS_JOURNAL_DATA_FL"},
                                      {0x8000, "FS_NOTAIL_FL"},
                                      {0x10000, "FS_DIRSYNC_FL"},
                                      {0x20000, "FS_TOPDIR_FL"},
                                      {0x40000, "FS_HUGE_FILE_FL"},
                                      {0x80000, "FS_EXTENT_FL"},
                                      {0x100000, "FS_VERITY_FL"},
                                      {0x200000, "FS_EA_INODE_FL"},
                                      {0x400000, "FS_EOFBLOCKS_FL"},
                                      {0x800000, "FS_NOCOW_FL"},
                                      {0x2000000, "FS_DAX_FL"},
                                      {0x10000000, "FS_INLINE_DATA_FL"},
                                      {0x20000000, "FS_PROJINHERIT_FL"},
                                      {0x40000000, "FS_CASEFOLD_FL"},
                                      {0x80000000, "FS_RESERVED_FL"}};

constexpr NamedValue kExtendedFlags[] = {
    {1, "FS_XFLAG_REALTIME"},         {2, "FS_XFLAG_PREALLOC"},        {8, "FS_XFLAG_IMMUTABLE"},
    {0x10, "FS_XFLAG_APPEND"},        {0x20, "FS_XFLAG_SYNC"},         {0x40, "FS_XFLAG_NOATIME"},
    {0x80, "FS_XFLAG_NODUMP"},        {0x100, "FS_XFLAG_RTINHERIT"},   {0x200, "FS_XFLAG_PROJINHERIT"},
    {0x400, "FS_XFLAG_NOSYMLINKS"},   {0x800, "FS_XFLAG_EXTSIZE"},     {0x1000, "FS_XFLAG_EXTSZINHERIT"},
    {0x2000, "FS_XFLAG_NODEFRAG"},    {0x4000, "FS_XFLAG_FILESTREAM"}, {0x8000, "FS_XFLAG_DAX"},
    {0x10000, "FS_XFLAG_COWEXTSIZE"}, {0x80000000, "FS_XFLAG_HASATTR"}};

/// The kernel reads and writes 32 bits, whatever the request's number says.
void print_inode_flags(ArgContext& c) {
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t flags) {
    c.put("[");
    print_flags(c, flags, kInodeFlags, "FS_???_FL");
    c.put("]");
  });
}

void print_inode_flags_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_inode_flags(c);
}

/// `whole`: with the fields that only the file system sets.
void print_attributes(ArgContext& c, bool whole) {
  print_object_at<fsxattr>(c, c.value(), [&](const fsxattr& value) {
    c.put("{fsx_xflags=");
    print_flags(c, value.fsx_xflags, kExtendedFlags, "FS_XFLAG_???");
    c.print(", fsx_extsize={}", value.fsx_extsize);
    if (whole) c.print(", fsx_nextents={}", value.fsx_nextents);
    c.put(", fsx_projid=");
    print_hex(c, value.fsx_projid);
    c.print(", fsx_cowextsize={}}}", value.fsx_cowextsize);
  });
}

void print_attributes_in(ArgContext& c) { print_attributes(c, false); }

void print_attributes_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_attributes(c, true);
}

void print_label(ArgContext& c) { print_string_at(c, c.value()); }

void print_label_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_string_arg(c);
}

void print_clone_range(ArgContext& c) {
  print_object_at<file_clone_range>(c, c.value(), [&](const file_clone_range& range) {
    c.put("{src_fd=");
    print_fd(c, static_cast<std::int32_t>(range.src_fd));
    c.print(", src_offset={}, src_length={}, dest_offset={}}}", range.src_offset, range.src_length, range.dest_offset);
  });
}

/// struct file_dedupe_range without what follows it.
struct Deduplication {
  std::uint64_t offset;
  std::uint64_t length;
  std::uint16_t count;
  std::uint16_t reserved1;
  std::uint32_t reserved2;
};
static_assert(sizeof(Deduplication) == sizeof(file_dedupe_range));

/// One array of what is asked for and of what came of it; briefly, two elements of it.
template <class Body>
void print_duplicates(ArgContext& c, std::uint16_t count, Body&& body) {
  constexpr std::uint64_t kBriefly = 2;
  const std::uint64_t most = c.abbreviated() ? kBriefly : kAnyCount;
  c.put("info=");
  print_array_at<file_dedupe_range_info>(c, c.value() + sizeof(Deduplication), count, body, most);
  c.put("}");
}

void print_deduplication(ArgContext& c) {
  const auto asked = c.value() != 0 ? c.entry_memory().object<Deduplication>(c.value()) : std::nullopt;
  if (!asked) {
    print_address(c, c.value());
    return;
  }
  ArgContext given(c.call(), c.entry_memory(), c.entry_memory(), c.limits(), c.out(), c.source());
  given.set_index(c.index());
  c.print("{{src_offset={}, src_length={}, dest_count={}, ", asked->offset, asked->length, asked->count);
  print_duplicates(given, asked->count, [&](const file_dedupe_range_info& one) {
    c.put("{dest_fd=");
    print_fd(c, static_cast<std::int32_t>(one.dest_fd));
    c.print(", dest_offset={}}}", one.dest_offset);
  });
  if (c.wait_for_exit() || c.failed() || asked->count == 0) return;
  c.put(" => {");
  print_duplicates(c, asked->count, [&](const file_dedupe_range_info& one) {
    c.print("{{bytes_deduped={}, status={}}}", one.bytes_deduped, one.status);
  });
}

void print_range(ArgContext& c) {
  using Range = std::array<std::uint64_t, 2>;
  print_object_at<Range>(c, c.value(), [&](const Range& range) { c.print("[{}, {}]", range[0], range[1]); });
}

void print_trim_range(ArgContext& c) {
  print_object_at<fstrim_range>(c, c.value(), [&](const fstrim_range& range) {
    c.put("{start=");
    print_hex(c, range.start);
    c.print(", len={}, minlen={}}}", range.len, range.minlen);
  });
}

void print_extents(ArgContext& c, std::uint32_t count) {
  print_array_at<fiemap_extent>(c, c.value() + sizeof(fiemap), count, [&](const fiemap_extent& extent) {
    c.print("{{fe_logical={}, fe_physical={}, fe_length={}, fe_flags=", extent.fe_logical, extent.fe_physical,
            extent.fe_length);
    print_flags(c, extent.fe_flags, kExtentFlags, "FIEMAP_EXTENT_???");
    c.put("}");
  });
}

/// struct fiemap without the extents behind it.
struct ExtentMap {
  std::uint64_t start;
  std::uint64_t length;
  std::uint32_t flags;
  std::uint32_t mapped;
  std::uint32_t room;
  std::uint32_t reserved;
};
static_assert(sizeof(ExtentMap) == sizeof(fiemap));

/// What was asked for, and what came of it: "{...} => {...}".
void print_extent_map(ArgContext& c) {
  const auto asked = c.value() != 0 ? c.entry_memory().object<ExtentMap>(c.value()) : std::nullopt;
  if (c.wait_for_exit()) return;
  if (!asked) {
    print_address(c, c.value());
    return;
  }
  c.print("{{fm_start={}, fm_length={}, fm_flags=", asked->start, asked->length);
  print_flags(c, asked->flags, kMapFlags, "FIEMAP_FLAG_???");
  c.print(", fm_extent_count={}}}", asked->room);
  const auto found = c.failed() ? std::nullopt : c.memory().object<ExtentMap>(c.value());
  if (!found) return;
  c.put(" => {fm_flags=");
  print_flags(c, found->flags, kMapFlags, "FIEMAP_FLAG_???");
  c.print(", fm_mapped_extents={}, ", found->mapped);
  if (c.abbreviated()) {
    c.put("...}");
  } else {
    c.put("fm_extents=");
    print_extents(c, found->mapped);
    c.put("}");
  }
}

template <class T>
void print_number_out(ArgContext& c) {
  if (c.wait_for_exit()) return;
  print_object_at<T>(c, c.value(), [&](T number) { c.print("[{}]", number); });
}

constexpr IoctlPrinter kFilePrinters[] = {
    {FS_IOC_GETFLAGS, print_inode_flags_out},
    {FS_IOC_SETFLAGS, print_inode_flags},
    {FS_IOC32_GETFLAGS, print_inode_flags_out},
    {FS_IOC32_SETFLAGS, print_inode_flags},
    {FS_IOC_FSGETXATTR, print_attributes_out},
    {FS_IOC_FSSETXATTR, print_attributes_in},
    {FS_IOC_GETFSLABEL, print_label_out},
    {FS_IOC_SETFSLABEL, print_label},
    {FICLONERANGE, print_clone_range},
    {FIDEDUPERANGE, print_deduplication},
    {FITRIM, print_trim_range},
    {FS_IOC_FIEMAP, print_extent_map},
    {BLKROSET, print_ioctl_int},
    {BLKROGET, print_ioctl_int_out},
    {BLKBSZGET, print_ioctl_int_out},
    {BLKBSZSET, print_ioctl_int},
    {BLKSSZGET, print_ioctl_int_out},
    {BLKPBSZGET, print_ioctl_int_out},
    {BLKIOMIN, print_ioctl_int_out},
    {BLKIOOPT, print_ioctl_int_out},
    {BLKALIGNOFF, print_ioctl_int_out},
    {BLKDISCARDZEROES, print_ioctl_int_out},
    {BLKSECTGET, print_number_out<std::uint16_t>},
    {BLKROTATIONAL, print_number_out<std::uint16_t>},
    {BLKRAGET, print_number_out<std::uint64_t>},
    {BLKFRAGET, print_number_out<std::uint64_t>},
    {BLKGETSIZE, print_number_out<std::uint64_t>},
    {BLKGETSIZE64, print_number_out<std::uint64_t>},
    {BLKDISCARD, print_range},
    {BLKSECDISCARD, print_range},
    {BLKZEROOUT, print_range},
};

}  // namespace

std::span<const IoctlPrinter> file_ioctls() { return kFilePrinters; }

}  // namespace vdsotrace
