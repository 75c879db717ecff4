// Kinds of arguments of calls on files: flags of open, what stat and statfs fill in, locks.
#pragma once

#include <array>

#include <fcntl.h>
#include <sys/stat.h>

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

/// The flags of open() behind its access mode. Names as in the kernel's fcntl.h.
inline constexpr std::array kOpenBits{NAMED(O_CREAT),
                                      NAMED(O_EXCL),
                                      NAMED(O_NOCTTY),
                                      NAMED(O_TRUNC),
                                      NAMED(O_APPEND),
                                      NAMED(O_NONBLOCK),
                                      NAMED(O_SYNC),
                                      NAMED(O_DSYNC),
                                      NAMED(O_DIRECT),
                                      NamedValue{0100000, "O_LARGEFILE"},
                                      NAMED(O_NOFOLLOW),
                                      NAMED(O_NOATIME),
                                      NAMED(O_CLOEXEC),
                                      NAMED(O_PATH),
                                      NAMED(O_TMPFILE),
                                      NAMED(O_DIRECTORY),
                                      NamedValue{020000, "FASYNC"},
                                      NamedValue{04000000, "__O_SYNC"},
                                      NamedValue{020000000, "__O_TMPFILE"}};
inline constexpr NameTable kOpenBitNames{kOpenBits, "O_???"};

/// Flags of the ...at() calls.
inline constexpr std::array kAtBits{NAMED(AT_SYMLINK_NOFOLLOW), NAMED(AT_REMOVEDIR),  NAMED(AT_SYMLINK_FOLLOW),
                                    NAMED(AT_NO_AUTOMOUNT),     NAMED(AT_EMPTY_PATH), NAMED(AT_RECURSIVE)};
inline constexpr NameTable kAtNames{kAtBits, "AT_???"};

/// What statx() asks for and answers.
inline constexpr std::array kStatxBits{
    NAMED(STATX_ALL),    NAMED(STATX_BASIC_STATS), NAMED(STATX_TYPE),   NAMED(STATX_MODE),
    NAMED(STATX_NLINK),  NAMED(STATX_UID),         NAMED(STATX_GID),    NAMED(STATX_ATIME),
    NAMED(STATX_MTIME),  NAMED(STATX_CTIME),       NAMED(STATX_INO),    NAMED(STATX_SIZE),
    NAMED(STATX_BLOCKS), NAMED(STATX_BTIME),       NAMED(STATX_MNT_ID), NamedValue{0x2000, "STATX_DIOALIGN"}};
inline constexpr NameTable kStatxNames{kStatxBits, "STATX_???"};

/// Access mode and flags: "O_RDWR|O_CLOEXEC".
void print_open_flags(ArgContext& c, std::uint64_t flags);

void print_open_flags_arg(ArgContext& c);
void print_open_mode_arg(ArgContext& c);
void print_open_how_arg(ArgContext& c);
void print_memfd_name_arg(ArgContext& c);
void print_stat_arg(ArgContext& c);
void print_statx_flags_arg(ArgContext& c);
void print_statx_arg(ArgContext& c);
void print_statfs_arg(ArgContext& c);
void print_dirents_arg(ArgContext& c);
void print_old_dirents_arg(ArgContext& c);
void print_mknod_mode_arg(ArgContext& c);
void print_mknod_device_arg(ArgContext& c);
void print_device_arg(ArgContext& c);
void print_moving_offset_arg(ArgContext& c);
void print_utimensat_times_arg(ArgContext& c);
void print_utimes_arg(ArgContext& c);
void print_utimbuf_arg(ArgContext& c);
void print_attribute_value_arg(ArgContext& c);
void print_attribute_out_arg(ArgContext& c);
void print_attribute_names_arg(ArgContext& c);
void print_path_by_result_arg(ArgContext& c);
void print_mount_flags_arg(ArgContext& c);
void print_mount_type_arg(ArgContext& c);
void print_mount_data_arg(ArgContext& c);
void print_swap_flags_arg(ArgContext& c);
void print_file_handle_arg(ArgContext& c);
void print_known_file_handle_arg(ArgContext& c);
void print_fanotify_class_arg(ArgContext& c);
void print_fanotify_dirfd_arg(ArgContext& c);
void print_fsconfig_key_arg(ArgContext& c);
void print_fsconfig_value_arg(ArgContext& c);
void print_fsconfig_aux_arg(ArgContext& c);
void print_mount_attributes_arg(ArgContext& c);
void print_memfd_flags_arg(ArgContext& c);
void print_iovec_arg(ArgContext& c);
void print_iovec_out_arg(ArgContext& c);

inline constexpr ArgKind kOpenFlags{print_open_flags_arg};
inline constexpr ArgKind kOpenMode{print_open_mode_arg};  ///< only with O_CREAT or O_TMPFILE
inline constexpr ArgKind kMemfdName{print_memfd_name_arg};
inline constexpr ArgKind kOpenHow{print_open_how_arg};  ///< size in the next argument
inline constexpr ArgKind kStatOut{print_stat_arg, When::exit};
inline constexpr ArgKind kStatxFlags{print_statx_flags_arg};
inline constexpr ArgKind kStatxOut{print_statx_arg, When::exit};
inline constexpr ArgKind kStatfsOut{print_statfs_arg, When::exit};
inline constexpr ArgKind kDirentsOut{print_dirents_arg, When::exit};
inline constexpr ArgKind kOldDirentsOut{print_old_dirents_arg, When::exit};
inline constexpr ArgKind kMknodMode{print_mknod_mode_arg};
inline constexpr ArgKind kMknodDevice{print_mknod_device_arg};  ///< only for a device's mode before it
inline constexpr ArgKind kDevice{print_device_arg};
inline constexpr ArgKind kOffsetAt{print_word_at_arg};                           ///< [5]
inline constexpr ArgKind kMovingOffset{print_moving_offset_arg, When::amended};  ///< [5] => [15]
inline constexpr ArgKind kTimesNs{print_utimensat_times_arg};
inline constexpr ArgKind kTimesUs{print_utimes_arg};
inline constexpr ArgKind kUtimbuf{print_utimbuf_arg};
inline constexpr ArgKind kAttributeValue{print_attribute_value_arg};
inline constexpr ArgKind kAttributeOut{print_attribute_out_arg, When::exit};
inline constexpr ArgKind kAttributeNamesOut{print_attribute_names_arg, When::exit};
inline constexpr ArgKind kPathByResult{print_path_by_result_arg, When::exit};
inline constexpr ArgKind kMountType{print_mount_type_arg};
inline constexpr ArgKind kMountFlags{print_mount_flags_arg};
inline constexpr ArgKind kMountData{print_mount_data_arg};
inline constexpr ArgKind kSwapFlags{print_swap_flags_arg};
inline constexpr ArgKind kFileHandleOut{print_file_handle_arg, When::exit_and_entry};
inline constexpr ArgKind kFileHandle{print_known_file_handle_arg};
inline constexpr ArgKind kFanotifyClass{print_fanotify_class_arg};
inline constexpr ArgKind kFanotifyDirFd{print_fanotify_dirfd_arg};
inline constexpr ArgKind kFsconfigKey{print_fsconfig_key_arg};
inline constexpr ArgKind kFsconfigValue{print_fsconfig_value_arg};
inline constexpr ArgKind kFsconfigAux{print_fsconfig_aux_arg};
inline constexpr ArgKind kMountAttributes{print_mount_attributes_arg};  ///< size in the next argument
inline constexpr ArgKind kMemfdFlags{print_memfd_flags_arg};
inline constexpr ArgKind kIovec{print_iovec_arg};  ///< count in the next argument
inline constexpr ArgKind kIovecOut{print_iovec_out_arg, When::exit};

// fcntl (kinds_fcntl.cpp)
void print_fcntl_command_arg(ArgContext& c);
void print_fcntl_value_arg(ArgContext& c);
void result_fcntl(ArgContext& c);
inline constexpr ArgKind kFcntlCommand{print_fcntl_command_arg};
inline constexpr ArgKind kFcntlValue{print_fcntl_value_arg, When::either};

}  // namespace vdsotrace
