// Files, directories, mounts, extended attributes.
#include <array>
#include <cstdio>

#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fanotify.h>
#include <linux/mount.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "model/syscalls/files/kinds.hpp"
#include "model/syscalls/tables.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr std::array kCloseRangeValues{NAMED(CLOSE_RANGE_UNSHARE), NAMED(CLOSE_RANGE_CLOEXEC)};
constexpr NameTable kCloseRangeNames{kCloseRangeValues, "CLOSE_RANGE_???"};

constexpr std::array kMemfdSecretValues{NAMED(O_CLOEXEC)};
constexpr NameTable kMemfdSecretNames{kMemfdSecretValues, ""};

constexpr std::array kFlockValues{
    NAMED(LOCK_SH), NAMED(LOCK_EX), NAMED(LOCK_NB), NAMED(LOCK_UN), NAMED(LOCK_MAND),
    NAMED(LOCK_RW), NAMED(LOCK_READ), NAMED(LOCK_WRITE)};
constexpr NameTable kFlockNames{kFlockValues, "LOCK_???"};

constexpr std::array kRwfValues{
    NamedValue{0x1, "RWF_HIPRI"}, NamedValue{0x2, "RWF_DSYNC"}, NamedValue{0x4, "RWF_SYNC"},
    NamedValue{0x8, "RWF_NOWAIT"}, NamedValue{0x10, "RWF_APPEND"}};
constexpr NameTable kRwfNames{kRwfValues, "RWF_???"};

constexpr std::array kWhenceValues{
    NAMED(SEEK_SET), NAMED(SEEK_CUR), NAMED(SEEK_END), NAMED(SEEK_DATA), NAMED(SEEK_HOLE)};
constexpr NameTable kWhenceNames{kWhenceValues, "SEEK_???"};

constexpr std::array kSpliceValues{
    NAMED(SPLICE_F_MOVE), NAMED(SPLICE_F_NONBLOCK), NAMED(SPLICE_F_MORE), NAMED(SPLICE_F_GIFT)};
constexpr NameTable kSpliceNames{kSpliceValues, "SPLICE_F_???"};

constexpr std::array kFallocateValues{
    NAMED(FALLOC_FL_KEEP_SIZE), NAMED(FALLOC_FL_PUNCH_HOLE), NAMED(FALLOC_FL_NO_HIDE_STALE),
    NAMED(FALLOC_FL_COLLAPSE_RANGE), NAMED(FALLOC_FL_ZERO_RANGE), NAMED(FALLOC_FL_INSERT_RANGE),
    NAMED(FALLOC_FL_UNSHARE_RANGE)};
constexpr NameTable kFallocateNames{kFallocateValues, "FALLOC_FL_???"};

constexpr std::array kFadviseValues{
    NAMED(POSIX_FADV_NORMAL), NAMED(POSIX_FADV_RANDOM), NAMED(POSIX_FADV_SEQUENTIAL),
    NAMED(POSIX_FADV_WILLNEED), NAMED(POSIX_FADV_DONTNEED), NAMED(POSIX_FADV_NOREUSE)};
constexpr NameTable kFadviseNames{kFadviseValues, "POSIX_FADV_???"};

constexpr std::array kSyncRangeValues{
    NAMED(SYNC_FILE_RANGE_WAIT_BEFORE), NAMED(SYNC_FILE_RANGE_WRITE),
    NAMED(SYNC_FILE_RANGE_WAIT_AFTER)};
constexpr NameTable kSyncRangeNames{kSyncRangeValues, "SYNC_FILE_RANGE_???"};

constexpr std::array kAccessValues{NAMED(F_OK), NAMED(R_OK), NAMED(W_OK), NAMED(X_OK)};
constexpr NameTable kAccessNames{kAccessValues, "?_OK"};

constexpr std::array kFaccessatValues{
    NAMED(AT_SYMLINK_NOFOLLOW), NAMED(AT_EACCESS), NAMED(AT_EMPTY_PATH)};
constexpr NameTable kFaccessatNames{kFaccessatValues, "AT_???"};

constexpr std::array kRenameValues{
    NAMED(RENAME_NOREPLACE), NAMED(RENAME_EXCHANGE), NAMED(RENAME_WHITEOUT)};
constexpr NameTable kRenameNames{kRenameValues, "RENAME_???"};

constexpr std::array kXattrValues{NAMED(XATTR_CREATE), NAMED(XATTR_REPLACE)};
constexpr NameTable kXattrNames{kXattrValues, "XATTR_???"};

constexpr std::array kUmountValues{
    NamedValue{1, "MNT_FORCE"}, NamedValue{2, "MNT_DETACH"}, NamedValue{4, "MNT_EXPIRE"},
    NamedValue{8, "UMOUNT_NOFOLLOW"}};
constexpr NameTable kUmountNames{kUmountValues, "MNT_???"};

constexpr std::array kFsopenValues{NAMED(FSOPEN_CLOEXEC)};
constexpr NameTable kFsopenNames{kFsopenValues, "FSOPEN_???"};

constexpr std::array kFspickValues{
    NAMED(FSPICK_CLOEXEC), NAMED(FSPICK_SYMLINK_NOFOLLOW), NAMED(FSPICK_NO_AUTOMOUNT),
    NAMED(FSPICK_EMPTY_PATH)};
constexpr NameTable kFspickNames{kFspickValues, "FSPICK_???"};

constexpr std::array kFsconfigValues{
    NAMED(FSCONFIG_SET_FLAG), NAMED(FSCONFIG_SET_STRING), NAMED(FSCONFIG_SET_BINARY),
    NAMED(FSCONFIG_SET_PATH), NAMED(FSCONFIG_SET_PATH_EMPTY), NAMED(FSCONFIG_SET_FD),
    NAMED(FSCONFIG_CMD_CREATE), NAMED(FSCONFIG_CMD_RECONFIGURE)};
constexpr NameTable kFsconfigNames{kFsconfigValues, "FSCONFIG_???"};

constexpr std::array kFsmountValues{NAMED(FSMOUNT_CLOEXEC)};
constexpr NameTable kFsmountNames{kFsmountValues, "FSMOUNT_???"};

constexpr std::array kMountAttributeValues{
    NAMED(MOUNT_ATTR_RDONLY), NAMED(MOUNT_ATTR_NOSUID), NAMED(MOUNT_ATTR_NODEV),
    NAMED(MOUNT_ATTR_NOEXEC), NAMED(MOUNT_ATTR_NOATIME), NAMED(MOUNT_ATTR_STRICTATIME),
    NAMED(MOUNT_ATTR_NODIRATIME)};
constexpr NameTable kMountAttributeNames{kMountAttributeValues, "MOUNT_ATTR_???"};

constexpr std::array kOpenTreeValues{
    NAMED(OPEN_TREE_CLONE), NAMED(OPEN_TREE_CLOEXEC), NAMED(AT_SYMLINK_NOFOLLOW),
    NAMED(AT_REMOVEDIR), NAMED(AT_SYMLINK_FOLLOW), NAMED(AT_NO_AUTOMOUNT), NAMED(AT_EMPTY_PATH),
    NAMED(AT_RECURSIVE)};
constexpr NameTable kOpenTreeNames{kOpenTreeValues, "OPEN_TREE_???"};

constexpr std::array kMoveMountValues{
    NAMED(MOVE_MOUNT_F_SYMLINKS), NAMED(MOVE_MOUNT_F_AUTOMOUNTS), NAMED(MOVE_MOUNT_F_EMPTY_PATH),
    NAMED(MOVE_MOUNT_T_SYMLINKS), NAMED(MOVE_MOUNT_T_AUTOMOUNTS), NAMED(MOVE_MOUNT_T_EMPTY_PATH),
    NAMED(MOVE_MOUNT_SET_GROUP)};
constexpr NameTable kMoveMountNames{kMoveMountValues, "MOVE_MOUNT_???"};

constexpr std::array kInotifyInitValues{NAMED(IN_NONBLOCK), NAMED(IN_CLOEXEC)};
constexpr NameTable kInotifyInitNames{kInotifyInitValues, "IN_???"};

constexpr std::array kInotifyValues{
    NAMED(IN_ACCESS), NAMED(IN_MODIFY), NAMED(IN_ATTRIB), NAMED(IN_CLOSE_WRITE),
    NAMED(IN_CLOSE_NOWRITE), NAMED(IN_OPEN), NAMED(IN_MOVED_FROM), NAMED(IN_MOVED_TO),
    NAMED(IN_CREATE), NAMED(IN_DELETE), NAMED(IN_DELETE_SELF), NAMED(IN_MOVE_SELF),
    NAMED(IN_UNMOUNT), NAMED(IN_Q_OVERFLOW), NAMED(IN_IGNORED), NAMED(IN_ONLYDIR),
    NAMED(IN_DONT_FOLLOW), NAMED(IN_EXCL_UNLINK), NamedValue{0x10000000, "IN_MASK_CREATE"},
    NAMED(IN_MASK_ADD), NAMED(IN_ISDIR), NAMED(IN_ONESHOT)};
constexpr NameTable kInotifyNames{kInotifyValues, "IN_???"};

constexpr std::array kFanotifyMarkValues{
    NAMED(FAN_MARK_ADD), NAMED(FAN_MARK_REMOVE), NAMED(FAN_MARK_DONT_FOLLOW),
    NAMED(FAN_MARK_ONLYDIR), NAMED(FAN_MARK_MOUNT), NAMED(FAN_MARK_IGNORED_MASK),
    NAMED(FAN_MARK_IGNORED_SURV_MODIFY), NAMED(FAN_MARK_FLUSH), NAMED(FAN_MARK_FILESYSTEM),
    NAMED(FAN_MARK_EVICTABLE), NamedValue{0x400, "FAN_MARK_IGNORE"}};
constexpr NameTable kFanotifyMarkNames{kFanotifyMarkValues, "FAN_MARK_???"};

constexpr std::array kFanotifyEventValues{
    NAMED(FAN_ACCESS), NAMED(FAN_MODIFY), NAMED(FAN_ATTRIB), NAMED(FAN_CLOSE_WRITE),
    NAMED(FAN_CLOSE_NOWRITE), NAMED(FAN_OPEN), NAMED(FAN_MOVED_FROM), NAMED(FAN_MOVED_TO),
    NAMED(FAN_CREATE), NAMED(FAN_DELETE), NAMED(FAN_DELETE_SELF), NAMED(FAN_MOVE_SELF),
    NAMED(FAN_OPEN_EXEC), NAMED(FAN_Q_OVERFLOW), NAMED(FAN_FS_ERROR), NAMED(FAN_OPEN_PERM),
    NAMED(FAN_ACCESS_PERM), NAMED(FAN_OPEN_EXEC_PERM), NamedValue{0x80000, "FAN_DIR_MODIFY"},
    NAMED(FAN_ONDIR), NAMED(FAN_EVENT_ON_CHILD), NAMED(FAN_RENAME)};
constexpr NameTable kFanotifyEventNames{kFanotifyEventValues, "FAN_???"};

constexpr std::array kHandleValues{NAMED(AT_SYMLINK_FOLLOW), NAMED(AT_EMPTY_PATH)};
constexpr NameTable kHandleNames{kHandleValues, "AT_???"};

constexpr std::array kMountSetattrValues{
    NAMED(AT_SYMLINK_NOFOLLOW), NAMED(AT_NO_AUTOMOUNT), NAMED(AT_EMPTY_PATH), NAMED(AT_RECURSIVE)};
constexpr NameTable kMountSetattrNames{kMountSetattrValues, "AT_???"};

/// _llseek's: the high half comes first.
void print_seek_offset(ArgContext& c) {
  c.print("{}", static_cast<std::int64_t>(c.value() << 32 | static_cast<std::uint32_t>(c.arg(c.index() + 1))));
}

void print_seek_result(ArgContext& c) {
  const auto position = c.failed() ? std::nullopt : c.memory().object<std::int64_t>(c.value());
  if (position) {
    c.print("[{}]", *position);
  } else {
    print_address(c, c.value());
  }
}

constexpr ArgKind kSeekOffset{print_seek_offset};
constexpr ArgKind kSeekResult{print_seek_result, When::exit};

constexpr CallSpec kCalls[] = {
    // Opening and closing.
    {"open", 3, kDesc | kFile, {&kPath, &kOpenFlags, &kOpenMode}, result_fd},
    {"openat", 4, kDesc | kFile, {&kDirFd, &kPath, &kOpenFlags, &kOpenMode}, result_fd},
    {"openat2", 4, kDesc | kFile, {&kDirFd, &kPath, &kOpenHow, &kSize}, result_fd},
    {"creat", 2, kDesc | kFile, {&kPath, &kMode}, result_fd},
    {"close", 1, kDesc, {&kFd}},
    {"close_range", 3, kDesc, {&kUnsigned, &kUnsigned, &kFlags<kCloseRangeNames>}},
    {"dup", 1, kDesc, {&kFd}, result_fd},
    {"dup2", 2, kDesc, {&kFd, &kFd}, result_fd},
    {"dup3", 3, kDesc, {&kFd, &kFd, &kFlags<kOpenBitNames>}, result_fd},
    {"pipe", 1, kDesc, {&kFdPairOut}},
    {"pipe2", 2, kDesc, {&kFdPairOut, &kFlags<kOpenBitNames>}},
    {"memfd_create", 2, kDesc, {&kMemfdName, &kMemfdFlags}, result_fd},
    {"memfd_secret", 1, kDesc, {&kFlags<kMemfdSecretNames>}, result_fd},
    {"name_to_handle_at", 5, kDesc | kFile, {&kDirFd, &kPath, &kFileHandleOut, &kIntAtOut,
      &kFlags<kHandleNames>}},
    {"open_by_handle_at", 3, kDesc, {&kFd, &kFileHandle, &kOpenFlags}, result_fd},
    {"fcntl", 3, kDesc, {&kFd, &kFcntlCommand, &kFcntlValue}, result_fcntl},
    {"fcntl64", 3, kDesc, {&kFd, &kFcntlCommand, &kFcntlValue}, result_fcntl},
    {"flock", 2, kDesc, {&kFd, &kFlags<kFlockNames>}},
    // Reading and writing.
    {"read", 3, kDesc, {&kFd, &kBufferOut, &kSize}},
    {"write", 3, kDesc, {&kFd, &kBuffer, &kSize}},
    {"pread64", 4, kDesc, {&kFd, &kBufferOut, &kSize, &kWideOffset}},
    {"pwrite64", 4, kDesc, {&kFd, &kBuffer, &kSize, &kWideOffset}},
    {"readv", 3, kDesc, {&kFd, &kIovecOut, &kUnsignedLong}},
    {"writev", 3, kDesc, {&kFd, &kIovec, &kUnsignedLong}},
    {"preadv", 4, kDesc, {&kFd, &kIovecOut, &kUnsignedLong, &kWideOffset}},
    {"pwritev", 4, kDesc, {&kFd, &kIovec, &kUnsignedLong, &kWideOffset}},
    {"preadv2", 6, kDesc, {&kFd, &kIovecOut, &kUnsignedLong, &kWideOffset, &kOmitted,
      &kFlags<kRwfNames>}},
    {"pwritev2", 6, kDesc, {&kFd, &kIovec, &kUnsignedLong, &kWideOffset, &kOmitted,
      &kFlags<kRwfNames>}},
    {"lseek", 3, kDesc, {&kFd, &kOffset, &kChoice<kWhenceNames>}},
    {"_llseek", 5, kDesc, {&kFd, &kSeekOffset, &kOmitted, &kSeekResult, &kChoice<kWhenceNames>}},
    {"sendfile", 4, kDesc | kNetwork, {&kFd, &kFd, &kMovingOffset, &kSize}},
    {"sendfile64", 4, kDesc | kNetwork, {&kFd, &kFd, &kMovingOffset, &kSize}},
    {"copy_file_range", 6, kDesc, {&kFd, &kOffsetAt, &kFd, &kOffsetAt, &kSize, &kHex32}},
    {"splice", 6, kDesc, {&kFd, &kOffsetAt, &kFd, &kOffsetAt, &kSize, &kFlags<kSpliceNames>}},
    {"tee", 4, kDesc, {&kFd, &kFd, &kSize, &kFlags<kSpliceNames>}},
    {"vmsplice", 4, kDesc, {&kFd, &kIovec, &kUnsignedLong, &kFlags<kSpliceNames>}},
    {"readahead", 3, kDesc, {&kFd, &kOffset, &kSize}},
    {"truncate", 2, kFile, {&kPath, &kUnsignedLong}},
    {"truncate64", 3, kFile, {&kPath, &kWideOffset, &kOmitted}},
    {"ftruncate", 2, kDesc, {&kFd, &kUnsignedLong}},
    {"ftruncate64", 3, kDesc, {&kFd, &kWideOffset, &kOmitted}},
    {"fallocate", 4, kDesc, {&kFd, &kFlags<kFallocateNames>, &kOffset, &kOffset}},
    {"fadvise64", 4, kDesc, {&kFd, &kOffset, &kUnsignedLong, &kChoice<kFadviseNames>}},
    {"fadvise64_64", 6, kDesc, {&kFd, &kUnsigned, &kUnsigned, &kUnsigned, &kUnsigned,
      &kChoice<kFadviseNames>}},
    {"sync", 0, 0, {}},
    {"syncfs", 1, kDesc, {&kFd}},
    {"fsync", 1, kDesc, {&kFd}},
    {"fdatasync", 1, kDesc, {&kFd}},
    {"sync_file_range", 4, kDesc, {&kFd, &kOffset, &kOffset, &kFlags<kSyncRangeNames>}},
    // What is known of a file.
    {"stat", 2, kFile | kStat | kStatLike, {&kPath, &kStatOut}},
    {"lstat", 2, kFile | kLstat | kStatLike, {&kPath, &kStatOut}},
    {"fstat", 2, kDesc | kFstat | kStatLike, {&kFd, &kStatOut}},
    {"newfstatat", 4, kDesc | kFile | kFstat | kStatLike, {&kDirFd, &kPath, &kStatOut,
      &kFlags<kAtNames>}},
    {"stat64", 2, kFile | kStat | kStatLike, {&kPath, &kStatOut}},
    {"lstat64", 2, kFile | kLstat | kStatLike, {&kPath, &kStatOut}},
    {"fstat64", 2, kDesc | kFstat | kStatLike, {&kFd, &kStatOut}},
    {"fstatat64", 4, kDesc | kFile | kFstat | kStatLike, {&kDirFd, &kPath, &kStatOut,
      &kFlags<kAtNames>}},
    {"oldstat", 2, kFile | kStat | kStatLike, {&kPath, &kPointerOut}},
    {"oldlstat", 2, kFile | kLstat | kStatLike, {&kPath, &kPointerOut}},
    {"oldfstat", 2, kDesc | kFstat | kStatLike, {&kFd, &kPointerOut}},
    {"statx", 5, kDesc | kFile | kFstat | kStatLike, {&kDirFd, &kPath, &kStatxFlags,
      &kFlags<kStatxNames>, &kStatxOut}},
    {"statfs", 2, kFile | kStatfs | kStatfsLike, {&kPath, &kStatfsOut}},
    {"fstatfs", 2, kDesc | kFstatfs | kStatfsLike, {&kFd, &kStatfsOut}},
    {"statfs64", 3, kFile | kStatfs | kStatfsLike, {&kPath, &kSize, &kPointerOut}},
    {"fstatfs64", 3, kDesc | kFstatfs | kStatfsLike, {&kFd, &kSize, &kPointerOut}},
    {"ustat", 2, kStatfsLike, {&kDevice, &kPointerOut}},
    {"access", 2, kFile, {&kPath, &kFlags<kAccessNames>}},
    {"faccessat", 3, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kAccessNames>}},
    {"faccessat2", 4, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kAccessNames>,
      &kFlags<kFaccessatNames>}},
    {"chmod", 2, kFile, {&kPath, &kMode}},
    {"fchmod", 2, kDesc, {&kFd, &kMode}},
    {"fchmodat", 3, kDesc | kFile, {&kDirFd, &kPath, &kMode}},
    {"fchmodat2", 4, kDesc | kFile, {&kDirFd, &kPath, &kMode, &kFlags<kAtNames>}, nullptr, nullptr,
      452},
    {"chown", 3, kFile, {&kPath, &kId, &kId}},
    {"lchown", 3, kFile, {&kPath, &kId, &kId}},
    {"fchown", 3, kDesc, {&kFd, &kId, &kId}},
    {"chown32", 3, kFile, {&kPath, &kId, &kId}},
    {"lchown32", 3, kFile, {&kPath, &kId, &kId}},
    {"fchown32", 3, kDesc, {&kFd, &kId, &kId}},
    {"fchownat", 5, kDesc | kFile, {&kDirFd, &kPath, &kId, &kId, &kFlags<kAtNames>}},
    {"utime", 2, kFile, {&kPath, &kUtimbuf}},
    {"utimes", 2, kFile, {&kPath, &kTimesUs}},
    {"futimesat", 3, kDesc | kFile, {&kDirFd, &kPath, &kTimesUs}},
    {"utimensat", 4, kDesc | kFile, {&kDirFd, &kPath, &kTimesNs, &kFlags<kAtNames>}},
    {"utimensat_time64", 4, kDesc | kFile, {&kDirFd, &kPath, &kTimesNs, &kFlags<kAtNames>}},
    {"umask", 1, 0, {&kMode}, result_octal},
    // Directories and links.
    {"getdents", 3, kDesc, {&kFd, &kOldDirentsOut, &kUnsigned}},
    {"getdents64", 3, kDesc, {&kFd, &kDirentsOut, &kUnsigned}},
    {"readdir", 3, kDesc, {&kFd, &kPointerOut, &kUnsigned}},
    {"getcwd", 2, kFile, {&kPathOut, &kUnsignedLong}},
    {"chdir", 1, kFile, {&kPath}},
    {"fchdir", 1, kDesc, {&kFd}},
    {"chroot", 1, kFile, {&kPath}},
    {"mkdir", 2, kFile, {&kPath, &kMode}},
    {"mkdirat", 3, kDesc | kFile, {&kDirFd, &kPath, &kMode}},
    {"rmdir", 1, kFile, {&kPath}},
    {"mknod", 3, kFile, {&kPath, &kMknodMode, &kMknodDevice}},
    {"mknodat", 4, kDesc | kFile, {&kDirFd, &kPath, &kMknodMode, &kMknodDevice}},
    {"link", 2, kFile, {&kPath, &kPath}},
    {"linkat", 5, kDesc | kFile, {&kDirFd, &kPath, &kDirFd, &kPath, &kFlags<kAtNames>}},
    {"symlink", 2, kFile, {&kPath, &kPath}},
    {"symlinkat", 3, kDesc | kFile, {&kPath, &kDirFd, &kPath}},
    {"readlink", 3, kFile, {&kPath, &kPathByResult, &kSize}},
    {"readlinkat", 4, kDesc | kFile, {&kDirFd, &kPath, &kPathByResult, &kSize}},
    {"unlink", 1, kFile, {&kPath}},
    {"unlinkat", 3, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kAtNames>}},
    {"rename", 2, kFile, {&kPath, &kPath}},
    {"renameat", 4, kDesc | kFile, {&kDirFd, &kPath, &kDirFd, &kPath}},
    {"renameat2", 5, kDesc | kFile, {&kDirFd, &kPath, &kDirFd, &kPath, &kFlags<kRenameNames>}},
    // Extended attributes.
    {"setxattr", 5, kFile, {&kPath, &kString, &kAttributeValue, &kSize, &kFlags<kXattrNames>}},
    {"lsetxattr", 5, kFile, {&kPath, &kString, &kAttributeValue, &kSize, &kFlags<kXattrNames>}},
    {"fsetxattr", 5, kDesc, {&kFd, &kString, &kAttributeValue, &kSize, &kFlags<kXattrNames>}},
    {"setxattrat", 6, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kAtNames>, &kString, &kPointer,
      &kSize}, nullptr, nullptr, 463},
    {"getxattr", 4, kFile, {&kPath, &kString, &kAttributeOut, &kSize}},
    {"lgetxattr", 4, kFile, {&kPath, &kString, &kAttributeOut, &kSize}},
    {"fgetxattr", 4, kDesc, {&kFd, &kString, &kAttributeOut, &kSize}},
    {"getxattrat", 6, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kAtNames>, &kString, &kPointer,
      &kSize}, nullptr, nullptr, 464},
    {"listxattr", 3, kFile, {&kPath, &kAttributeNamesOut, &kSize}},
    {"llistxattr", 3, kFile, {&kPath, &kAttributeNamesOut, &kSize}},
    {"flistxattr", 3, kDesc, {&kFd, &kAttributeNamesOut, &kSize}},
    {"listxattrat", 5, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kAtNames>, &kAttributeNamesOut,
      &kSize}, nullptr, nullptr, 465},
    {"removexattr", 2, kFile, {&kPath, &kString}},
    {"lremovexattr", 2, kFile, {&kPath, &kString}},
    {"fremovexattr", 2, kDesc, {&kFd, &kString}},
    {"removexattrat", 4, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kAtNames>, &kString}, nullptr,
      nullptr, 466},
    {"file_getattr", 5, kDesc | kFile, {&kDirFd, &kPath, &kPointerOut, &kSize, &kFlags<kAtNames>},
      nullptr, nullptr, 468},
    {"file_setattr", 5, kDesc | kFile, {&kDirFd, &kPath, &kPointer, &kSize, &kFlags<kAtNames>},
      nullptr, nullptr, 469},
    // Mounts, swap, accounting.
    {"mount", 5, kFile, {&kPath, &kPath, &kMountType, &kMountFlags, &kMountData}},
    {"umount", 1, kFile, {&kPath}},
    {"umount2", 2, kFile, {&kPath, &kFlags<kUmountNames>}},
    {"pivot_root", 2, kFile, {&kPath, &kPath}},
    {"fsopen", 2, kDesc, {&kString, &kFlags<kFsopenNames>}, result_fd},
    {"fspick", 3, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kFspickNames>}, result_fd},
    {"fsconfig", 5, kDesc | kFile, {&kFd, &kChoice<kFsconfigNames>, &kFsconfigKey, &kFsconfigValue,
      &kFsconfigAux}},
    {"fsmount", 3, kDesc, {&kFd, &kFlags<kFsmountNames>, &kFlags<kMountAttributeNames>}, result_fd},
    {"open_tree", 3, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kOpenTreeNames>}, result_fd},
    {"open_tree_attr", 5, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kOpenTreeNames>,
      &kMountAttributes, &kSize}, nullptr, nullptr, 467},
    {"move_mount", 5, kDesc | kFile, {&kDirFd, &kPath, &kDirFd, &kPath, &kFlags<kMoveMountNames>}},
    {"mount_setattr", 5, kDesc | kFile, {&kDirFd, &kPath, &kFlags<kMountSetattrNames>, &kMountAttributes,
      &kSize}},
    {"statmount", 4, 0, {&kPointer, &kPointerOut, &kSize, &kHex32}, nullptr, nullptr, 457},
    {"listmount", 4, 0, {&kPointer, &kPointerOut, &kSize, &kHex32}, nullptr, nullptr, 458},
    {"swapon", 2, kFile, {&kPath, &kSwapFlags}},
    {"swapoff", 1, kFile, {&kPath}},
    {"acct", 1, kFile, {&kPath}},
    {"uselib", 1, kFile, {&kPath}},
    {"sysfs", 3, 0, {&kHex, &kHex, &kHex}},
    {"cachestat", 4, kDesc, {&kFd, &kPointer, &kPointerOut, &kHex32}, nullptr, nullptr, 451},
    // Watching files.
    {"inotify_init", 0, kDesc, {}, result_fd},
    {"inotify_init1", 1, kDesc, {&kFlags<kInotifyInitNames>}, result_fd},
    {"inotify_add_watch", 3, kDesc | kFile, {&kFd, &kPath, &kFlags<kInotifyNames>}},
    {"inotify_rm_watch", 2, kDesc, {&kFd, &kInt}},
    {"fanotify_init", 2, kDesc, {&kFanotifyClass, &kOpenFlags}, result_fd},
    {"fanotify_mark", 5, kDesc | kFile, {&kFd, &kFlags<kFanotifyMarkNames>,
      &kLongFlags<kFanotifyEventNames>, &kFanotifyDirFd, &kPath}},
};

}  // namespace

std::span<const CallSpec> file_calls() { return kCalls; }

}  // namespace vdsotrace
