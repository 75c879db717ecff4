// What the stat and statfs families fill in.
#include <array>

#include <sys/stat.h>
#include <sys/statfs.h>

#include "model/syscalls/files/kinds.hpp"
#include "model/syscalls/time/values.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr std::array kSyncTypes{
    NAMED(AT_STATX_SYNC_AS_STAT), NAMED(AT_STATX_FORCE_SYNC), NAMED(AT_STATX_DONT_SYNC)};

constexpr std::array kStatxAttributes{
    NAMED(STATX_ATTR_COMPRESSED), NAMED(STATX_ATTR_IMMUTABLE), NAMED(STATX_ATTR_APPEND),
    NAMED(STATX_ATTR_NODUMP), NAMED(STATX_ATTR_ENCRYPTED), NAMED(STATX_ATTR_AUTOMOUNT),
    NAMED(STATX_ATTR_MOUNT_ROOT), NAMED(STATX_ATTR_VERITY), NAMED(STATX_ATTR_DAX)};

constexpr std::array kStatfsFlags{
    NamedValue{0x0020, "ST_VALID"}, NamedValue{0x0001, "ST_RDONLY"},
    NamedValue{0x0002, "ST_NOSUID"}, NamedValue{0x0004, "ST_NODEV"},
    NamedValue{0x0008, "ST_NOEXEC"}, NamedValue{0x0010, "ST_SYNCHRONOUS"},
    NamedValue{0x0040, "ST_MANDLOCK"}, NamedValue{0x0400, "ST_NOATIME"},
    NamedValue{0x0800, "ST_NODIRATIME"}, NamedValue{0x1000, "ST_RELATIME"},
    NamedValue{0x2000, "ST_NOSYMFOLLOW"}};

/// include/uapi/linux/magic.h, and file systems that keep theirs to themselves.
constexpr std::array kFileSystems{
    NamedValue{0x2f, "QNX4_SUPER_MAGIC"}, NamedValue{0x187, "AUTOFS_SUPER_MAGIC"},
    NamedValue{0x137f, "MINIX_SUPER_MAGIC"}, NamedValue{0x138f, "MINIX_SUPER_MAGIC2"},
    NamedValue{0x1cd1, "DEVPTS_SUPER_MAGIC"}, NamedValue{0x2468, "MINIX2_SUPER_MAGIC"},
    NamedValue{0x2478, "MINIX2_SUPER_MAGIC2"}, NamedValue{0x3434, "NILFS_SUPER_MAGIC"},
    NamedValue{0x4d44, "MSDOS_SUPER_MAGIC"}, NamedValue{0x4d5a, "MINIX3_SUPER_MAGIC"},
    NamedValue{0x517b, "SMB_SUPER_MAGIC"}, NamedValue{0x564c, "NCP_SUPER_MAGIC"},
    NamedValue{0x6969, "NFS_SUPER_MAGIC"}, NamedValue{0x72b6, "JFFS2_SUPER_MAGIC"},
    NamedValue{0x9660, "ISOFS_SUPER_MAGIC"}, NamedValue{0x9fa0, "PROC_SUPER_MAGIC"},
    NamedValue{0x9fa1, "OPENPROM_SUPER_MAGIC"}, NamedValue{0x9fa2, "USBDEVICE_SUPER_MAGIC"},
    NamedValue{0xadf5, "ADFS_SUPER_MAGIC"}, NamedValue{0xadff, "AFFS_SUPER_MAGIC"},
    NamedValue{0xef53, "EXT2_SUPER_MAGIC"}, NamedValue{0xf15f, "ECRYPTFS_SUPER_MAGIC"},
    NamedValue{0x27e0eb, "CGROUP_SUPER_MAGIC"}, NamedValue{0x414a53, "EFS_SUPER_MAGIC"},
    NamedValue{0xc0ffee, "HOSTFS_SUPER_MAGIC"}, NamedValue{0xc36400, "CEPH_SUPER_MAGIC"},
    NamedValue{0x1021994, "TMPFS_MAGIC"}, NamedValue{0x1021997, "V9FS_MAGIC"},
    NamedValue{0x1161970, "GFS2_MAGIC"}, NamedValue{0x7655821, "RDTGROUP_SUPER_MAGIC"},
    NamedValue{0x9041934, "ANON_INODE_FS_MAGIC"}, NamedValue{0xbad1dea, "FUTEXFS_SUPER_MAGIC"},
    NamedValue{0x11307854, "MTD_INODE_FS_MAGIC"}, NamedValue{0x15013346, "UDF_SUPER_MAGIC"},
    NamedValue{0x2011bab0, "EXFAT_SUPER_MAGIC"}, NamedValue{0x24051905, "UBIFS_SUPER_MAGIC"},
    NamedValue{0x28cd3d45, "CRAMFS_MAGIC"}, NamedValue{0x2fc12fc1, "ZFS_SUPER_MAGIC"},
    NamedValue{0x3153464a, "JFS_SUPER_MAGIC"}, NamedValue{0x42494e4d, "BINFMTFS_MAGIC"},
    NamedValue{0x43415d53, "SMACK_MAGIC"}, NamedValue{0x444d4142, "DMA_BUF_MAGIC"},
    NamedValue{0x453dcd28, "CRAMFS_MAGIC_WEND"}, NamedValue{0x454d444d, "DEVMEM_MAGIC"},
    NamedValue{0x50495045, "PIPEFS_MAGIC"}, NamedValue{0x52654973, "REISERFS_SUPER_MAGIC"},
    NamedValue{0x5345434d, "SECRETMEM_MAGIC"}, NamedValue{0x5346414f, "AFS_SUPER_MAGIC"},
    NamedValue{0x5346544e, "NTFS_SB_MAGIC"}, NamedValue{0x534f434b, "SOCKFS_MAGIC"},
    NamedValue{0x57ac6e9d, "STACK_END_MAGIC"}, NamedValue{0x58465342, "XFS_SUPER_MAGIC"},
    NamedValue{0x5a3c69f0, "AAFS_MAGIC"}, NamedValue{0x5a4f4653, "ZONEFS_MAGIC"},
    NamedValue{0x6165676c, "PSTOREFS_MAGIC"}, NamedValue{0x61756673, "AUFS_SUPER_MAGIC"},
    NamedValue{0x62646576, "BDEVFS_MAGIC"}, NamedValue{0x62656570, "CONFIGFS_MAGIC"},
    NamedValue{0x62656572, "SYSFS_MAGIC"}, NamedValue{0x63677270, "CGROUP2_SUPER_MAGIC"},
    NamedValue{0x64626720, "DEBUGFS_MAGIC"}, NamedValue{0x64646178, "DAXFS_MAGIC"},
    NamedValue{0x65735543, "FUSE_CTL_SUPER_MAGIC"}, NamedValue{0x65735546, "FUSE_SUPER_MAGIC"},
    NamedValue{0x68191122, "QNX6_SUPER_MAGIC"}, NamedValue{0x6b414653, "AFS_FS_MAGIC"},
    NamedValue{0x6c6f6f70, "BINDERFS_SUPER_MAGIC"}, NamedValue{0x6e736673, "NSFS_MAGIC"},
    NamedValue{0x73636673, "SECURITYFS_MAGIC"}, NamedValue{0x73717368, "SQUASHFS_MAGIC"},
    NamedValue{0x73757245, "CODA_SUPER_MAGIC"}, NamedValue{0x7461636f, "OCFS2_SUPER_MAGIC"},
    NamedValue{0x74726163, "TRACEFS_MAGIC"}, NamedValue{0x794c7630, "OVERLAYFS_SUPER_MAGIC"},
    NamedValue{0x858458f6, "RAMFS_MAGIC"}, NamedValue{0x9123683e, "BTRFS_SUPER_MAGIC"},
    NamedValue{0x958458f6, "HUGETLBFS_MAGIC"}, NamedValue{0xabba1974, "XENFS_SUPER_MAGIC"},
    NamedValue{0xcafe4a11, "BPF_FS_MAGIC"}, NamedValue{0xde5e81e4, "EFIVARFS_MAGIC"},
    NamedValue{0xe0f5e1e2, "EROFS_SUPER_MAGIC_V1"}, NamedValue{0xf2f52010, "F2FS_SUPER_MAGIC"},
    NamedValue{0xf97cff8c, "SELINUX_MAGIC"}, NamedValue{0xf995e849, "HPFS_SUPER_MAGIC"},
    NamedValue{0xfe534d42, "SMB2_SUPER_MAGIC"}, NamedValue{0xff534d42, "CIFS_SUPER_MAGIC"}};

}  // namespace

template <>
inline constexpr bool kSameLayout<struct statx> = true;

namespace {

/// i386's struct stat64 (arch/x86/include/uapi/asm/stat.h), as words: its numbers of 64 bits lie at multiples of four.
struct NarrowStat64 {
  std::uint32_t device[2];
  std::uint32_t padding_and_short_inode[2];
  std::uint32_t mode, links, user, group;
  std::uint32_t special[2];
  std::uint32_t padding;
  std::uint32_t size[2];
  std::uint32_t block_size;
  std::uint32_t blocks[2];
  std::uint32_t times[6];
  std::uint32_t inode[2];
};

/// What calls without "64" in their name fill in.
struct NarrowStat {
  std::uint32_t device, inode;
  std::uint16_t mode, links, user, group;
  std::uint32_t special, size, block_size, blocks;
  std::uint32_t times[6];
};

/// Seconds and nanoseconds of access, modification and change.
void place_times(struct stat& st, const std::uint32_t (&times)[6]) {
  st.st_atim = {static_cast<std::int32_t>(times[0]), times[1]};
  st.st_mtim = {static_cast<std::int32_t>(times[2]), times[3]};
  st.st_ctim = {static_cast<std::int32_t>(times[4]), times[5]};
}

struct stat widened(const NarrowStat64& narrow) {
  const auto joined = [](const std::uint32_t (&words)[2]) { return words[0] | std::uint64_t{words[1]} << 32; };
  struct stat st {};
  st.st_dev = joined(narrow.device);
  st.st_ino = joined(narrow.inode);
  st.st_mode = narrow.mode;
  st.st_nlink = narrow.links;
  st.st_uid = narrow.user;
  st.st_gid = narrow.group;
  st.st_rdev = joined(narrow.special);
  st.st_size = static_cast<off_t>(joined(narrow.size));
  st.st_blksize = narrow.block_size;
  st.st_blocks = static_cast<blkcnt_t>(joined(narrow.blocks));
  place_times(st, narrow.times);
  return st;
}

struct stat widened(const NarrowStat& narrow) {
  struct stat st {};
  st.st_dev = narrow.device;
  st.st_ino = narrow.inode;
  st.st_mode = narrow.mode;
  st.st_nlink = narrow.links;
  st.st_uid = narrow.user;
  st.st_gid = narrow.group;
  st.st_rdev = narrow.special;
  st.st_size = narrow.size;
  st.st_blksize = narrow.block_size;
  st.st_blocks = narrow.blocks;
  place_times(st, narrow.times);
  return st;
}

void print_file_time(ArgContext& c, std::string_view name, const timespec& time) {
  const auto fraction = static_cast<std::uint64_t>(time.tv_nsec);
  c.print(", {}={}", name, time.tv_sec);
  print_date_comment(c, time.tv_sec, fraction, 9);
  c.print(", {}_nsec={}", name, fraction);
}

void print_stat(ArgContext& c, const struct stat& st) {
  c.put("{");
  if (!c.abbreviated()) {
    c.put("st_dev=");
    print_device(c, st.st_dev);
    c.print(", st_ino={}, ", st.st_ino);
  }
  c.put("st_mode=");
  print_file_mode(c, st.st_mode);
  if (!c.abbreviated()) {
    c.print(", st_nlink={}, st_uid={}, st_gid={}, st_blksize={}, st_blocks={}", st.st_nlink, st.st_uid, st.st_gid,
            st.st_blksize, st.st_blocks);
  }
  if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
    c.put(", st_rdev=");
    print_device(c, st.st_rdev);
  } else {
    c.print(", st_size={}", st.st_size);
  }
  if (c.abbreviated()) {
    c.put(", ...}");
    return;
  }
  print_file_time(c, "st_atime", st.st_atim);
  print_file_time(c, "st_mtime", st.st_mtim);
  print_file_time(c, "st_ctime", st.st_ctim);
  c.put("}");
}

}  // namespace

template <>
inline constexpr bool kSameLayout<NarrowStat64> = true;
template <>
inline constexpr bool kSameLayout<NarrowStat> = true;
/// Here of x32, whose calls fill in ours.
template <>
inline constexpr bool kSameLayout<struct stat> = true;

void print_stat_arg(ArgContext& c) {
  if (c.call().abi != Abi::i386) {
    print_object_at<struct stat>(c, c.value(), [&](const struct stat& st) { print_stat(c, st); });
  } else if (c.call().name.ends_with("64")) {
    print_object_at<NarrowStat64>(c, c.value(), [&](const NarrowStat64& st) { print_stat(c, widened(st)); });
  } else {
    print_object_at<NarrowStat>(c, c.value(), [&](const NarrowStat& st) { print_stat(c, widened(st)); });
  }
}

void print_statx_flags_arg(ArgContext& c) {
  const std::uint32_t flags = c.as_uint();
  const std::uint32_t rest = flags & ~static_cast<std::uint32_t>(AT_STATX_SYNC_TYPE);
  const std::uint32_t sync = flags & AT_STATX_SYNC_TYPE;
  // As strace: a type that is zero has a name, but no number.
  if (sync != 0 || c.constants() != ConstantStyle::raw) print_flags(c, sync, kSyncTypes, "");
  if (rest != 0) {
    c.put("|");
    print_flags(c, rest, kAtBits, "");
  }
}

namespace {

void print_statx_time(ArgContext& c, std::string_view name, const statx_timestamp& time) {
  c.print(", {}=", name);
  print_timespec(c, {time.tv_sec, time.tv_nsec});
  print_date_comment(c, time.tv_sec, time.tv_nsec, 9);
}

/// What is shown only in full.
void print_rest_of_statx(ArgContext& c, const struct statx& stx) {
  c.print(", stx_blocks={}, stx_attributes_mask=", stx.stx_blocks);
  print_flags(c, stx.stx_attributes_mask, kStatxAttributes, "STATX_ATTR_???");
  if ((stx.stx_mask & STATX_ATIME) != 0) print_statx_time(c, "stx_atime", stx.stx_atime);
  if ((stx.stx_mask & STATX_BTIME) != 0) print_statx_time(c, "stx_btime", stx.stx_btime);
  if ((stx.stx_mask & STATX_CTIME) != 0) print_statx_time(c, "stx_ctime", stx.stx_ctime);
  if ((stx.stx_mask & STATX_MTIME) != 0) print_statx_time(c, "stx_mtime", stx.stx_mtime);
  c.print(", stx_rdev_major={}, stx_rdev_minor={}, stx_dev_major={}, stx_dev_minor={}", stx.stx_rdev_major,
          stx.stx_rdev_minor, stx.stx_dev_major, stx.stx_dev_minor);
  if (stx.stx_mnt_id != 0) c.print(", stx_mnt_id={:#x}", stx.stx_mnt_id);
}

void print_statx(ArgContext& c, const struct statx& stx) {
  c.put("{stx_mask=");
  print_flags(c, stx.stx_mask, kStatxBits, "STATX_???");
  if (!c.abbreviated()) c.print(", stx_blksize={}", stx.stx_blksize);
  c.put(", stx_attributes=");
  print_flags(c, stx.stx_attributes, kStatxAttributes, "STATX_ATTR_???");
  if (!c.abbreviated()) c.print(", stx_nlink={}, stx_uid={}, stx_gid={}", stx.stx_nlink, stx.stx_uid, stx.stx_gid);
  c.put(", stx_mode=");
  print_file_mode(c, stx.stx_mode);
  if (!c.abbreviated()) c.print(", stx_ino={}", stx.stx_ino);
  c.print(", stx_size={}", stx.stx_size);
  if (c.abbreviated()) {
    c.put(", ...");
  } else {
    print_rest_of_statx(c, stx);
  }
  c.put("}");
}

}  // namespace

void print_statx_arg(ArgContext& c) {
  print_object_at<struct statx>(c, c.value(), [&](const struct statx& stx) { print_statx(c, stx); });
}

void print_statfs_arg(ArgContext& c) {
  print_object_at<struct statfs>(c, c.value(), [&](const struct statfs& fs) {
    c.put("{f_type=");
    print_choice(c, static_cast<std::uint64_t>(fs.f_type), kFileSystems, "");
    c.print(", f_bsize={}, f_blocks={}, f_bfree={}, f_bavail={}, f_files={}, f_ffree={}",
            fs.f_bsize, fs.f_blocks, fs.f_bfree, fs.f_bavail, fs.f_files, fs.f_ffree);
    c.put(", f_fsid={val=[");
    print_hex(c, static_cast<std::uint32_t>(fs.f_fsid.__val[0]));
    c.put(", ");
    print_hex(c, static_cast<std::uint32_t>(fs.f_fsid.__val[1]));
    c.print("]}}, f_namelen={}, f_frsize={}, f_flags=", fs.f_namelen, fs.f_frsize);
    print_flags(c, static_cast<std::uint64_t>(fs.f_flags), kStatfsFlags, "ST_???");
    c.put("}");
  });
}

}  // namespace vdsotrace
